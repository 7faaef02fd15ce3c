import type { Decoder } from "../src/decode/decoder.ts";
export const stun: Decoder = { id: "stun", title: "", specs: [], ports: {}, fields: [], everyMessage: true };
