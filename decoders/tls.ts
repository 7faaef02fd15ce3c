import type { Decoder } from "../src/decode/decoder.ts";
export const tls: Decoder = { id: "tls", title: "", specs: [], ports: {}, fields: [], everyMessage: true };
