/** What the scenes of this folder's tables share: one host, one far end, connections between the two. */
import type { Frame } from "../../src/capture/frame.ts";
import { tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";
import { clientHello, connection, tlsConnection } from "../support/talk.ts";
import { HOST } from "./scene.ts";

export const FAR = "203.0.113.10";
export const FROM = `${HOST}:40000`;
export const TO = `${FAR}:443`;
export const api = { api: { hosts: ["api.example.com"] } };
export const byAddress = { api: { addresses: [FAR] } };
export const tlsRule = { id: "r", to: "api", over: "tcp/443", app: "tls" };
export const anyRule = { id: "r", to: "api", over: "tcp/443", app: "any" };
export const hello = clientHello("api.example.com");
export const good = tlsConnection(FROM, TO, 10, hello);
export const syn = (ms: number, from = FROM, to = TO): Frame => tcpFrame({ from, to, flags: "S", seq: 1, ms });
export const reset = (ms: number, from = TO, to = FROM): Frame => tcpFrame({ from, to, flags: "RA", ack: 2, ms });
export const datagram = (ms: number, from = FROM, to = `${FAR}:9000`): Frame =>
  udpFrame({ from, to, ms, data: ascii("?") });
/** The host at work for ten minutes, with an Internet host that nobody documents. */
export const busy = [0, 300, 601].flatMap((sec, i) =>
  connection(`${HOST}:50${i}`, `203.0.113.99:${8080 + i}`, sec * 1000, [
    [">", ascii("?")],
    ["<", ascii("!")],
  ]),
);
