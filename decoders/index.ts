/** The registry: one line a protocol, sorted by id. */
import type { Decoder } from "../src/decode/decoder.ts";
import { dns } from "./dns.ts";
import { ntp } from "./ntp.ts";
import { stun } from "./stun.ts";
import { tls } from "./tls.ts";

export const DECODERS: readonly Decoder[] = [dns, ntp, stun, tls];
