/** Ethernet's own protocols: what a decoder accepts is a conversation between MAC addresses, all else is counted. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { Cast } from "../../src/conform/cast.ts";
import type { Decoder } from "../../src/decode/decoder.ts";
import { parseRange } from "../../src/model/ranges.ts";
import { Conversations } from "../../src/observe/conversations.ts";
import { DnsEvidence } from "../../src/observe/dns-evidence.ts";
import { etherMark } from "../../src/observe/ether.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { qualityOf } from "../../src/observe/quality.ts";
import { Rest } from "../../src/observe/rest.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { expandCompactRow } from "../../src/store/rest.ts";
import { frameOfBytes, numbered } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { observe as observeWith } from "../support/observe.ts";
import { bytes, ethernet, u16 } from "../support/packets.ts";

const TYPE = 0x88b5; // IEEE 802: for experiments on one's own link
const HELLO = 1;
const TELL = 2;

/** Two protocols that share an EtherType and are told apart by their first byte. */
function talker(id: string, first: number, everyMessage: boolean): Decoder {
  return {
    id,
    title: id,
    specs: ["none"],
    ports: { eth: [TYPE] },
    fields: [],
    everyMessage,
    looksDatagram: (buf, off, len) => len > 1 && buf[off] === first,
    datagram(c, emit, at) {
      if (at.transport !== "eth" || at.etherType !== TYPE) return false;
      c.skip(1);
      const kind = c.u8();
      if (kind > 2) return false;
      if (kind === HELLO) emit({ kind: "role", sender: "client", why: "hello" });
      if (kind === HELLO) emit({ kind: "message", what: "request", id: "1" });
      return true;
    },
  };
}
const OURS: readonly Decoder[] = [talker("goose", 0xaa, true), talker("sv", 0xbb, false), ...DECODERS];

const frame = (first: number, kind: number, [from, to]: [number, number], ms: number, tag?: number): Frame => {
  const payload = concat([bytes(first, kind), ascii(`${ms}`)]);
  return frameOfBytes(
    tag === undefined
      ? ethernet(TYPE, payload, [to, from])
      : ethernet(0x8100, concat([u16(tag), u16(TYPE), payload]), [to, from]),
    ms,
  );
};

const observe = (frames: readonly Frame[], decoders: readonly Decoder[] = OURS): Observation =>
  observeWith(numbered(frames), {}, decoders);

function rows(seen: Observation): ConversationRow[] {
  const all = new Conversations(seen);
  return [...new Rest(all, new DnsEvidence(seen), new Set(), null).rows()];
}
const line = (row: ConversationRow): string =>
  `${row.initiator} > ${row.responder} ${row.transport} ${row.port} ${row.app} ${row.outcome} ${row.packets}`;

const TALK = [
  frame(0xaa, HELLO, [1, 2], 0),
  frame(0xaa, TELL, [2, 1], 10),
  frame(0xbb, TELL, [1, 2], 20),
  frame(0xbb, TELL, [1, 2], 30, 7), // beneath a tag of 802.1Q
  frame(0xaa, 9, [1, 2], 40), // of the flow's protocol by its first byte, and refused
  frame(0xcc, TELL, [1, 2], 50),
  frame(0xaa, HELLO, [1, 3], 60),
];

test("frames that a decoder accepts are conversations between MAC addresses, one a protocol", (t) => {
  const seen = observe(TALK);
  t.deepEqual(rows(seen).map(line).sort(), [
    "00:00:5e:00:53:01 > 00:00:5e:00:53:02 eth null goose answered 2",
    "00:00:5e:00:53:01 > 00:00:5e:00:53:02 eth null sv one-way 2",
    "00:00:5e:00:53:01 > 00:00:5e:00:53:03 eth null goose unanswered 1",
  ]);
  t.is(qualityOf(seen, new Conversations(seen))["ethertype:0x88b5"], 2);
});

test("without such a decoder they are counted by their EtherType", (t) => {
  const seen = observe(TALK, DECODERS);
  t.deepEqual(rows(seen), []);
  t.is(qualityOf(seen, new Conversations(seen))["ethertype:0x88b5"], TALK.length);
});

test("slices of a capture give what the whole gives", (t) => {
  const whole = rows(observe(TALK)).map(({ conversation_id, ...row }) => `${conversation_id} ${line(row as never)}`);
  for (let cut = 0; cut <= TALK.length; cut++) {
    const merged = mergeObservations([observe(TALK.slice(0, cut)), observe(TALK.slice(cut))], OURS);
    t.deepEqual(
      rows(merged)
        .map(({ conversation_id, ...row }) => `${conversation_id} ${line(row as never)}`)
        .sort(),
      [...whole].sort(),
      `cut before frame ${cut + 1}`,
    );
    t.is(merged.etherTypes.get(TYPE), 2);
  }
});

test("the form for the store shows the same addresses", (t) => {
  const seen = observe(TALK);
  const rest = new Rest(new Conversations(seen), new DnsEvidence(seen), new Set(), null);
  const stored = [...rest.chunks()].flatMap((text) => JSON.parse(text).map(expandCompactRow));
  t.deepEqual(stored.map(line), rows(seen).map(line));
});

test("a role bound to a MAC address is played there", (t) => {
  const range = parseRange("mac:00:00:5e:00:53:02", () => undefined)!;
  const host = { text: range.text, addresses: [range], name: null, internet: false, single: true };
  const binding = { model: "m", role: "plc", realm: null, outside: false, how: "given", hosts: [host] };
  const cast = new Cast([binding as never], () => []);
  const seen = observe(TALK);
  const { ipv6 } = seen.flows;
  const roles = [0, 1, 2].map((word) => cast.rolesOf("default", 1, word, ipv6).map(({ role }) => role));
  t.deepEqual(roles.flat(), ["plc"]);
  t.deepEqual(
    cast.ofText("default", "00:00:5e:00:53:02").map(({ role }) => role),
    ["plc"],
  );
  t.deepEqual(cast.ofText("default", "00:00:5e:00:53:03"), []);
});

test("every decoder of Ethernet has a mark of its own", (t) => {
  const marks = DECODERS.map(etherMark);
  t.is(new Set(marks).size, marks.length);
});
