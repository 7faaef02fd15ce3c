/** What a conversation that leaves a run's memory says of bound hosts: that they were there, and who answered them. */
import { type CastHost, isGlobal, type Played } from "../conform/cast.ts";
import type { Judged } from "../conform/judged.ts";
import { extend } from "../conform/presence.ts";
import * as C from "../observe/conversations.ts";
import { addAnswer, type Departed, type DepartedHost } from "../observe/departed.ts";
import { hostKey } from "../observe/departed-uses.ts";
import { type FlowView, OUTCOMES } from "../observe/flow-view.ts";

/** What rules still ask of it: that its hosts were there, and who answered them; and what devices said in it. */
export function rememberHosts(departed: Departed, all: C.Conversations, judged: Judged, view: FlowView): void {
  const { conversation: c, initiatorRoles, responderRoles, initiator, responder } = judged;
  const realm = all.seen.realms[judged.realm] ?? "";
  const flows = all.flowsOf(c);
  let [asked, answered] = [false, false];
  const holed: [number, number] = [0, 0];
  for (const flow of flows) {
    const { dir } = view.move(flow).initiator();
    asked ||= view.packets(dir) > 0;
    const back = dir === 0 ? 1 : 0;
    answered ||= view.packets(back) > 0;
    if (view.lacks(dir)) holed[0]++;
    if (view.lacks(back)) holed[1]++;
  }
  const [firstSec, lastSec] = [all.word(c, C.C_FIRST) >>> 0, all.word(c, C.C_LAST) >>> 0];
  for (const one of hostsOf(initiatorRoles)) {
    const host = hostOf(departed, realm, one, initiator);
    host.holed += holed[0];
    if (!asked) continue;
    extend(host, firstSec, lastSec);
    host.bothWays ||= answered;
    if (all.isOpenerSaid(c)) {
      host.opened = true;
      if (responderRoles.length === 0) host.elsewhere = true;
      else if (host.reached.size < MOST_REACHED) host.reached.add(responder);
    }
    if (isGlobal(responder))
      for (const flow of flows) {
        const outcome = OUTCOMES[all.flowOutcome(view.move(flow), view.initiator().dir)];
        if (outcome === "established" || outcome === "answered")
          addAnswer(host, view.firstSec, view.lastSec, responder);
      }
  }
  for (const one of hostsOf(responderRoles)) {
    const host = hostOf(departed, realm, one, responder);
    host.holed += holed[1];
    if (!answered) continue;
    extend(host, firstSec, lastSec);
    host.bothWays ||= asked;
    if (asked && initiatorRoles.length > 0 && host.callers.size < MOST_REACHED) host.callers.add(initiator);
  }
}

function hostOf({ hosts }: Departed, realm: string, { host: { text } }: CastHost, address: string): DepartedHost {
  const key = hostKey(realm, text);
  let host = hosts.get(key);
  if (host === undefined) {
    const never = { firstSec: Number.POSITIVE_INFINITY, lastSec: 0 };
    const shown = { bothWays: false, opened: false, elsewhere: false };
    host = { realm, address, holed: 0, ...never, ...shown, reached: new Set(), callers: new Set(), answers: [] };
    hosts.set(key, host);
  }
  return host;
}

/** Each once: one may play several roles. */
function hostsOf(played: readonly Played[]): readonly CastHost[] {
  return played
    .map(({ host }) => host)
    .filter((one, i, all) => all.findIndex(({ host }) => host.text === one.host.text) === i);
}

/** Bound hosts that are kept of those whom one called: without the others less is missing of it. */
const MOST_REACHED = 256;
