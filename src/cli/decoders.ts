/** `wirepact decoders`: what is understood, on which ports it is expected, which fields a model can hold it to. */
import { DECODERS } from "../../decoders/index.ts";
import type { Decoder } from "../decode/decoder.ts";
import { Page } from "../report/page.ts";
import { penFor } from "../report/pen.ts";
import { reportOutput } from "./output.ts";

export async function decoders(options: { format: "text" | "json" }): Promise<number> {
  const output = await reportOutput(undefined);
  if (options.format === "json") {
    const list = DECODERS.map(({ id, title, specs, ports, fields }) => ({ id, title, specs, ports, fields }));
    await output.write([JSON.stringify(list, null, 2) + "\n"]);
    return 0;
  }
  const page = new Page(penFor(output.terminal, process.env));
  page.heading("DECODERS", "the content decides what a flow is, its port only suggests what to try first");
  for (const decoder of DECODERS) printDecoder(page, decoder);
  await output.write([page.toString()]);
  return 0;
}

function printDecoder(page: Page, { id, title, specs, ports, fields }: Decoder): void {
  const { pen } = page;
  const over = [
    ...(ports.tcp ?? []).map((port) => `tcp/${port}`),
    ...(ports.udp ?? []).map((port) => `udp/${port}`),
    ...(ports.sctp ?? []).map((port) => `sctp/${port}`),
    ...(ports.eth ?? []).map((type) => `eth 0x${type.toString(16).padStart(4, "0")}`),
  ];
  page.blank();
  page.hang(
    { text: id, paint: pen.bold },
    [title, specs.join(", "), over.join(", ")].filter((part) => part !== "").join(" · "),
    { column: 16 },
  );
  for (const { field, about } of fields)
    page.hang({ text: field, paint: pen.cyan }, about, { indent: 16, paint: pen.dim });
}
