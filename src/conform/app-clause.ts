/** The clause "app": what a flow's content is, against what a rule names. */
import { APP_PARTS } from "../model/apps.ts";
import type { Rule } from "../model/types.ts";
import { type Clause, failed, proved, unproved } from "./clause.ts";
import type { LoadedModel } from "./cover.ts";
import { upgradeClause } from "./encrypted.ts";
import { framesOf } from "./flow-frames.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { speaking } from "./up.ts";

const ANY_APP = proved("app", "any application");

/** As what: by content, never by the port. */
export function appClause(loaded: LoadedModel, rule: Rule, subject: Subject, flow: SubjectFlow): Clause {
  const apps = appsAt(rule, subject.port);
  if (apps === null) return ANY_APP;
  const ofPort = subject.port === null ? undefined : rule.appsAt?.[subject.port];
  const wanted = ofPort === undefined ? loaded.prepared(rule).appText : `${apps.join(" or ")} on ${subject.port}`;
  if (subject.app !== null) {
    const sighting = flow.sightings[0];
    const frames = sighting === undefined ? [] : framesOf(sighting, subject.app);
    if (apps.includes(subject.app)) return behindUpgrade(subject, flow) ?? proved("app", subject.app, frames);
    const part =
      partClause(apps, subject.app, flow) ??
      upgradeClause(apps, subject.app, flow) ??
      beforeUpgrade(apps, subject.app, flow);
    if (part !== null) return part;
    return failed("app", "no-rule", `${subject.app} instead of ${wanted}`, [...frames, ...speaking(flow, subject.app)]);
  }
  if (flow.unknownContent) {
    const unreadable = apps.filter((app) => flow.unreadableAs.includes(app));
    if (unreadable.length > 0) {
      return unproved(
        "app",
        "app-unseen",
        `only its ends can read it, which ${unreadable.join(" or ")} is like behind its first packets`,
        "capture the connection from its start",
        flow.coming,
      );
    }
    if (apps.some((app) => flow.beginsAs.includes(app))) {
      const says = `it ended before it said whether it is ${wanted}, which begins like that`;
      return unproved("app", "app-unseen", says, "capture a session that goes on", flow.coming);
    }
    return failed("app", "no-rule", `its content is not ${wanted}`, flow.coming);
  }
  if (flow.hasData && flow.cutShort) {
    const says = `its packets are cut in the capture, and what is left does not show whether it is ${wanted}`;
    return unproved("app", "app-unseen", says, "capture whole packets (tcpdump -s 0)", flow.coming);
  }
  if (!flow.hasData && !flow.holed && flow.openedSec !== Number.NEGATIVE_INFINITY && flow.outcome === "established")
    return unproved(
      "app",
      "app-unseen",
      `nothing was said in it, so nobody can say whether it is ${wanted}`,
      "capture a connection in which something is said",
    );
  return unproved(
    "app",
    flow.hasData ? "app-unseen" : "never-came-up",
    flow.hasData ? `the capture does not show whether it is ${wanted}` : `no payload shows whether it is ${wanted}`,
    "capture the connection from its start",
  );
}

/** HTTP that both ends agreed to leave for something that nobody can name: what a proxy is asked for is a tunnel of its own. */
function behindUpgrade({ through }: Subject, flow: SubjectFlow): Clause | null {
  if (through !== undefined) return null;
  const other = flow.sightings.filter(({ fact }) => fact.kind === "field" && fact.field === "http.tunnel");
  if (other.length === 0) return null;
  const says = "http, and behind its Upgrade or CONNECT something that is none of the protocols that are read here";
  const frames = other.flatMap((sighting) => framesOf(sighting, "what is no HTTP any more"));
  return unproved("app", "app-unseen", says, "the logs of both ends, which name it", frames);
}

/** What may run behind a protocol of an Upgrade: inside of WebSocket what its subprotocol names. */
const UPGRADES: Readonly<Record<string, readonly string[]>> = {
  websocket: ["websocket", "mqtt", "amqp", "xmpp", "sip"],
  h2c: ["http2"],
  "tls/1.0": ["tls"],
};

/** HTTP that its client asked to become what a rule names, of which no answer is in the capture: it may have been agreed to. */
function beforeUpgrade(apps: readonly string[], app: string, { sightings, there }: SubjectFlow): Clause | null {
  const asked = sightings.findLastIndex(
    ({ fact, dir }) =>
      dir === there &&
      fact.kind === "field" &&
      fact.field === "http.upgrade" &&
      String(fact.value)
        .split(",")
        .some((protocol) => UPGRADES[protocol]?.some((one) => apps.includes(one))),
  );
  if (asked < 0) return null;
  const isAnswered = sightings.slice(asked).some(({ fact, dir }) => dir !== there && fact.kind === "message");
  if (isAnswered) return null;
  const says = `${app}, and no answer to its Upgrade is in the capture`;
  return unproved("app", "app-unseen", says, "capture the connection from its start, both directions", [
    ...framesOf(sightings[asked]!, app),
  ]);
}

/** What a rule names, at this port: where it has another port, that clause says so, and here any of them will do. */
export function appsAt({ apps, appsAt: at }: Rule, port: number | null): readonly string[] | null {
  return (port === null ? undefined : at?.[port]) ?? apps;
}

/** Where a rule names a part of the application that was seen, a field of its requests decides; null where it names none. */
function partClause(apps: readonly string[], app: string, flow: SubjectFlow): Clause | null {
  const part = apps.find((word) => APP_PARTS[word]?.app === app);
  if (part === undefined) return null;
  const { field } = APP_PARTS[part]!;
  const shown = flow.sightings.find(({ fact }) => fact.kind === "field" && fact.field === field);
  if (shown !== undefined) return proved("app", part, framesOf(shown, part));
  const request = flow.sightings.find(({ fact }) => fact.kind === "message" && fact.what === "request");
  if (request !== undefined) return failed("app", "no-rule", `${app} without ${field}`, framesOf(request, app));
  const decide = "capture the connection from its start";
  return unproved("app", "app-unseen", `no request shows whether it is ${part}`, decide);
}
