import type { RealmPart } from "../capture/realm-parts.ts";

/**
 * A model, compiled: what the loader makes of the YAML, what ships as JSON, what `conform/` judges by.
 * Plain data, so that a shipped model loads by `JSON.parse` alone.
 */
export interface Model {
  wirepact: 1;
  name: string;
  /** Where it was loaded from: a path, or `shipped`. */
  source: string;
  document: DocumentInfo;
  parameters: Parameter[];
  roles: Role[];
  endpoints: Endpoint[];
  rules: Rule[];
  unclear: { about: string; readings: string[]; chosen: string }[];
  leftOut: { fact: string; why: string }[];
}

export interface DocumentInfo {
  title: string;
  publisher: string | null;
  product: string | null;
  version: string | null;
  retrieved: string | null;
  textSha256: string | null;
}

export interface Parameter {
  name: string;
  about: string | null;
  type: "choice" | "port" | "version" | "name" | "text";
  /** For `choice`: the values it may take. */
  values: string[];
  /** Null: it has none, and rules that need it are not evaluable until it is given. */
  default: string | null;
  /** Where it stands in the model's file; this and the other `line`s and `column`s are 1-based. */
  line?: number;
  column?: number;
}

/** Every model also has the role `proxy` (see `bind.ts`), declared or not. */
export interface Role {
  name: string;
  about: string | null;
  line?: number;
  column?: number;
}

export interface Endpoint {
  name: string;
  about: string | null;
  hosts: HostPattern[];
  addresses: AddressRange[];
  /** A published address list that the site supplies under this name (`ranges:`); null where there is none. */
  ranges: string | null;
  /**
   * Whether one is enough, or every one is needed. Where it has hosts and addresses, the hosts are what is needed and the
   * addresses are other ways to recognise them.
   */
  need: "any" | "each";
  /** Its names rotate over addresses: an address is a member when DNS said so. */
  pool: boolean;
  /** The hosts bound to this role are meant too; a name that was sent is the stronger. */
  role?: string;
  line?: number;
  column?: number;
}

/** `text` as written, `$param` for a name that is a parameter. Labels in lower case; `*` one label, `**` one or more. */
export interface HostPattern {
  text: string;
  labels: string[];
  parameter: string | null;
}

/** An address, CIDR or range, inclusive. `first` and `last` are fixed-width lower-case hex (8, 32 or 12 digits), so that text order is address order. */
export interface AddressRange {
  text: string;
  family: 4 | 6 | "mac";
  first: string;
  last: string;
}

export type Target =
  | { kind: "role"; role: string }
  | { kind: "endpoint"; endpoint: string }
  /** Any global address that is not bound otherwise. */
  | { kind: "internet" }
  /** Any host that plays a role in any of the models checked, bound or inferred: "every judged host" of `background`. */
  | { kind: "judged" }
  /** Whoever it is: any address at all, judged or not. Lint warns of it where the rule has no ports either. */
  | { kind: "anyone" };

export type Transport = "tcp" | "udp" | "sctp" | "icmp" | "icmp6" | "eth" | "ip" | "any";

/** One alternative of `over`. */
export interface Over {
  transport: Transport;
  /** Empty: any port (or none, where the transport has none). With `ip` these are IP protocol numbers: `ip/2` is IGMP. */
  ports: PortRange[];
  /** As written: `tcp/443`. */
  text: string;
}
export interface PortRange {
  first: number;
  last: number;
  /** The parameter that gives the port beyond NAT (or everywhere, where `first` is -1). */
  parameter: string | null;
}

export type Condition =
  | { op: "is"; parameter: string; values: string[] }
  /** Versions compared part by part as numbers. */
  | { op: "version"; parameter: string; compare: "<" | "<=" | ">" | ">=" | "="; version: string }
  | { op: "and" | "or"; of: Condition[] }
  | { op: "not"; of: Condition };

export type Requirement = "required" | "conditional" | "optional" | "forbidden" | "retired";

export type Expectation =
  /** `tls.version: at least 1.2` — the version number as TLS has it: 0x0303. */
  | { kind: "tls-version"; least: number; text: string }
  | { kind: "encrypted"; value: boolean; text: string }
  /** Operation classes at most. */
  | { kind: "operations"; most: string; text: string }
  /** `ntp.offset: within 3 s` */
  | { kind: "ntp-offset"; withinMs: number; text: string }
  /** Clocks of two roles within. */
  | { kind: "clocks"; roles: [string, string]; withinMs: number; text: string }
  /** Packets at most in a burst: packets of one flow with gaps below 10 s. */
  | { kind: "packets"; most: number; text: string }
  | { kind: "reply"; value: "none" | "some"; text: string }
  | { kind: "content-type"; value: string; text: string }
  /** Minutes after midnight in the site's timezone. */
  | { kind: "time-of-day"; from: number; to: number; text: string }
  /** Any other decoder field. */
  | { kind: "field"; field: string; compare: "=" | "<=" | ">=" | "in"; values: (string | number)[]; text: string };

export interface Citation {
  section: string;
  item: string | null;
}

export interface Rule {
  id: string;
  from: Target;
  to: Target;
  over: Over[];
  /** Decoder ids; null for `any`. */
  apps: string[] | null;
  /** Of these the ones that hold at each port, where the model says so port by port. */
  appsAt?: Record<number, string[]>;
  when: Condition | null;
  requirement: Requirement;
  /** The document's own occasion for it: need not occur in a capture. */
  on: string | null;
  /** Seconds. */
  everySec: number | null;
  fallbackFor: string | null;
  /** Of the rules with the same word here one is enough: the others are not missed while one of them is met. */
  anyOf?: string;
  /** `YYYY-MM-DD`, the last day on which a retired rule still documents. */
  retiredAfter: string | null;
  /**
   * Where the end that nobody bound may be. `internet`: it cannot be bound (roaming clients, webhooks), so while the other
   * end's role is bound it may be any global address. `inside`: the document says that it is inside the organization, so no
   * global address is it while the other end has none.
   */
  peer?: "internet" | "inside";
  expect: Expectation[];
  cite: Citation[];
  note: string | null;
  /** Where it stands in the model's file, for messages and SARIF. */
  line: number;
  column?: number;
}

/** One installation. */
export interface Site {
  source: string | null;
  models: string[];
  /** Role (or MODEL/ROLE) to values, as written. */
  roles: Record<string, string[]>;
  set: Record<string, string>;
  outside: Record<string, string[]>;
  hosts: Record<string, string[]>;
  /** Range list name to what was read from its file. */
  ranges: Record<string, AddressRange[]>;
  timezone: string;
  /** UDP ports on which this network speaks VXLAN, beside the usual ones. */
  vxlan: number[];
  /** VLANs and overlay networks that are networks of their own, in the file's order; left out where there are none. */
  realms?: SiteRealm[];
  waive: Waiver[];
  /** Where an entry of the file stands, for messages of what is checked only against the models: `roles.gateway`. */
  positions?: Record<string, { line: number; column: number }>;
}
/** A network of its own: by whatever it comes, its addresses are never those of others. */
export interface SiteRealm extends RealmPart {
  /** Realm of the captures that this is said of (`--realm NAME=CAPTURE`); null: of those that are given none. */
  in: string | null;
}
export interface Waiver {
  what: { model?: string; rule?: string; from?: string; to?: string; over?: string; app?: string };
  why: string;
  /** `YYYY-MM-DD`; null: no end. */
  until: string | null;
  line: number;
}

/** One thing wrong with a model, a site or a command line, for exit code 2. */
export interface Problem {
  severity: "error" | "warning";
  source: string;
  line: number;
  column: number;
  /** What was found, what was expected, the nearest known word. */
  message: string;
}
