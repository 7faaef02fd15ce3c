/** What HTTP's Upgrade field (RFC 9110 section 7.8) switches to: its protocols, and what runs inside of WebSocket. */
import type { Emit } from "../../src/decode/decoder.ts";
import { bounded } from "./bounded.ts";
import type { HttpHead } from "./http-head.ts";

/** Protocols of the Upgrade field, in lower case. */
export const upgradesOf = (head: HttpHead): string[] =>
  (head.fields.get("upgrade") ?? []).flatMap((value) =>
    value
      .toLowerCase()
      .split(",")
      .map((protocol) => protocol.trim())
      .filter((protocol) => protocol !== ""),
  );

/** Of WebSocket, those that name what runs inside (IANA, WebSocket subprotocol names). */
const SUBPROTOCOLS = new Map([
  ["mqtt", "mqtt"],
  ["mqttv3.1", "mqtt"],
  ["amqp", "amqp"],
  ["amqpwsb10", "amqp"],
  ["xmpp", "xmpp"],
  ["sip", "sip"],
]);

/** What runs behind the switch that this head agrees to, by the protocols that it names. */
export const upgradeApps = (head: HttpHead): string[] => upgradesOf(head).map((protocol) => upgradeApp(protocol, head));

/** The decoder's id for what an Upgrade names; the text itself where we have no decoder for it. */
function upgradeApp(protocol: string, head: HttpHead): string {
  // The one subprotocol that the server agrees to (RFC 6455 section 4.2.2).
  const sub = head.fields.get("sec-websocket-protocol")?.[0]?.trim().toLowerCase() ?? "";
  if (protocol === "websocket") return SUBPROTOCOLS.get(sub) ?? protocol;
  if (protocol === "h2c") return "http2";
  return protocol.startsWith("tls/") ? "tls" : protocol;
}

/** Whether one of the subprotocols that are asked for, or the one that is agreed to, is MQTT. */
export const namesMqtt = (head: HttpHead): boolean =>
  (head.fields.get("sec-websocket-protocol") ?? [])
    .flatMap((value) => value.toLowerCase().split(","))
    .some((sub) => SUBPROTOCOLS.get(sub.trim()) === "mqtt");

/** Whether a switch is asked for to what is not read on: whatever is said there, nobody sees. HTTP/2 and MQTT are read. */
export const asksForUnread = (head: HttpHead): boolean =>
  !namesMqtt(head) && upgradesOf(head).some((protocol) => protocol !== "h2c");

export function tellUpgrade(head: HttpHead, emit: Emit): void {
  const upgrades = upgradesOf(head);
  if (upgrades.length === 0) return;
  emit({ kind: "field", field: "http.upgrade", value: bounded(upgrades.join(",")) });
  const sub = head.fields.get("sec-websocket-protocol");
  if (sub !== undefined) emit({ kind: "field", field: "http.websocket-protocol", value: bounded(sub.join(",")) });
}
