/** `wirepact models explain NAME --from … --to … --over …`: would this connection be documented? No capture needed. */

import { parseAddress } from "../address.ts";
import { type Answer, type Question, wouldBeDocumented } from "../conform/hypothetical.ts";
import { ProblemsError, UsageError } from "../errors.ts";
import { APP_IDS } from "../model/apps.ts";
import { bindRoles } from "../model/bind.ts";
import { parseOver } from "../model/over.ts";
import { describeApps } from "../model/show.ts";
import type { Model } from "../model/types.ts";
import { Page } from "../report/page.ts";
import { penFor } from "../report/pen.ts";
import { unknownWord } from "../words.ts";
import { modelArgument } from "./judging.ts";
import { reportOutput } from "./output.ts";

export interface ExplainModelOptions {
  from: string;
  to: string;
  over: string;
  app?: string;
  set: string[];
}

/** Exit 0 where the answer is clear, whatever it is. */
export async function explainModel(name: string, options: ExplainModelOptions): Promise<number> {
  const model = await modelArgument(name);
  const question = readQuestion(model, options);
  const { parameters, problems } = bindRoles([model], null, [], options.set);
  if (problems.some(({ severity }) => severity === "error")) throw new ProblemsError(problems);
  const answer = wouldBeDocumented(model, question, (key) => parameters.get(model.name)?.get(key)?.value ?? null);
  const output = await reportOutput(undefined);
  const page = new Page(penFor(output.terminal, process.env));
  print(page, model, options, answer);
  await output.write([page.toString()]);
  return 0;
}

function readQuestion(model: Model, { from, to, over, app }: ExplainModelOptions): Question {
  const roles = model.roles.map((role) => role.name);
  const opener = from.replace(/^role:/, "");
  if (!roles.includes(opener) && parseAddress(opener) === null) {
    throw new UsageError(`--from ${from}: ${unknownWord("role", opener, roles)}, or give an address`);
  }
  const wanted = to.replace(/^role:/, "");
  if (!roles.includes(wanted) && parseAddress(wanted) === null) checkName(model, wanted);
  const wrong: string[] = [];
  const parsed = parseOver(over, model.parameters, (message) => wrong.push(message));
  if (parsed === null) throw new UsageError(`--over ${over}: ${wrong.join("; ")}`);
  const range = parsed.ports[0];
  if (parsed.ports.length > 1 || (range !== undefined && (range.first !== range.last || range.first < 0))) {
    throw new UsageError(`--over ${over}: name one port, such as tcp/443`);
  }
  if (app !== undefined && !APP_IDS.includes(app)) {
    throw new UsageError(`--app ${app}: ${unknownWord("application", app, APP_IDS)}`);
  }
  return {
    from: opener,
    to: wanted,
    transport: parsed.transport,
    port: range?.first ?? null,
    app: app ?? null,
  };
}

/** A name without a dot that is no host of the model is a word of the model, or was meant for one. */
function checkName({ roles, endpoints }: Model, name: string): void {
  const endpoint = endpoints.find((one) => one.name === name);
  if (endpoint !== undefined) {
    const members = [...endpoint.hosts, ...endpoint.addresses].map(({ text }) => text);
    throw new UsageError(`--to ${name}: an endpoint; name one of its hosts: ${members.join(", ")}`);
  }
  const hosts = endpoints.flatMap((one) => one.hosts.map(({ text }) => text));
  if (name.includes(".") || hosts.includes(name.toLowerCase())) return;
  const words = roles.map((role) => role.name);
  throw new UsageError(`--to ${name}: ${unknownWord("role", name, words)}, or give a host name or an address`);
}

const SAYS: Readonly<Record<Answer["verdict"], string>> = {
  documented: "DOCUMENTED",
  depends: "DEPENDS",
  forbidden: "FORBIDDEN",
  retired: "RETIRED",
  undocumented: "UNDOCUMENTED",
};

function print(page: Page, model: Model, { from, to, over, app }: ExplainModelOptions, answer: Answer): void {
  const { pen } = page;
  const good = answer.verdict === "documented";
  const paint = good ? pen.green : answer.verdict === "depends" ? pen.yellow : pen.red;
  const glyph = good ? pen.glyphs.good : answer.verdict === "depends" ? pen.glyphs.unsure : pen.glyphs.bad;
  const connection = `${from} ${pen.glyphs.arrow} ${to} ${over}${app === undefined ? "" : ` ${app}`}`;
  page.hang({ text: `${glyph} ${SAYS[answer.verdict]}`, paint }, `${connection}, by ${model.name}`, { indent: 0 });
  for (const { rule, says, decide } of answer.rules) {
    page.blank();
    page.hang({ text: rule.id, paint: pen.bold }, `${rule.requirement}: ${says}`);
    if (decide !== null) page.text(decide, { indent: 4 });
    if (rule.on !== null) page.text(`on ${rule.on}`, { indent: 4 });
    if (rule.apps !== null)
      page.text(`as ${rule.appsAt === undefined ? rule.apps.join(" or ") : describeApps(rule)}`, {
        indent: 4,
        paint: pen.dim,
      });
    for (const { text } of rule.expect) page.text(`expected: ${text}`, { indent: 4, paint: pen.dim });
    for (const { section, item } of rule.cite) {
      page.text(`${model.document.title}: ${section}${item === null ? "" : `, ${item}`}`, {
        indent: 4,
        paint: pen.dim,
      });
    }
  }
  if (answer.verdict !== "undocumented") return;
  page.blank();
  if (answer.nearest === null) page.text("No rule of the model has anything in common with it.");
  else page.text(`The nearest rule is ${answer.nearest.rule_id}: ${answer.nearest.says}`);
}
