/**
 * `realms:` of a site file: which VLANs of a trunk, and which overlay networks, are networks of their own.
 *
 *     realms:
 *       - { name: plant-a, vlans: [10, 11-19] }
 *       - { name: plant-b, vlans: [20, untagged], vnis: 5000 }
 *       - { name: office, in: north, vlans: 30 }        of captures given the realm north
 */
import { partText, type RealmPart, type Span } from "../capture/realm-parts.ts";
import { quote } from "../words.ts";
import { KEYS } from "./keys.ts";
import type { Reader } from "./reader.ts";
import type { SiteRealm } from "./types.ts";
import type { Item, TextItem } from "./yaml.ts";

/** As `--realm` takes them: a binding says `REALM/ADDRESS`. */
const NAME = /^[A-Za-z0-9][\w.-]*$/;
const UNTAGGED = "untagged";
const VLANS: Span = [1, 4094];
const VNIS: Span = [0, 0xff_ffff];

/** What one entry claims, to tell another one that claims the same. */
interface Claimed {
  of: string;
  part: Omit<RealmPart, "realm">;
  realm: string;
  line: number;
}

export function readRealms(reader: Reader, item: Item | undefined): SiteRealm[] {
  const claimed: Claimed[] = [];
  return reader.list(item).flatMap((entry) => readRealm(reader, entry, claimed) ?? []);
}

function readRealm(reader: Reader, item: Item, claimed: Claimed[]): SiteRealm | null {
  const fields = reader.fields(item, "realm", KEYS.realm);
  if (fields === null) return null;
  if (fields.get("name") === undefined) reader.lacking(fields.at, 'realm: "name" is missing');
  const name = readName(reader, fields.get("name"), "realm, name");
  const within = readName(reader, fields.get("in"), "realm, in");
  const found: SiteRealm = { realm: name ?? "", in: within, vlans: [], untagged: false, vnis: [] };
  const what = name === null ? "realm" : `realm ${name}`;
  const claim = (word: TextItem, part: Omit<RealmPart, "realm">): void => {
    const of = within ?? "";
    const other = claimed.find((one) => one.of === of && overlaps(one.part, part));
    if (other !== undefined && other.realm !== found.realm)
      reader.error(word, `${what}: ${partText(part)} is ${other.realm}'s already (line ${other.line})`);
    claimed.push({ of, part, realm: found.realm, line: word.line });
  };
  const vlans: Span[] = [];
  const vnis: Span[] = [];
  for (const word of reader.texts(fields.get("vlans"), `${what}, vlans`)) {
    const untagged = word.text === UNTAGGED;
    const span = untagged ? null : parseSpan(word.text, VLANS);
    if (untagged) found.untagged = true;
    else if (span !== null) vlans.push(span);
    else
      reader.expected(word, `${what}, vlans`, "a VLAN id from 1 to 4094, two with a dash such as 11-19, or untagged");
    if (untagged || span !== null) claim(word, { vlans: span === null ? [] : [span], untagged, vnis: [] });
  }
  for (const word of reader.texts(fields.get("vnis"), `${what}, vnis`)) {
    const span = parseSpan(word.text, VNIS);
    if (span === null)
      reader.expected(word, `${what}, vnis`, "a network identifier from 0 to 16777215, or two with a dash");
    else {
      vnis.push(span);
      claim(word, { vlans: [], untagged: false, vnis: [span] });
    }
  }
  if (fields.get("vlans") === undefined && fields.get("vnis") === undefined)
    reader.lacking(fields.at, `${what}: nothing says what is in it; expected "vlans" or "vnis"`);
  return { ...found, vlans, vnis };
}

function readName(reader: Reader, item: Item | undefined, what: string): string | null {
  const word = reader.text(item, what);
  if (word === null) return null;
  if (NAME.test(word.text)) return word.text;
  reader.error(word, `${what}: ${quote(word.text)} is no name; expected letters, digits, dots and dashes`);
  return null;
}

/** `10` or `11-19` within bounds, the first no larger than the last. */
function parseSpan(text: string, [least, most]: Span): Span | null {
  const [, from, to = from] = /^([0-9]{1,8})(?:-([0-9]{1,8}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return first >= least && first <= last && last <= most ? [first, last] : null;
}

function overlaps(one: Omit<RealmPart, "realm">, other: Omit<RealmPart, "realm">): boolean {
  return (one.untagged && other.untagged) || anyCommon(one.vlans, other.vlans) || anyCommon(one.vnis, other.vnis);
}

function anyCommon(some: readonly Span[], others: readonly Span[]): boolean {
  return some.some(([first, last]) => others.some((other) => first <= other[1] && other[0] <= last));
}
