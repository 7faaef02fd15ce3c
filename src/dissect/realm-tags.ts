/**
 * Which realm a packet belongs to, by the tags and identifiers that it came behind. Only for captures of which a site says
 * that their VLANs or overlay networks are networks of their own; else nothing here runs.
 *
 *     eth │ VLAN 10 │ VLAN 77 │ ip │ udp │ VXLAN 5000 │ eth │ VLAN 20 │ ip …
 *          └─ the outer packet: the outermost that is named  └─ the inner one: the same of its own tags and identifier,
 *                                                               and where none is named, as the packet around it
 *
 * The outermost of one stack, because all that is behind a provider's tag is that customer's, whatever tags it uses itself.
 */
import type { RealmPart, Span } from "../capture/realm-parts.ts";
import type { Packet } from "./packet.ts";

const VLAN_IDS = 4096;

export class RealmTags {
  /** By VLAN id: its realm's index plus one, 0 where it is not named. */
  readonly #vlans = new Uint16Array(VLAN_IDS);
  readonly #vnis: { span: Span; realm: number }[] = [];
  /** The capture's own realm plus one: that of tags which are not named. */
  readonly #own: number;

  /** `realmOf`: a realm's index by its name. `own`: the capture's own. */
  constructor(parts: readonly RealmPart[], realmOf: (name: string) => number, own: number) {
    this.#own = own + 1;
    for (const { realm, vlans, vnis, untagged } of parts) {
      const index = realmOf(realm) + 1;
      if (untagged) this.#vlans[0] = index; // a tag that has a priority and no VLAN (802.1Q section 6.9)
      for (const [first, last] of vlans) this.#vlans.fill(index, first, last + 1);
      for (const span of vnis) this.#vnis.push({ span, realm: index });
    }
  }

  /** A tag has been read: `p.vlan`. */
  tagged(p: Packet): void {
    this.#name(p, this.#vlans[p.vlan]!);
  }

  /** A tunnel's header names the network that it carries: 24 bits at `at`. */
  identified(p: Packet, buf: Uint8Array, at: number): void {
    const vni = (buf[at]! << 16) | (buf[at + 1]! << 8) | buf[at + 2]!;
    this.#name(p, this.#vnis.find(({ span }) => span[0] <= vni && vni <= span[1])?.realm ?? 0);
  }

  #name(p: Packet, realm: number): void {
    if (p.realmNamed) return;
    if (realm !== 0) {
      p.realm = realm;
      p.realmNamed = true;
    } else if (p.realm === 0) {
      p.realm = this.#own;
    }
  }
}
