/** Who plays which role: the longest prefix wins within a model, equal ones give both, each model by itself. */
import test from "ava";
import { Cast, isGlobal } from "../../src/conform/cast.ts";
import { AddressTable } from "../../src/flow/addresses.ts";
import { bindRoles } from "../../src/model/bind.ts";
import type { Model } from "../../src/model/types.ts";
import { modelOf } from "./scene.ts";

const model = (name: string): Model => ({
  ...modelOf({ rules: [{ id: "r", to: "internet", over: "tcp/443", app: "any" }] }),
  name,
});
const MODELS = [model("m"), model("n")];

function cast(bind: readonly string[], resolve: (name: string) => string[] = () => []): Cast {
  const { bindings, problems } = bindRoles(MODELS, null, bind, []);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join());
  return new Cast(bindings, (name) => resolve(name).map((text) => ({ text, frames: [] })));
}

const CASES: Record<string, { bind: string[]; played: Record<string, string> }> = {
  "an address": {
    bind: ["m/host=10.0.0.5"],
    played: { "10.0.0.5": "m/host", "10.0.0.6": "", "10.0.0.4": "" },
  },
  "a prefix": {
    bind: ["m/host=10.0.0.0/30"],
    played: { "10.0.0.0": "m/host", "10.0.0.3": "m/host", "10.0.0.4": "", "9.255.255.255": "" },
  },
  "the longest prefix of a model wins": {
    bind: ["m/host=10.0.0.0/8", "m/peer=10.1.0.0/16"],
    played: { "10.0.0.1": "m/host", "10.1.0.1": "m/peer" },
  },
  "whatever order they are given in": {
    bind: ["m/peer=10.1.0.0/16", "m/host=10.0.0.0/8"],
    played: { "10.0.0.1": "m/host", "10.1.0.1": "m/peer" },
  },
  "equal ones give both": {
    bind: ["m/host=10.0.0.0/24", "m/peer=10.0.0.0/24"],
    played: { "10.0.0.1": "m/host m/peer" },
  },
  "each model by itself": {
    bind: ["m/host=10.0.0.0/8", "n/host=10.0.0.5"],
    played: { "10.0.0.5": "n/host m/host", "10.0.0.6": "m/host" },
  },
  "several addresses of one host": {
    bind: ["m/host=10.0.0.5+2001:db8::5"],
    played: { "10.0.0.5": "m/host", "2001:db8::5": "m/host", "2001:db8::6": "" },
  },
  "IPv6 prefixes, the longest": {
    bind: ["m/host=2001:db8::/32", "m/peer=2001:db8:1::/48"],
    played: { "2001:db8::1": "m/host", "2001:db8:1::1": "m/peer", "2001:db9::": "" },
  },
  "the ends of the address space": {
    bind: ["m/host=0.0.0.0/1", "m/peer=128.0.0.0/1"],
    played: { "0.0.0.0": "m/host", "127.255.255.255": "m/host", "128.0.0.0": "m/peer", "255.255.255.255": "m/peer" },
  },
};

for (const [what, { bind, played }] of Object.entries(CASES)) {
  test(what, (t) => {
    const all = cast(bind);
    for (const [address, roles] of Object.entries(played)) {
      const found = all.ofText("default", address).map(({ model: of, role }) => `${of}/${role}`);
      t.is(found.join(" "), roles, address);
    }
  });
}

test("an address as flows have it plays the same", (t) => {
  const all = cast(["m/host=200.0.0.5+2001:db8::5"]);
  const ipv6 = new AddressTable();
  const number = ipv6.of(0x20010db8, 0, 0, 5);
  t.is(all.rolesOf("default", 4, (200 << 24) | 5, ipv6).length, 1);
  t.is(all.rolesOf("default", 6, number, ipv6).length, 1);
  t.is(all.rolesOf("default", 4, 5, ipv6).length, 0);
});

test("a binding to one realm holds there alone", (t) => {
  const all = cast(["m/host=plant/10.0.0.5"]);
  t.is(all.ofText("plant", "10.0.0.5").length, 1);
  t.is(all.ofText("office", "10.0.0.5").length, 0);
});

test("a name is the addresses that it resolves to", (t) => {
  const all = cast(["m/host=gw.example.com"], (name) =>
    name === "gw.example.com" ? ["192.0.2.9", "2001:db8::9"] : [],
  );
  t.is(all.ofText("default", "192.0.2.9").length, 1);
  t.is(all.ofText("default", "2001:db8::9").length, 1);
});

test("internet binds a role and gives nobody one", (t) => {
  const all = cast(["m/peer=internet"]);
  t.true(all.isInternet("m", "peer"));
  t.true(all.isBound("m", "peer"));
  t.false(all.isInternet("n", "peer"));
  t.deepEqual(all.ofText("default", "192.0.2.1"), []);
});

for (const [address, global] of [
  ["192.0.2.1", true],
  ["8.8.8.8", true],
  ["10.0.0.1", false],
  ["172.16.0.1", false],
  ["172.32.0.1", true],
  ["192.168.1.1", false],
  ["169.254.0.1", false],
  ["100.64.0.1", false],
  ["127.0.0.1", false],
  ["224.0.0.251", false],
  ["255.255.255.255", false],
  ["2001:db8::1", true],
  ["64:ff9b::cb00:710a", true],
  ["64:ff9b::a00:1", false],
  ["64:ff9b:1::cb00:710a", false],
  ["fd00::1", false],
  ["fe80::1", false],
  ["ff02::1", false],
  ["::1", false],
] as const) {
  test(`${address} is ${global ? "" : "not "}in the Internet`, (t) => t.is(isGlobal(address), global));
}
