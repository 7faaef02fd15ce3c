import type { Decoder } from "../src/decode/decoder.ts";
export const ntp: Decoder = { id: "ntp", title: "", specs: [], ports: {}, fields: [], everyMessage: true };
