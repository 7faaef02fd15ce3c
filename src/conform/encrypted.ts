/**
 * Which applications are encrypted, what an upgrade proves, and "expect: encrypted". A connection may begin in clear and upgrade (STARTTLS); what breaks the
 * expectation is only what was really said in clear: a password, or an operation beyond opening a session. That the
 * upgrade was not seen proves nothing.
 */
import type { FrameRef } from "../report/result.ts";
import { compareInstants } from "../time.ts";
import { type Clause, proved, unobservable, unproved } from "./clause.ts";
import { framesOf } from "./flow-frames.ts";
import type { SubjectFlow } from "./subject-flow.ts";

const ENCRYPTED: ReadonlySet<string> = new Set(["tls", "dtls", "quic", "ssh", "wireguard", "openvpn"]);

/** What began in clear and became another protocol in sight (STARTTLS, a WebSocket) is both. What runs inside TLS is only told. */
export function upgradeClause(apps: readonly string[], app: string, flow: SubjectFlow): Clause | null {
  if (ENCRYPTED.has(app)) return null;
  const became = flow.sightings.find(({ fact }) => fact.kind === "inner" && apps.includes(fact.app));
  if (became?.fact.kind !== "inner") return null;
  const frames = [...firstOf(flow, 0), ...firstOf(flow, 1), ...framesOf(became, became.fact.app)];
  return proved("app", `${app}, then ${became.fact.app}`, frames);
}

/** A decoder's field that says how a password was sent (`ftp.password`), and what it says where anybody could read it. */
const PASSWORD = /\.password$/;
const IN_CLEAR = "in clear";
/** A field that says whether anybody in particular logs in (`ftp.anonymous`). */
const LOGIN = /\.anonymous$/;

/** What broke the expectation, in words and frames; or what became of the clause. */
export type EncryptionFound = { found: string; against: FrameRef[] } | Clause;

/** `app`: the flow's application, null where it is not known. */
export function encryption(wanted: boolean, text: string, app: string | null, flow: SubjectFlow): EncryptionFound {
  const whole = app !== null && ENCRYPTED.has(app);
  const clear = whole ? null : inClear(flow);
  const hidden = whole ? speaking(app, flow) : upgraded(flow);
  if (wanted) {
    if (clear !== null) return { found: clear.what, against: clear.frames };
    // Behind a hole in the initiator's words may stand what was said in clear, unless its own side shows the upgrade.
    const sure = whole || !flow.holed || hidden?.dir === flow.there;
    if (hidden !== null && sure) return proved("expect", `${hidden.what} from there on`, hidden.frames);
  } else {
    if (hidden !== null) return { found: hidden.what, against: hidden.frames };
    if (clear !== null) return proved("expect", clear.what, clear.frames);
    return unobservable("expect", `${text}: nothing that tells is in this capture`);
  }
  const says = `${text}: neither an upgrade nor anything said in clear is in this capture`;
  return unproved("expect", "expectation-unproved", says, "capture the connection from its start, without loss");
}

interface Found {
  what: string;
  dir: 0 | 1;
  frames: FrameRef[];
}

function speaking(app: string, flow: SubjectFlow): Found | null {
  const spoken = flow.sightings[0];
  return spoken === undefined ? null : { what: app, dir: spoken.dir, frames: framesOf(spoken, app) };
}

function upgraded(flow: SubjectFlow): Found | null {
  const upgrade = flow.sightings.find(({ fact }) => fact.kind === "inner" && ENCRYPTED.has(fact.app));
  if (upgrade?.fact.kind !== "inner") return null;
  return found(upgrade.fact.app, upgrade.dir, framesOf(upgrade, upgrade.fact.app), flow);
}

function inClear(flow: SubjectFlow): Found | null {
  for (const sighting of flow.sightings) {
    const { fact } = sighting;
    if (fact.kind === "field" && PASSWORD.test(fact.field) && fact.value === IN_CLEAR) {
      const frames = framesOf(sighting, "a password in clear");
      return found("a password in clear", sighting.dir, [...loginOf(sighting, flow), ...frames], flow);
    }
  }
  for (const kind of flow.operations.kinds) {
    if (kind.role !== "request" || kind.class === "session" || kind.class === "unknown") continue;
    const what = `${kind.operation} in clear`;
    const frames = kind.frames.map(({ capture, frame }) => ({ capture_id: capture, frame, what }));
    return found(what, kind.dir, frames, flow);
  }
  return null;
}

/** Who logs in may have been said in a message of its own, without which the password might be anybody's. */
function loginOf(password: SubjectFlow["sightings"][number], flow: SubjectFlow): FrameRef[] {
  const said = flow.sightings.filter(
    ({ fact, dir }) => dir === password.dir && fact.kind === "field" && LOGIN.test(fact.field),
  );
  const login = said.findLast(({ sec, nsec }) => compareInstants({ sec, nsec }, password) <= 0);
  return login === undefined ? [] : framesOf(login, "who logs in");
}

/** Without a direction's first words none of its later ones could be read: they are evidence as well. */
function found(what: string, dir: 0 | 1, frames: FrameRef[], flow: SubjectFlow): Found {
  return { what, dir, frames: [...firstOf(flow, dir), ...frames] };
}

/** Frames of the first words of a direction. */
function firstOf(flow: SubjectFlow, dir: 0 | 1): FrameRef[] {
  const first = flow.sightings.find((sighting) => sighting.dir === dir);
  return first === undefined ? [] : framesOf(first, "first words");
}
