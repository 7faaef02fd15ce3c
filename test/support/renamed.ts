/** A trial whose own hosts have other addresses: in headers, in what is said of them, and in the bindings alike. */
import type { Frame } from "../../src/capture/frame.ts";
import type { Trial } from "./judged.ts";
import { copyFrame } from "./observe.ts";

/** Networks of the cases' own hosts; the order of addresses stays, and so does their length as text. */
const NETWORKS = [
  ["10.20.0.", "10.21.0."],
  ["10.30.0.", "10.31.0."],
] as const;

/** In bytes, as text, and with the commas of FTP. */
const FORMS = NETWORKS.flatMap(([from, to]) => {
  const bytes = (text: string): Buffer => Buffer.from(text.split(".").slice(0, 3).map(Number));
  const commas = (text: string): Buffer => Buffer.from(text.replaceAll(".", ","));
  return [
    [bytes(from), bytes(to)],
    [Buffer.from(from), Buffer.from(to)],
    [commas(from), commas(to)],
  ] as const;
});

export function renamedText(text: string): string {
  return NETWORKS.reduce((now, [from, to]) => now.replaceAll(from, to), text);
}

export function renamed(trial: Trial): Trial {
  const { bindings: bound } = trial.options;
  const bindings = bound.bindings.map((binding) => ({
    ...binding,
    hosts: binding.hosts.map((host) => ({
      ...host,
      text: renamedText(host.text),
      addresses: host.addresses.map(({ text, family, first, last }) => ({
        ...{ family, text: renamedText(text) },
        ...{ first: renamedHex(first), last: renamedHex(last) },
      })),
    })),
  }));
  return {
    ...trial,
    frames: trial.frames.map(renamedFrame),
    options: { ...trial.options, bindings: { ...bound, bindings } },
  };
}

/** The first two bytes: a whole network is bound in some cases. */
function renamedHex(hex: string): string {
  if (hex.length !== 8) return hex;
  return hex.replace(/^0a14/, "0a15").replace(/^0a1e/, "0a1f");
}

function renamedFrame(frame: Frame): Frame {
  const copy = copyFrame(frame);
  const bytes = Buffer.from(copy.buf.buffer, copy.buf.byteOffset, copy.buf.length);
  for (const [from, to] of FORMS)
    for (let at = bytes.indexOf(from, copy.off); at >= 0; at = bytes.indexOf(from, at + 1)) to.copy(bytes, at);
  return copy;
}
