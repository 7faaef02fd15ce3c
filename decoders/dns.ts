import type { Decoder } from "../src/decode/decoder.ts";
export const dns: Decoder = { id: "dns", title: "", specs: [], ports: {}, fields: [], everyMessage: true };
