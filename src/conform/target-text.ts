/** Whom a rule goes to, in words. */
import type { Endpoint, Rule, Target } from "../model/types.ts";
import type { LoadedModel } from "./cover.ts";
import { hostTexts, type RuleContext } from "./rule-status.ts";

/** Hosts of a role that one sentence names. */
const NAMED = 3;

/** Whom a rule goes to, for the sentence to the firewall team: `api-us…`, `dns-server (10.20.0.53)`, `the Internet`. */
export function inWords(loaded: LoadedModel, { to }: Rule, { judges }: RuleContext): string {
  if (to.kind === "internet") return "the Internet";
  if (to.kind !== "role") return targetText(loaded, to).replaceAll(",", ", ");
  const hosts = judges.context.cast.hosts.filter(({ model, role }) => model === loaded.model.name && role === to.role);
  const texts = [...new Set(hosts.map(({ host }) => host.text))];
  if (texts.length === 0) return `a ${to.role}`;
  const more = texts.length > NAMED ? ` and ${texts.length - NAMED} more` : "";
  return `${to.role} (${texts.slice(0, NAMED).join(", ")}${more})`;
}

/** As the store has it: names and addresses with commas between them, `role:NAME`, `internet`. */
export function targetText(loaded: LoadedModel, target: Target): string {
  switch (target.kind) {
    case "role":
      return `role:${target.role}`;
    case "endpoint":
      return endpointText(loaded, loaded.endpoints.get(target.endpoint)!);
    case "internet":
      return "internet";
    case "anyone":
    case "judged":
      return target.kind;
  }
}

/** What a document names, with the values that the site gives in its place. */
function endpointText(loaded: LoadedModel, endpoint: Endpoint): string {
  let text = hostTexts(loaded, endpoint).join(",");
  for (const range of endpoint.addresses) text += text === "" ? range.text : `,${range.text}`;
  return text || endpoint.ranges || endpoint.name;
}
