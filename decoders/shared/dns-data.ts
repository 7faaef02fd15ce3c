/**
 * The data of DNS records as text: addresses in canonical form, names of the types that point at one, the parameters of
 * HTTPS and SVCB (RFC 9460) with the public name of an ECH configuration, and RFC 3597's general form for the rest.
 */
import { formatIpv4, formatIpv6Bytes } from "../../src/address.ts";
import { type Cursor, escapeBytes } from "../../src/decode/cursor.ts";
import type { DnsRecord } from "../../src/decode/facts.ts";
import { svcParamName, TYPE, typeName } from "./dns-codes.ts";
import { type RecordHead, readName } from "./dns-message.ts";

/** Bytes of data printed of a type that we do not read; the length before them is whole. */
const PRINTED_BYTES = 64;

/** Reads the record's data (`head.length` bytes from the cursor) and leaves the cursor behind it. */
export function readRecord(c: Cursor, head: RecordHead, part: string): DnsRecord {
  const outer = c.enter(head.length, `${part} data`);
  const record: DnsRecord = { name: head.name, type: typeName(head.type), ttl: head.ttl, data: "" };
  if (head.class !== 1 && head.type !== TYPE.TXT) record.data = generic(c);
  else if (head.type === TYPE.HTTPS || head.type === TYPE.SVCB) readService(c, record);
  else record.data = readData(c, head.type);
  if (c.left !== 0) c.bad(`${c.left} bytes left over in ${record.type} data`);
  c.leave(outer);
  return record;
}

function readData(c: Cursor, type: number): string {
  switch (type) {
    case TYPE.A:
      return formatIpv4(c.u32());
    case TYPE.AAAA:
      return readIpv6(c);
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.PTR:
    case TYPE.DNAME:
      return readName(c);
    case TYPE.MX:
      c.skip(2); // preference
      return readName(c);
    case TYPE.SRV:
      c.skip(6); // priority, weight, port
      return readName(c);
    case TYPE.SOA: {
      const primary = readName(c);
      const mailbox = readName(c);
      const serial = c.u32();
      c.skip(16); // refresh, retry, expire, minimum
      return `${primary} ${mailbox} ${serial}`;
    }
    case TYPE.TXT:
    case TYPE.SPF:
      return readStrings(c);
    default:
      return generic(c);
  }
}

function readIpv6(c: Cursor): string {
  c.need(16);
  const text = formatIpv6Bytes(c.buf, c.pos);
  c.skip(16);
  return text;
}

/** Character strings to the end of the data, each in quotes (RFC 1035 section 3.3.14). */
function readStrings(c: Cursor): string {
  const texts: string[] = [];
  while (c.left > 0) texts.push(`"${c.text(c.u8()).replaceAll('"', '\\"')}"`);
  return texts.join(" ");
}

/** `\# 4 0a000001`, long data cut (RFC 3597 section 5). */
function generic(c: Cursor): string {
  const length = c.left;
  const shown = c.hex(Math.min(length, PRINTED_BYTES));
  c.skip(c.left);
  return `\\# ${length} ${shown}${length > PRINTED_BYTES ? "…" : ""}`.trimEnd();
}

/** RFC 9460 section 2.2: priority, target, then parameters: key, length, value. */
function readService(c: Cursor, record: DnsRecord): void {
  const words = [String(c.u16()), readName(c)];
  while (c.left > 0) {
    const key = c.u16();
    const outer = c.enter(c.u16(), `${record.type} parameter ${svcParamName(key)}`);
    if (key === 5) record.echPublicName = readEchPublicName(c);
    else words.push(svcParamName(key) + svcParamValue(c, key));
    c.leave(outer);
  }
  if (record.echPublicName !== undefined) words.push(`ech=${record.echPublicName}`);
  record.data = words.join(" ");
}

function svcParamValue(c: Cursor, key: number): string {
  const values: string[] = [];
  switch (key) {
    case 0: // mandatory
      while (c.left > 0) values.push(svcParamName(c.u16()));
      break;
    case 1: // alpn
      while (c.left > 0) values.push(c.text(c.u8()));
      break;
    case 2: // no-default-alpn
      return "";
    case 3: // port
      return `=${c.u16()}`;
    case 4: // ipv4hint
      while (c.left > 0) values.push(formatIpv4(c.u32()));
      break;
    case 6: // ipv6hint
      while (c.left > 0) values.push(readIpv6(c));
      break;
    default: {
      const text = c.text(Math.min(c.left, PRINTED_BYTES));
      const more = c.left > 0 ? "…" : "";
      c.skip(c.left);
      return `=${text}${more}`;
    }
  }
  return `=${values.join(",")}`;
}

const ECH_VERSION = 0xfe0d;

/**
 * The public name of the first configuration of an ECHConfigList (RFC 9849 section 4):
 * list length 2, then each: version 2, length 2, config id 1, KEM 2, public key 2+n, cipher suites 2+n, longest name 1,
 * public name 1+n, extensions 2+n. Empty where no configuration is of the version that we know.
 */
function readEchPublicName(c: Cursor): string {
  const list = c.enter(c.u16(), "ECHConfigList");
  let name = "";
  while (c.left > 0 && name === "") {
    const version = c.u16();
    const outer = c.enter(c.u16(), "ECHConfig");
    if (version === ECH_VERSION) {
      c.skip(3);
      c.skip(c.u16());
      c.skip(c.u16());
      c.skip(1);
      const length = c.u8();
      c.need(length);
      name = escapeBytes(c.buf, c.pos, c.pos + length).toLowerCase();
    }
    c.leave(outer);
  }
  c.leave(list);
  return name;
}
