/** The site file that `wirepact roles` prints: it loads as it is, and binds exactly what it says it does. */
import test from "ava";
import fc from "fast-check";
import type { Likeness, Sign } from "../../src/conform/infer.ts";
import { bindRoles } from "../../src/model/bind.ts";
import { loadShipped } from "../../src/model/shipped.ts";
import { loadSite } from "../../src/model/site.ts";
import type { Model } from "../../src/model/types.ts";
import { type DraftInput, siteDraft } from "../../src/report/site-draft.ts";
import { HOSTILE } from "./hostile.ts";

const MODELS = ["opswat-sdp", "openeye-ows"].map((name) => loadShipped(name)!);

function draft(
  models: readonly Model[],
  found: readonly Likeness[],
  given: Partial<Record<"bind" | "set", string[]>> = {},
) {
  const input: DraftInput = {
    captures: ["a.pcap", `${String(HOSTILE[0])}.pcap`],
    models: models.map((model) => ({ model, word: model.name })),
    bound: bindRoles(models, null, given.bind ?? [], given.set ?? []),
    found,
    used: found.filter(({ confidence }) => confidence !== "low"),
    pathOf: () => `${String(HOSTILE[0])}.pcap`,
  };
  const text = siteDraft(input);
  const { site, problems } = loadSite(text, "draft.yaml", () => "");
  return { text, site, problems };
}

const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6().map((text) => text.toLowerCase()),
);
const likeness = (model: Model): fc.Arbitrary<Likeness> =>
  fc.record({
    realm: fc.constantFrom("default", "plant-a", "office"),
    address,
    model: fc.constant(model.name),
    role: fc.constantFrom(...model.roles.map(({ name }) => name)),
    confidence: fc.constantFrom("high" as const, "medium" as const, "low" as const),
    signs: fc.array(
      fc.record({
        rule: fc.constant("r"),
        member: fc.string(),
        says: fc.oneof(
          fc.string({ unit: "binary" }),
          fc.constantFrom(...HOSTILE.map(String), "a\nmodels: [x]\n- b: c"),
        ),
        frame: fc.constantFrom(null, { capture_id: 0, frame: 7, what: "SYN" }),
        roles: fc.constant(new Set<string>()),
      }) as fc.Arbitrary<Sign>,
      { minLength: 1, maxLength: 3 },
    ),
    others: fc.constantFrom([], ["client"]),
  });

test("it loads whatever was seen, and binds the hosts that are singled out and no others", (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...MODELS.map(likeness)), { maxLength: 8 }), (found) => {
      const { site, problems } = draft(MODELS, found);
      if (site === null || problems.length > 0) throw new Error(problems.map(({ message }) => message).join("\n"));
      const bound = bindRoles(MODELS, site, [], []);
      if (bound.problems.length > 0) throw new Error(bound.problems.map(({ message }) => message).join("\n"));
      const texts = bound.bindings.flatMap(({ model, role, realm, hosts }) =>
        hosts.flatMap(({ addresses }) => addresses.map(({ first }) => `${model} ${role} ${realm} ${first}`)),
      );
      const wanted = found.filter(({ confidence }) => confidence !== "low");
      if (texts.length !== wanted.length) throw new Error(`${texts.length} bound, ${wanted.length} singled out`);
    }),
    { numRuns: 200, seed: 20_261_121 },
  );
  t.pass();
});

test("what was given stands in it again", (t) => {
  const [sdp] = MODELS;
  const first = draft([sdp!], [], {
    bind: ["gateway=10.20.0.5+2001:db8::5", "client=10.30.0.0/16"],
    set: ["region=us"],
  });
  t.deepEqual(first.problems, []);
  t.deepEqual(first.site?.roles, { client: ["10.30.0.0/16"], gateway: ["10.20.0.5+2001:db8::5"] });
  t.deepEqual(first.site?.set, { region: "us" });
  t.deepEqual(first.site?.models, ["opswat-sdp"]);
});

test("a role that nobody plays is commented out with what would single it out", (t) => {
  const { text, site } = draft([MODELS[0]!], []);
  t.deepEqual(site?.roles, {});
  t.regex(text, /# gateway: \[ADDRESS\]\n.*what would: tcp\/443 to gateway-websockets-api-us\.sdp\.opswat\.com/);
  t.regex(text, /# client: \[ADDRESS\]\n.*only you can say/);
  t.regex(text, /# region: us \| eu/);
});
