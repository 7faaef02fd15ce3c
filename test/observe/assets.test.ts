/** Devices by their own words: who said what, asked or by itself, and claims that contradict each other. */
import test from "ava";
import { modbus } from "../../decoders/modbus.ts";
import { collectAssets } from "../../src/observe/assets.ts";
import { Conversations } from "../../src/observe/conversations.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { assetReport } from "../../src/report/assets.ts";
import { penFor } from "../../src/report/pen.ts";
import type { AssetRow, RunResult } from "../../src/report/result.ts";
import { numbered } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { u16 } from "../support/packets.ts";
import { connection } from "../support/talk.ts";

const adu = (pdu: Uint8Array, transaction: number): Uint8Array =>
  concat([u16(transaction), u16(0), u16(pdu.length + 1), hex`01`, pdu]);
const ask = (transaction: number): Uint8Array => adu(hex`2b 0e 01 00`, transaction);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const identity = (transaction: number, vendor: string, code: string): Uint8Array =>
  adu(
    concat([hex`2b 0e 01 01 00 00 02 00 ${vendor.length}`, text(vendor), hex`01 ${code.length}`, text(code)]),
    transaction,
  );

const TALK = numbered([
  ...connection("10.0.0.5:40000", "10.0.0.9:502", 0, [
    [">", ask(1)],
    ["<", identity(1, "Example", "EX-5")],
    [">", ask(2)],
    ["<", identity(2, "Example", "EX-6")],
  ]),
]);
const rows = (): AssetRow[] => collectAssets(new Conversations(observe(TALK)));

test("the answer to a question is about the device that sent it", (t) => {
  t.is(modbus.id, "modbus");
  const [first] = rows();
  t.like(first, {
    address: "10.0.0.9",
    vendor: "Example",
    order_code: "EX-5",
    source: "Modbus 43/14 unit 1",
    how: "asked",
    mac: "00:00:5e:00:53:02",
  });
  t.is(TALK[first!.first_frame - 1]?.number, first!.first_frame);
});

test("behind a router the frame's MAC address is the router's, and inside a tunnel nobody's", (t) => {
  const far = TALK.map((frame) => {
    const routed = Object.assign(Object.create(Object.getPrototypeOf(frame)), frame, { buf: frame.buf.slice() });
    routed.buf[14 + 8] = 63;
    return routed;
  });
  t.is(collectAssets(new Conversations(observe(far)))[0]?.mac, null);
});

test("claims that contradict each other stand side by side", (t) => {
  t.deepEqual(
    rows().map((row) => [row.vendor, row.order_code]),
    [
      ["Example", "EX-5"],
      ["Example", "EX-6"],
    ],
  );
});

test("a row is what one message said, in the frame that it names; who says less of it says nothing new", (t) => {
  const more = adu(concat([hex`2b 0e 02 02 00 00 02 00 07`, text("Example"), hex`04 03`, text("PLC")]), 2);
  const talk = (port: number, at: number, ...answers: Uint8Array[]) =>
    connection(
      `10.0.0.5:${port}`,
      "10.0.0.9:502",
      at,
      answers.flatMap((answer) => [[">", ask(answer[1]!)] as const, ["<", answer] as const]),
    );
  const frames = numbered([
    ...talk(40_000, 0, identity(1, "Example", "EX-5"), more),
    ...talk(40_001, 500, more),
    ...talk(40_002, 900, identity(1, "Example", "EX-5")),
  ]);
  const said = collectAssets(new Conversations(observe(frames)));
  t.deepEqual(
    said.map((row) => [row.vendor, row.order_code, row.product]),
    [
      ["Example", "EX-5", null],
      ["Example", null, "PLC"],
    ],
  );
  const product = frames.find(({ number }) => number === said[1]!.first_frame)!;
  t.true(new TextDecoder("latin1").decode(product.buf).includes("PLC"), "the frame holds the word");
});

test("with several captures each row names its own", (t) => {
  const [row] = rows();
  const captures = [
    { capture_id: 0, path: "a.pcap" },
    { capture_id: 1, path: "b.pcap" },
  ];
  const print = (count: number): string =>
    [
      ...assetReport(
        {
          assets: [{ ...row!, first_capture_id: count - 1 }],
          captures: captures.slice(0, count),
        } as unknown as RunResult,
        "text",
        penFor({}, {}),
      ),
    ].join("");
  t.regex(print(1), /asked, frame \d+/);
  t.regex(print(2), /asked, b\.pcap#\d+/);
});

test("slices of a capture tell the same", (t) => {
  for (let cut = 1; cut < TALK.length; cut++) {
    const merged = mergeObservations([observe(TALK.slice(0, cut)), observe(TALK.slice(cut))], observe([]).decoders);
    const plain = ({ first_capture_id: _, ...row }: AssetRow): unknown => row;
    t.deepEqual(collectAssets(new Conversations(merged)).map(plain), rows().map(plain), `cut before frame ${cut + 1}`);
  }
});

test("of a device that says much the page says first what it all comes to, contradictions side by side", (t) => {
  const result = { assets: rows(), captures: [] } as unknown as RunResult; // all that this report reads
  const page = [...assetReport(result, "text", penFor({}, {}))].join("");
  t.regex(page, /Example \(EX-5, EX-6\)\n +Example EX-5: Modbus 43\/14 unit 1, asked, frame \d+\n/);
});

test("text off the wire is text in every form", (t) => {
  const hostile = { ...rows()[0]!, vendor: '=cmd|"/c calc"', product: "\u001b[2J\nline" };
  const result = { assets: [hostile], captures: [] } as unknown as RunResult; // all that this report reads
  const print = (form: "text" | "json" | "csv"): string => [...assetReport(result, form, penFor({}, {}))].join("");
  const csv = print("csv");
  t.true(csv.includes(`"'=cmd|""/c calc"""`));
  t.is(csv.split("\r\n").length, 3);
  for (const form of ["text", "json", "csv"] as const) t.false(print(form).includes("\u001b"), form);
  t.deepEqual(JSON.parse(print("json")), [hostile]);
});
