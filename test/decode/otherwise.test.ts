/** Bytes sent again with others in their place, far into a message that is not whole yet. */
import test from "ava";
import { LIMITS } from "../../src/limits.ts";
import { numbered, tcpFrame } from "../support/frames.ts";
import { ascii, concat, hex } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { connection } from "../support/talk.ts";

const FROM = "10.0.0.5:40000";
const TO = "192.0.2.1:102";

test("other bytes behind more of a message than is read again are counted, and nothing throws", (t) => {
  // COTP's connection request, S7's set-up, and a TPKT of 8 KiB of which the first 6,000 bytes come.
  const opening = hex`03 00 00 16 11 e0 00 00 00 01 00 c1 02 01 00 c2 02 01 02 c0 01 0a`;
  const confirm = hex`03 00 00 16 11 d0 00 01 00 02 00 c0 01 0a c1 02 01 00 c2 02 01 02`;
  const setUp = hex`03 00 00 19 02 f0 80 32 01 00 00 00 00 00 08 00 00 f0 00 00 01 00 01 01 e0`;
  const long = concat([hex`03 00 20 00 02 f0 80 32 01`, new Uint8Array(5_991)]);
  const frames = connection(FROM, TO, 0, [
    [">", opening],
    ["<", confirm],
    [">", setUp],
    [">", long],
  ]);
  const begins = 1_001 + opening.length + setUp.length;
  const again = tcpFrame({
    from: FROM,
    to: TO,
    flags: "PA",
    seq: begins + LIMITS.otherwiseBytes + 400,
    ack: 5_001,
    ms: 20,
    data: ascii("others"),
  });
  const seen = observe(numbered([...frames, again]));
  t.is(seen.identified.counts.conflicts, 1);
});
