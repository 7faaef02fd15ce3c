/** All codes of all operations: what each protocol's decoder makes of every number that can stand there. */
import { bacnet } from "../../decoders/bacnet.ts";
import { codesys } from "../../decoders/codesys.ts";
import { enip } from "../../decoders/enip.ts";
import { geSrtp } from "../../decoders/ge-srtp.ts";
import { MAPPER_OPERATIONS, OPERATIONS } from "../../decoders/profinet-cm.ts";
import { profinetDcp } from "../../decoders/profinet-dcp.ts";
import { FUNCTIONS as S7_PLUS } from "../../decoders/s7comm-plus.ts";
import { CONFIRMED_SERVICES, NETWORK_MESSAGES, UNCONFIRMED_SERVICES } from "../../decoders/shared/bacnet-codes.ts";
import { cipService, OBJECT } from "../../decoders/shared/cip-codes.ts";
import { FUNCTIONS as DNP3, LINK_PRIMARY, LINK_SECONDARY } from "../../decoders/shared/dnp3-codes.ts";
import { FINS_COMMANDS } from "../../decoders/shared/fins-codes.ts";
import { hartCommand } from "../../decoders/shared/hart-codes.ts";
import { methodClass } from "../../decoders/shared/http-codes.ts";
import { TYPES } from "../../decoders/shared/iec104-codes.ts";
import { MC_COMMANDS } from "../../decoders/shared/melsec-codes.ts";
import { SERVICES as MMS, UNCONFIRMED as MMS_UNCONFIRMED } from "../../decoders/shared/mms-codes.ts";
import { modbusFunction } from "../../decoders/shared/modbus-codes.ts";
import { SERVICES as OPCUA } from "../../decoders/shared/opcua-codes.ts";
import type { Meaning } from "../../decoders/shared/operation.ts";
import { hasFunction, pcccCommand } from "../../decoders/shared/pccc.ts";
import { invocationMeaning, JOBS, userdataMeaning } from "../../decoders/shared/s7-codes.ts";
import { pduOf } from "../../decoders/shared/snmp-codes.ts";
import type { Context, Decoder } from "../../src/decode/decoder.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "./decode.ts";
import { fixturesOf } from "./decoder-fixtures.ts";

/** A protocol's codes: how they are written, and what each means; null where the table has none and the decoder says `unknown`. */
export interface CodeTable {
  readonly name: string;
  readonly codes: readonly number[] | readonly string[];
  readonly meaning: (code: never) => Meaning | null;
}

const to = (end: number): number[] => Array.from({ length: end + 1 }, (_, code) => code);
const ofMap = (name: string, end: number, map: ReadonlyMap<number, Meaning>): CodeTable => ({
  name,
  codes: to(end),
  meaning: (code: number) => map.get(code) ?? null,
});
const of = (name: string, codes: readonly number[], meaning: (code: number) => Meaning | null): CodeTable => ({
  name,
  codes,
  meaning,
});

/** What the decoder says of a message: its only operation. */
function told(decoder: Decoder, bytes: Uint8Array, at: Context): Meaning | null {
  const said = at.transport === "tcp" ? decodeStream(decoder, bytes, at) : decodeDatagram(decoder, bytes, at);
  const operation = said.facts.find((fact) => fact.kind === "operation");
  return operation === undefined ? null : [operation.operation, operation.class];
}
const patched = (bytes: Uint8Array, ...changes: readonly (readonly [at: number, value: number])[]): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  for (const [at, value] of changes) copy[at] = value;
  return copy;
};
const message = (length: number, ...changes: readonly (readonly [number, number])[]): Uint8Array =>
  patched(new Uint8Array(length), ...changes);
const fixture = (of: string, title: string): Uint8Array => fixturesOf(of).find((each) => each.title === title)!.bytes;

const BVLC_AT = datagramAt(47_808, 47_808);
const DCP_AT: Context = { ...datagramAt(0, 0), transport: "eth", etherType: 0x8892 };
const CODESYS_SERVICE = fixture("codesys", "which device, and acknowledged");
const CODESYS_HEADER = CODESYS_SERVICE.findIndex((byte, i, all) => byte === 0x55 && all[i + 1] === 0xcd);

export const TABLES: readonly CodeTable[] = [
  of("modbus", to(127), (code) => pair(modbusFunction(code, -1))),
  of("modbus 8", to(0xffff), (sub) => pair(modbusFunction(8, sub))),
  of("modbus 43", to(255), (sub) => pair(modbusFunction(43, sub))),
  of("bacnet bvlc", to(12), (code) => told(bacnet, message(10, [0, 0x81], [1, code], [3, 10]), BVLC_AT)),
  of("bacnet bvlc6", to(12), (code) => told(bacnet, message(28, [0, 0x82], [1, code], [3, 28]), BVLC_AT)),
  ofMap("bacnet network", 255, NETWORK_MESSAGES),
  ofMap("bacnet confirmed", 255, CONFIRMED_SERVICES),
  ofMap("bacnet unconfirmed", 255, UNCONFIRMED_SERVICES),
  ofMap("s7comm job", 255, JOBS),
  // Of groups 0 and 6 all subfunctions are one: some stand for them.
  ...to(15).map((group) =>
    of(`s7comm userdata ${group}`, group === 0 || group === 6 ? [0, 1, 2, 255] : to(255), (code) =>
      userdataMeaning(group, code),
    ),
  ),
  of("s7comm notice as request", to(255), (code) => userdataMeaning(4, code, true)),
  {
    name: "s7comm invocation",
    codes: ["P_PROGRAM", "_INSE", "_INS2", "_DELE", "_MODU", "_GARB", "_N_LOGIN_", "_N_LOGOUT", "_N_F_DELE", ""],
    meaning: (name: string) => invocationMeaning(name),
  },
  ofMap("s7comm-plus", 0xffff, S7_PLUS),
  of("enip", to(0xff), (code) => told(enip, message(24, [0, code]), streamAt(40_001, 44_818))),
  ...Object.entries({ nowhere: undefined, tag: null, ...OBJECT, other: 0x99 }).map(([name, object]) =>
    of(`cip ${name}`, to(0x7f), (code) => cipService(code, object)),
  ),
  of(
    "pccc",
    to(255).filter((code) => !hasFunction(code)),
    (code) => pcccCommand(code, null),
  ),
  ...[0x06, 0x07, 0x0f].map((command) => of(`pccc ${command}`, to(255), (fn) => pcccCommand(command, fn))),
  of("profinet-dcp", to(6), (code) =>
    told(profinetDcp, message(12, [0, 0xfe], [1, code < 5 ? 0xfd : code === 5 ? 0xfe : 0xfc], [2, code]), DCP_AT),
  ),
  ofMap("profinet-cm", 0xff, OPERATIONS),
  ofMap("profinet-cm mapper", 0xff, MAPPER_OPERATIONS),
  of("ge-srtp", to(255), (code) =>
    told(geSrtp, message(56, [0, 2], [31, 0xc0], [40, 1], [41, 1], [42, code]), streamAt(40_001, 18_245)),
  ),
  ofMap("melsec", 0xffff, MC_COMMANDS),
  of("snmp", to(15), (code) => pair(pduOf(code))),
  {
    name: "http",
    codes:
      "GET HEAD QUERY PROPFIND REPORT SEARCH OPTIONS CONNECT TRACE POST PUT DELETE PATCH PROPPATCH MKCOL COPY MOVE LOCK UNLOCK ACL BREW".split(
        " ",
      ),
    meaning: (method: string) => [method, methodClass(method, false)],
  },
  ofMap("dnp3", 255, DNP3),
  ofMap("dnp3 link, primary", 15, LINK_PRIMARY),
  ofMap("dnp3 link, secondary", 15, LINK_SECONDARY),
  of("iec104", to(255), (code) => pair(TYPES.get(code) ?? null)),
  ofMap("opcua", 0xffff, OPCUA),
  ofMap("fins", 0xffff, FINS_COMMANDS),
  of("codesys device", to(255), (code) =>
    told(codesys, patched(CODESYS_SERVICE, [CODESYS_HEADER + 6, code]), streamAt(40_001, 11_740)),
  ),
  of("hart-ip", to(0xffff), hartCommand),
  ofMap("mms", 127, MMS),
  ofMap("mms unconfirmed", 30, MMS_UNCONFIRMED),
];

function pair(of: { readonly name: string; readonly class: Meaning[1] } | null): Meaning | null {
  return of === null ? null : [of.name, of.class];
}
