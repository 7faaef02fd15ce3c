/**
 * Connections that may be data channels of an FTP session whose words are inside TLS (RFC 4217): where those are, the session
 * says where nobody can read it. Between the same two hosts, while the session lasts, and not plainly something else.
 */
import { FACT_BITS } from "../decode/details.ts";
import { TCP } from "../dissect/packet.ts";
import { FlowView } from "./flow-view.ts";
import type { Fold } from "./folds.ts";
import type { Observation } from "./observation.ts";
import { flowsSaying } from "./said.ts";

interface Session {
  flow: number;
  firstSec: number;
  lastSec: number;
  /** The server's port. */
  port: number;
}

/** A channel's last packets, and the session's own. */
const AFTER_SEC = 1;
/** Ports below are for services that are called by them; active transfers come from the port below the session's own. */
const LEAST_PORT = 1024;
/** What is said in such a channel: TLS, or data in clear. */
const CONTENTS: ReadonlySet<string | null> = new Set([null, "tls", "ftp-data"]);
/** Sessions between two hosts that are looked through for one connection, the newest first. */
const MOST_SESSIONS = 64;

/** By flow: the session's flow. */
export function findHiddenChannels(seen: Observation, folds: ReadonlyMap<number, Fold>): Map<number, number> {
  const channels = new Map<number, number>();
  const sessions = readSessions(seen);
  if (sessions.size === 0) return channels;
  const view = new FlowView(seen);
  for (let flow = 0; flow < seen.flows.table.count; flow++) {
    view.move(flow);
    if (view.proto !== TCP || folds.has(flow)) continue;
    const app = view.app === 0 ? null : seen.decoders[view.app - 1]!.id;
    if (!CONTENTS.has(app) || isOtherwise(view)) continue;
    const between = sessions.get(endsOf(view)) ?? [];
    const session = between.slice(-MOST_SESSIONS).findLast((one) => fits(one, view));
    if (session !== undefined) channels.set(flow, session.flow);
  }
  return channels;
}

function readSessions(seen: Observation): Map<string, Session[]> {
  const sessions = new Map<string, Session[]>();
  const ftp = seen.decoders.findIndex(({ id }) => id === "ftp") + 1;
  const view = new FlowView(seen);
  for (const flow of flowsSaying(seen, "inner")) {
    if (view.move(flow).app !== ftp || view.proto !== TCP || !isEncrypted(view)) continue;
    const { firstSec, lastSec } = view;
    const port = view.port(view.initiator().dir === 0 ? 1 : 0);
    const list = sessions.get(endsOf(view));
    if (list === undefined) sessions.set(endsOf(view), [{ flow, firstSec, lastSec, port }]);
    else list.push({ flow, firstSec, lastSec, port });
  }
  for (const list of sessions.values()) list.sort((a, b) => a.firstSec - b.firstSec);
  return sessions;
}

function isEncrypted(view: FlowView): boolean {
  return view.saying(FACT_BITS.inner).some(({ fact }) => fact.kind === "inner" && fact.app === "tls");
}

/** TLS that says what is inside it is no FTP. */
function isOtherwise(view: FlowView): boolean {
  return view.saying(FACT_BITS.inner).some(({ fact }) => fact.kind === "inner");
}

function fits({ firstSec, lastSec, port }: Session, view: FlowView): boolean {
  if (view.firstSec < firstSec || view.firstSec > lastSec + AFTER_SEC) return false;
  const ports = [view.port(0), view.port(1)];
  return ports.includes(port - 1) || ports.every((one) => one >= LEAST_PORT);
}

/** Realm, family and both addresses, whichever opened it. */
function endsOf(view: FlowView): string {
  return `${view.realm}|${view.family}|${view.address(0)}|${view.address(1)}`;
}
