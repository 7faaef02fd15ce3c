/** Asks loopback for a name that tells the time, fifty times a second, until it is ended: what `kills.ts` looks for afterwards. */
import { createSocket } from "node:dgram";
import { concat } from "../support/hex.ts";
import { dnsQuery } from "../support/talk.ts";

const socket = createSocket("udp4");
socket.on("error", () => {}); // nobody answers
let id = 0;
setInterval(() => {
  const query = concat([dnsQuery(`t${Date.now()}.example.com`, { id: ++id & 0xffff })]);
  socket.send(query, 53, "127.0.0.1", () => {});
}, 20);
