/**
 * SSDP: devices on the link tell what they offer, and programs look for it (UPnP).
 * UPnP Device Architecture 2.0 section 1. Text in HTTP's manner, in datagrams to 239.255.255.250 or ff0x::c, port 1900:
 *
 *     NOTIFY * HTTP/1.1      a device comes (`NTS: ssdp:alive`), changes or goes: expects no answer
 *     M-SEARCH * HTTP/1.1    who is there (`ST: …`)
 *     HTTP/1.1 200 OK        an answer to it, from the device's own address to the asker's port
 *
 * The start line proves it, together with the field that names what it is about (NT, ST), on any port.
 *
 * Does not cover: which search an answer belongs to (it stands in a flow of its own and carries no number), events
 * (GENA), the description behind LOCATION.
 */
import type { Decoder, Emit } from "../src/decode/decoder.ts";
import { hostOf } from "./shared/http-head.ts";
import { beginsWith, readTextHead, type TextHead } from "./shared/text-head.ts";

const NOTIFY = "NOTIFY * HTTP/1.";
const SEARCH = "M-SEARCH * HTTP/1.";
const ANSWER = "HTTP/1.1 200 ";

export const ssdp: Decoder = {
  id: "ssdp",
  title: "Simple Service Discovery Protocol",
  specs: ["UPnP Device Architecture 2.0"],
  ports: { udp: [1900] },
  fields: [
    { field: "ssdp.method", about: "NOTIFY, M-SEARCH, or 200 for an answer" },
    { field: "ssdp.target", about: "what is offered or looked for: a device or service type, or a device's own id" },
    { field: "ssdp.event", about: "of NOTIFY: ssdp:alive, ssdp:byebye or ssdp:update" },
    { field: "ssdp.usn", about: "the unique name of what is offered" },
    { field: "ssdp.location", about: "where its description is to be had" },
    { field: "ssdp.server", about: "the device's own words: system, UPnP version, product" },
    { field: "ssdp.user-agent", about: "the asking program's own words" },
  ],
  opens: { datagram: [0x48, 0x4d, 0x4e] },
  forms: {
    datagram: [
      {
        first: [0x48, 0x4d, 0x4e],
        bytes: [
          [1, 0xff, 0x2d, 0x54],
          [2, 0xff, 0x53, 0x54],
        ],
      },
    ],
  },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    if (len < ANSWER.length) return false;
    return beginsWith(buf, off, len, NOTIFY) || beginsWith(buf, off, len, SEARCH) || beginsWith(buf, off, len, ANSWER);
  },

  datagram(c, emit) {
    const head = readTextHead(c);
    if (head === null) return false;
    const method = head.start.startsWith("HTTP/") ? "200" : head.start.slice(0, head.start.indexOf(" "));
    const target = head.fields.get(method === "NOTIFY" ? "nt" : "st");
    if (target === undefined || (method === "200" && !head.fields.has("usn"))) return false;
    tell(method, target, head, emit);
    if (method === "M-SEARCH") emit({ kind: "expect-flow", app: "ssdp", transport: "udp", address: null, port: null });
    if (!head.whole) c.short(Math.max(1, c.cutOff));
    return true;
  },
};

function tell(method: string, target: string, head: TextHead, emit: Emit): void {
  const field = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") emit({ kind: "field", field: `ssdp.${name}`, value });
  };
  // A notification has no role: nobody asked, and everybody listens.
  if (method === "M-SEARCH") emit({ kind: "role", sender: "client", why: "SSDP M-SEARCH" });
  if (method === "200") emit({ kind: "role", sender: "server", why: "SSDP 200" });
  // Of an announcement or a search it is the group that it goes to: sent as in any request of HTTP, and told as such.
  const { host } = hostOf(head.fields.get("host") ?? "", 1900);
  if (method !== "200" && host !== "") emit({ kind: "name", source: "http-host", name: host });
  field("method", method);
  field("target", target);
  if (method === "NOTIFY") field("event", head.fields.get("nts"));
  field("usn", head.fields.get("usn"));
  field("location", head.fields.get("location"));
  const server = head.fields.get("server");
  field("server", server);
  field("user-agent", head.fields.get("user-agent"));
  const what = method === "NOTIFY" ? "oneway" : method === "200" ? "response" : "request";
  // Nothing pairs a search with its answers: who is asked for everything answers by what it is.
  emit({ kind: "message", what, id: what === "oneway" ? target : "" });
  if (server !== undefined && server !== "")
    emit({ kind: "asset", what: "product", value: server, source: `SSDP ${method}` });
}
