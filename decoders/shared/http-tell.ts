/** What the heads of HTTP/1 say (RFC 9110): who asks for what, under which name, and with which end. */
import type { Emit } from "../../src/decode/decoder.ts";
import { bounded } from "./bounded.ts";
import { isCommand, methodClass, overridesMethod, refusalName } from "./http-codes.ts";
import { type HttpHead, hostOf, redirectHost } from "./http-head.ts";
import { realmOf } from "./http-title.ts";
import { asksForUnread, tellUpgrade, upgradeApps } from "./http-upgrade.ts";

export function tellRequest(head: HttpHead, emit: Emit): void {
  const { method, target } = head;
  emit({ kind: "role", sender: "client", why: `HTTP request ${method}` });
  const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)(.*)$/.exec(target);
  const names = new Set<string>();
  let path = target;
  if (method === "CONNECT") {
    const { host, port } = hostOf(target, 443);
    if (!isAddress(host)) names.add(host);
    path = `${host}:${port}`;
    emit({ kind: "field", field: "http.connect", value: path });
  } else if (absolute !== null) {
    const { host, port } = hostOf(absolute[1]!, /^https|^wss/i.test(target) ? 443 : 80);
    names.add(host);
    path = absolute[2] === "" ? "/" : absolute[2]!;
    if (host !== "") emit({ kind: "field", field: "http.absolute", value: `${host}:${port}` });
  }
  // Several that differ are no request that may be answered (RFC 9112 section 3.2): read as one list, they name no host.
  const hosts = new Set((head.fields.get("host") ?? []).map((value) => hostOf(value, 80).host));
  names.add([...hosts].join(","));
  for (const name of names) if (name !== "") emit({ kind: "name", source: "http-host", name });
  emit({ kind: "field", field: "http.method", value: method });
  tellText(head, "user-agent", emit);
  tellText(head, "content-type", emit);
  tellUpgrade(head, emit);
  const query = path.indexOf("?");
  emit({
    kind: "operation",
    protocol: "http",
    role: "request",
    code: method,
    operation: method,
    class: methodClass(method, isCommand(path) || saysMore(head)),
    target: bounded(query >= 0 ? path.slice(0, query) : path),
    id: null,
    failed: false,
  });
  emit({ kind: "message", what: "request", id: "" });
}

export function tellResponse(head: HttpHead, emit: Emit): void {
  const { status } = head;
  emit({ kind: "role", sender: "server", why: `HTTP response ${status}` });
  // What passed through a proxy is another host's word.
  const server = head.fields.get("server")?.[0] ?? "";
  if (server !== "" && !head.fields.has("via")) {
    emit({ kind: "asset", what: "product", value: bounded(server), source: "HTTP Server" });
  }
  const realm = realmOf(head.fields.get("www-authenticate") ?? []);
  if (realm !== "" && !head.fields.has("via")) {
    emit({ kind: "asset", what: "name", value: bounded(realm), source: "HTTP WWW-Authenticate realm" });
  }
  emit({ kind: "field", field: "http.status", value: status });
  tellText(head, "server", emit);
  tellText(head, "content-type", emit);
  if (status === 101) {
    tellUpgrade(head, emit);
    for (const app of upgradeApps(head)) emit({ kind: "inner", app });
  }
  const refusal = refusalName(status);
  if (refusal !== null) emit({ kind: "fault", what: "http-status", code: status, text: refusal });
  const elsewhere = redirectHost(head);
  if (elsewhere !== "") emit({ kind: "fault", what: "http-redirect", code: status, text: bounded(elsewhere) });
  if (status >= 400) emit({ kind: "message", what: "response", id: "", failed: true });
  else emit({ kind: "message", what: "response", id: "" });
}

/** A tunnel to an address names nobody. (A Host field that holds an address is what the client calls its server.) */
const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);

function tellText(head: HttpHead, name: "user-agent" | "server" | "content-type", emit: Emit): void {
  const whole = head.fields.get(name)?.[0] ?? "";
  const value = name === "content-type" ? whole.replace(/\s*[;,].*$/, "").toLowerCase() : whole;
  if (value !== "") emit({ kind: "field", field: `http.${name}`, value: bounded(value) });
}

/** A request to read that does more by its fields: a body with a GET, another method that is meant, a switch to what nobody reads. */
const saysMore = (head: HttpHead): boolean =>
  (head.method === "GET" && hasBody(head)) || overridesMethod(head.fields) || asksForUnread(head);

/** A GET that has one means something by it (RFC 9110 section 9.3.1). */
export const hasBody = (head: HttpHead): boolean =>
  head.fields.has("transfer-encoding") || (head.fields.get("content-length")?.[0] ?? "0") !== "0";
