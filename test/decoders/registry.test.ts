/** Registry, files, fixtures and tests agree: a decoder that lacks one of them is no decoder yet. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { FIXTURES } from "../support/decoder-fixtures.ts";

/** The closed list of the contract; a decoder is one of these. */
const IDS = (
  "dns mdns llmnr netbios-ns tls dtls quic http http2 websocket ntp stun rtp rtcp sctp mqtt amqp ldap kerberos ssh smtp " +
  "imap pop3 ftp ftp-data icap syslog snmp dhcp dhcpv6 ssdp radius tftp sip rdp smb dcerpc tacacs ike openvpn wireguard " +
  "postgresql xmpp modbus bacnet s7comm s7comm-plus enip profinet-cm profinet-dcp ge-srtp melsec dnp3 iec104 opcua mms " +
  "fins codesys hart-ip goose sv"
).split(" ");
const ids = DECODERS.map((d) => d.id);

test("the registry is sorted, without doubles, and of all ids of the contract", (t) => {
  t.deepEqual(ids, [...new Set(ids)].sort());
  t.deepEqual(ids, [...IDS].sort(), "each has a decoder");
});

test("one file a decoder, and a decoder for every file", (t) => {
  const files = readdirSync("decoders").filter((name) => name.endsWith(".ts") && name !== "index.ts");
  t.deepEqual(files.sort(), ids.map((id) => `${id}.ts`).sort());
});

test("one folder of fixtures and one test a decoder", (t) => {
  const folders = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.deepEqual(folders.map((entry) => entry.name).sort(), ids);
  for (const id of ids) t.true(existsSync(`test/decoders/${id}.test.ts`), `test/decoders/${id}.test.ts`);
});

test("the README of the fixtures names every decoder", (t) => {
  const text = readFileSync(`${FIXTURES}/README.md`, "utf8");
  for (const id of ids) t.true(text.includes(`\`${id}/\``), id);
});

for (const decoder of DECODERS) {
  test(`${decoder.id}: says what it is and brings what its transport needs`, (t) => {
    t.true(decoder.title.length > 0 && decoder.specs.length > 0);
    t.is(decoder.datagram === undefined, decoder.looksDatagram === undefined);
    t.is(decoder.stream === undefined, decoder.looksStream === undefined);
    t.true(decoder.datagram !== undefined || decoder.stream !== undefined);
    const ports = [...(decoder.ports.udp ?? []), ...(decoder.ports.tcp ?? [])];
    t.true(ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536));
    const llc = (type: number): boolean => type > 0 && type < 0x100;
    t.true((decoder.ports.eth ?? []).every((type) => llc(type) || (type >= 0x0600 && type < 65_536)));
    t.true((decoder.ports.eth ?? []).every(Number.isInteger));
    t.true(decoder.ports.eth === undefined || decoder.datagram !== undefined);
    const fields = decoder.fields.map((f) => f.field);
    t.is(new Set(fields).size, fields.length);
    for (const { field, about } of decoder.fields)
      t.true(field.startsWith(`${decoder.id}.`) && about.length > 0, field);
  });

  test(`${decoder.id}: opens with a description of 25 lines at most`, (t) => {
    const text = readFileSync(`decoders/${decoder.id}.ts`, "utf8");
    const comment = text.slice(0, text.indexOf("*/")).split("\n");
    t.true(text.startsWith("/**") && comment.length <= 25, `${comment.length} lines`);
    t.regex(comment.join("\n"), /Does not cover/);
  });

  test(`${decoder.id}: every field in its fixtures is documented`, (t) => {
    const documented = new Set(DECODERS.flatMap((other) => other.fields.map((f) => f.field))); // TLS's in DTLS and QUIC
    for (const name of readdirSync(`${FIXTURES}/${decoder.id}`)) {
      const text = readFileSync(`${FIXTURES}/${decoder.id}/${name}`, "utf8");
      for (const [, field] of text.matchAll(/^field field=(\S+)/gm))
        t.true(documented.has(field!), `${name}: ${field}`);
    }
    t.pass(); // some have none
  });
}
