/** What a site says of realms against what a stored observation was told apart by. */
import test from "ava";
import type { RealmPart } from "../../src/capture/realm-parts.ts";
import type { SiteRealm } from "../../src/model/types.ts";
import { partsOf, refuseOtherRealms } from "../../src/observe/site-parts.ts";
import { arpFrame, udpFrame } from "../support/frames.ts";
import { observe } from "../support/observe.ts";

const realm = (name: string, vlan: number, more: Partial<SiteRealm> = {}): SiteRealm => ({
  realm: name,
  in: null,
  vlans: [[vlan, vlan]],
  untagged: false,
  vnis: [],
  ...more,
});
const site = (...realms: SiteRealm[]) => ({ source: "site.yaml", realms });
const parts = (...realms: SiteRealm[]): RealmPart[] => partsOf(site(...realms), "default");
const frame = (vlan?: number) =>
  udpFrame({ from: "10.0.0.5:4000", to: "10.0.0.9:53", ...(vlan !== undefined && { vlan }) });

test("what a site says holds for captures without a realm, or for those of the realm that it names", (t) => {
  const both = site(realm("a", 10), realm("b", 20, { in: "north" }));
  t.deepEqual(
    partsOf(both, "default").map((part) => part.realm),
    ["a"],
  );
  t.deepEqual(
    partsOf(both, "north").map((part) => part.realm),
    ["b"],
  );
  t.deepEqual(partsOf(null, "default"), []);
});

test("read with the same realms, in whatever order they were written, it is judged again", (t) => {
  const seen = observe([frame(10)], { parts: parts(realm("a", 10), realm("b", 20)) });
  t.notThrows(() => refuseOtherRealms(seen, "run.sqlite", site(realm("b", 20), realm("a", 10))));
  t.notThrows(() => refuseOtherRealms(seen, "run.sqlite", { source: null }), "a site that says nothing of them");
  t.notThrows(() => refuseOtherRealms(seen, "run.sqlite", null));
});

test("read with others it is refused, with both and what to do", (t) => {
  const seen = observe([frame(10)], { parts: parts(realm("a", 10)) });
  const message =
    "run.sqlite: what is in it of test.pcap was read with the realms a (VLAN 10), and site.yaml says b (VLAN 10). " +
    "Flows are told apart while packets are read: read the capture itself with this site, or take realms: out of the site";
  t.throws(() => refuseOtherRealms(seen, "run.sqlite", site(realm("b", 10))), { message, name: "UsageError" });
  t.throws(() => refuseOtherRealms(seen, "run.sqlite", site(realm("a", 10, { in: "north" }))), {
    message: /says of none/,
  });
});

test("read without any, it is refused where there is something to tell apart", (t) => {
  const refused = (seen: ReturnType<typeof observe>, ...realms: SiteRealm[]) =>
    t.throws(() => refuseOtherRealms(seen, "run.sqlite", site(...realms)), {
      message: /was read without realms in it/,
    });
  refused(observe([frame(10)]), realm("a", 10));
  refused(observe([arpFrame({ mac: "020000000001", address: "10.0.0.5", vlan: 10 })]), realm("a", 10));
  refused(observe([frame()]), realm("a", 10, { untagged: true }));
  t.notThrows(() => refuseOtherRealms(observe([frame()]), "run.sqlite", site(realm("a", 10))), "no frame has a tag");
});
