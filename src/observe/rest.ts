/**
 * Conversations that nobody judged, made into rows one by one: a busy capture has millions. `chunks` is the form that the
 * store keeps (see `RestConversations` in `report/result.ts`): JSON texts put together by hand, because most rows are
 * numbers and building objects first costs several times as much.
 */
import { hasPorts } from "../dissect/packet.ts";
import type { ConversationOutcome, ConversationRow, RestConversations, Verdict } from "../report/result.ts";
import { isAscii, RowText } from "../row-text.ts";
import { formatInstant } from "../time.ts";
import * as C from "./conversations.ts";
import { type ConversationDetails, peerName, readDetails } from "./details.ts";
import type { DnsEvidence } from "./dns-evidence.ts";
import { addressText, INITIATOR_BY, OUTCOMES, transportName } from "./flow-view.ts";
import { mayBeTunnel } from "./tunnels.ts";

const CHUNK_ROWS = 1_000;

export class Rest implements RestConversations {
  readonly count: number;
  readonly #all: C.Conversations;
  readonly #dns: DnsEvidence;
  readonly #skip: ReadonlySet<number>;
  readonly #verdict: Verdict | null;
  /** By outcome: what stands between port and counts in the row of a conversation that nobody knows. */
  readonly #unknowns: readonly string[];

  /** All conversations but those in `judged`. */
  constructor(all: C.Conversations, dns: DnsEvidence, judged: ReadonlySet<number>, verdict: Verdict | null) {
    this.#all = all;
    this.#dns = dns;
    this.#skip = judged;
    this.#verdict = verdict;
    this.#unknowns = OUTCOMES.map((outcome) => `null,null,null,null,"${outcome}",${text(verdict)},`);
    this.count = all.count - judged.size;
  }

  *rows(): Generator<ConversationRow> {
    for (let c = 0; c < this.#all.count; c++)
      if (!this.#skip.has(c)) yield restRow(this.#all, c, this.#dns, this.#verdict);
  }

  /** A chunk of one conversation, whichever it is. */
  text(c: number): string {
    const plain = new RowText();
    return this.#plain(c, plain, this.#realms()) ? `[${plain.take()}]` : `[${this.#compact(c)}]`;
  }

  #realms(): (string | null)[] {
    return this.#all.seen.realms.map((realm) => (isAscii(realm) ? text(realm) : null));
  }

  *chunks(): Generator<string> {
    const plain = new RowText();
    const realms = this.#realms();
    let rows = 0;
    let chunk = "";
    for (let c = 0; c < this.#all.count; c++) {
      if (this.#skip.has(c)) continue;
      plain.ascii(rows === 0 ? "[" : ",");
      if (!this.#plain(c, plain, realms)) chunk += plain.take() + this.#compact(c);
      if (++rows === CHUNK_ROWS) {
        plain.ascii("]");
        yield chunk + plain.take();
        chunk = "";
        rows = 0;
      }
    }
    if (rows > 0) yield `${chunk}${plain.take()}]`;
  }

  /**
   * The common row by far, of which nothing is known but its ends and its counts. What it has not is not written, and
   * `expandCompactRow` knows what that means. False, and nothing written, where there is more to say.
   */
  #plain(c: number, into: RowText, realms: readonly (string | null)[]): boolean {
    const all = this.#all;
    const row = all.rows(c);
    const at = all.at(c);
    const meta = row[at + C.C_META]!;
    const portApp = row[at + C.C_PORT_APP]!;
    const responder = row[at + C.C_RESPONDER]!;
    const realm = realms[meta >>> 16];
    if (((meta >>> 8) & 0xff) !== 4 || (portApp & 0xff0000) !== 0 || row[at + C.C_NAME] !== 0) return false;
    if ((row[at + C.C_OUTCOME]! & C.MIXED) !== 0 || row[at + C.C_BYTES + 1] !== 0) return false;
    if (realm === undefined || realm === null || this.#named(meta >>> 16, 4, responder)) return false;
    const proto = meta & 0xff;
    if (mayBeTunnel(proto, portApp & 0xffff)) return false;
    const [high, low] = all.id(c);
    into.ascii("[");
    into.number(high);
    into.number(low);
    into.ascii(realm);
    into.ascii(",");
    into.number(row[at + C.C_INITIATOR]! >>> 0);
    into.number(responder >>> 0);
    into.ascii('"');
    into.ascii(transportName(meta));
    into.ascii('",');
    if (hasPorts(proto)) into.number(portApp & 0xffff);
    else into.ascii("null,");
    into.ascii(this.#unknowns[all.outcome(c)]!);
    into.number(row[at + C.C_FLOWS]!);
    into.number(row[at + C.C_PACKETS]! >>> 0);
    into.number(row[at + C.C_BYTES]! >>> 0);
    into.number(row[at + C.C_FIRST]! >>> 0);
    into.number((row[at + C.C_FIRST + 1]! / 1000) | 0);
    into.number(row[at + C.C_LAST]! >>> 0);
    into.number((row[at + C.C_LAST + 1]! / 1000) | 0);
    const hint = this.#hint(proto, portApp & 0xffff);
    if (hint === null) into.ascii('{"initiator_by":"');
    else into.ascii(`{"hint":${text(hint)},"initiator_by":"`);
    into.ascii(INITIATOR_BY[portApp >>> 24]!);
    into.ascii('"}]');
    return true;
  }

  #compact(c: number): string {
    const all = this.#all;
    const row = all.rows(c);
    const at = all.at(c);
    const [high, low] = all.id(c);
    const meta = row[at + C.C_META]!;
    const family = (meta >>> 8) & 0xff;
    const proto = meta & 0xff;
    const portApp = row[at + C.C_PORT_APP]!;
    const app = (portApp >>> 16) & 0xff;
    const port = hasPorts(proto) ? portApp & 0xffff : "null";
    const bytes = row[at + C.C_BYTES + 1]! * 0x1_0000_0000 + (row[at + C.C_BYTES]! >>> 0);
    const name = row[at + C.C_NAME]!;
    let inner = "null";
    let peer = "null";
    let extra = "null";
    const mixed = (row[at + C.C_OUTCOME]! & C.MIXED) !== 0;
    const responder = row[at + C.C_RESPONDER]!;
    if (app !== 0 || mixed || this.#named(meta >>> 16, family, responder) || mayBeTunnel(proto, portApp & 0xffff)) {
      const details = readDetails(all, c, this.#dns, "");
      inner = text(details.innerApp);
      peer = text(peerName(details.names));
      extra = extraText(details, mixed, INITIATOR_BY[portApp >>> 24]!);
    } else {
      const hint = this.#hint(proto, portApp & 0xffff);
      extra = `{${hint === null ? "" : `"hint":${text(hint)},`}"initiator_by":"${INITIATOR_BY[portApp >>> 24]}"}`;
    }
    return (
      `[${high},${low},${text(all.seen.realms[meta >>> 16] ?? null)},${address(all, family, row[at + C.C_INITIATOR]!)},` +
      `${address(all, family, responder)},"${transportName(meta)}",${port},` +
      `${app === 0 ? "null" : text(all.seen.decoders[app - 1]!.id)},${inner},${name === 0 ? "null" : text(all.serverNames[name - 1]!)},` +
      `${peer},"${OUTCOMES[all.outcome(c)]}",${text(this.#verdict)},${row[at + C.C_FLOWS]},${row[at + C.C_PACKETS]! >>> 0},` +
      `${bytes},${row[at + C.C_FIRST]! >>> 0},${Math.floor(row[at + C.C_FIRST + 1]! / 1000)},${row[at + C.C_LAST]! >>> 0},` +
      `${Math.floor(row[at + C.C_LAST + 1]! / 1000)},${extra}]`
    );
  }

  /** True where DNS gave the address a name. */
  #named(realm: number, family: number, word: number): boolean {
    return !this.#dns.isEmpty && this.#dns.knows(realm, addressText(this.#all.seen.flows.ipv6, family, word));
  }

  #hint(proto: number, port: number): string | null {
    return proto === 6 || proto === 17 ? this.#all.seen.identified.hint(proto === 6, port, port) : null;
  }
}

function text(value: string | null): string {
  return value === null ? "null" : JSON.stringify(value);
}

function address(all: C.Conversations, family: number, word: number): string {
  return family === 4 ? String(word >>> 0) : JSON.stringify(addressText(all.seen.flows.ipv6, family, word));
}

/** What it has not is not written: `expandCompactRow` knows what that means, and the views do. */
function extraText(
  { names, operations, outcomes, hint, fields }: ConversationDetails,
  mixed: boolean,
  by: string,
): string {
  let text = "{";
  if (names.length > 0) text += `"names":${JSON.stringify(names)},`;
  if (operations.length > 0) text += `"operations":${JSON.stringify(operations)},`;
  if (mixed) text += `"outcomes":${JSON.stringify(outcomes)},`;
  if (hint !== null) text += `"hint":${JSON.stringify(hint)},`;
  const told = fieldsText(fields);
  if (told !== "{}") text += `"fields":${told},`;
  return `${text}"initiator_by":"${by}"}`;
}

/** Most conversations share the object that has them (`details.ts`). */
function fieldsText(fields: ConversationDetails["fields"]): string {
  let told = FIELDS.get(fields);
  if (told === undefined) {
    told = JSON.stringify(fields);
    FIELDS.set(fields, told);
  }
  return told;
}
const FIELDS = new WeakMap<ConversationDetails["fields"], string>();

/** A whole row of a conversation, without a judgement. */
export function restRow(all: C.Conversations, c: number, dns: DnsEvidence, verdict: Verdict | null): ConversationRow {
  const row = all.rows(c);
  const at = all.at(c);
  const meta = row[at + C.C_META]!;
  const family = (meta >>> 8) & 0xff;
  const proto = meta & 0xff;
  const portApp = row[at + C.C_PORT_APP]!;
  const app = (portApp >>> 16) & 0xff;
  const name = row[at + C.C_NAME]!;
  const id = C.idText(all.id(c));
  const details = readDetails(all, c, dns, id);
  const counts = countsOf(all, c);
  return {
    conversation_id: id,
    realm: all.seen.realms[meta >>> 16] ?? "",
    initiator: addressText(all.seen.flows.ipv6, family, row[at + C.C_INITIATOR]!),
    responder: addressText(all.seen.flows.ipv6, family, row[at + C.C_RESPONDER]!),
    transport: transportName(meta),
    port: hasPorts(proto) ? portApp & 0xffff : null,
    app: app === 0 ? null : all.seen.decoders[app - 1]!.id,
    inner_app: details.innerApp,
    server_name: name === 0 ? null : all.serverNames[name - 1]!,
    peer_name: peerName(details.names),
    outcome: OUTCOMES[all.outcome(c)] as ConversationOutcome,
    verdict,
    model: null,
    rule_id: null,
    reason_code: verdict === "unrelated" ? "no-role" : null,
    reason: null,
    evidence: {
      support: [],
      support_count: 0,
      against: [],
      against_count: 0,
      clauses: [],
      initiator_by: INITIATOR_BY[portApp >>> 24]!,
      nearest: null,
    },
    flows: row[at + C.C_FLOWS]!,
    packets: counts.packets,
    bytes: counts.bytes,
    first_seen: formatInstant(row[at + C.C_FIRST]! >>> 0, row[at + C.C_FIRST + 1]!),
    last_seen: counts.last_seen,
    waived: null,
    hint: details.hint,
    names: details.names,
    operations: details.operations,
    outcomes: details.outcomes,
    fields: details.fields,
    rules: [],
    expectation: null,
    found: null,
  };
}

/** What further packets of the same flows change in a row. */
export function countsOf(all: C.Conversations, c: number): Pick<ConversationRow, "packets" | "bytes" | "last_seen"> {
  const row = all.rows(c);
  const at = all.at(c);
  return {
    packets: row[at + C.C_PACKETS]! >>> 0,
    bytes: row[at + C.C_BYTES + 1]! * 0x1_0000_0000 + (row[at + C.C_BYTES]! >>> 0),
    last_seen: formatInstant(row[at + C.C_LAST]! >>> 0, row[at + C.C_LAST + 1]!),
  };
}
