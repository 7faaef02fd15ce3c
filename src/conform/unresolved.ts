/** What is said of an address that nothing in the capture names: what its host was told of it, and how it could be known. */
import type { NameAnswer } from "../observe/dns-answers.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import type { WhomContext } from "./whom.ts";

/** What is known of its own look-ups and of whom it met: no such answer in the capture, or one too late, or too long ago, to tell. */
export function unresolved(
  { realm, responder, initiator, addresses }: Subject,
  flow: SubjectFlow,
  { dns }: WhomContext,
  isMeant: (answer: NameAnswer) => boolean,
): string {
  const late = dns.namesAtLast(realm, responder, addresses, flow).own.find(isMeant);
  if (late !== undefined)
    return `DNS gave it to ${initiator} for ${late.name} only after this had begun${certificateOf(flow)}`;
  const last = dns.lastBefore(realm, responder, addresses, flow.firstSec);
  if (last === null || !isMeant(last)) return `${initiator} never resolved it in the capture${certificateOf(flow)}`;
  const hours = Math.floor((flow.firstSec - last.lastSec) / 3600);
  return `DNS gave it to ${initiator} for ${last.name} ${hours} hours before, which is too long ago${certificateOf(flow)}`;
}

/** What the far end's certificate is for, as an aside: it proves nothing of what the client wanted. */
function certificateOf({ sightings }: SubjectFlow): string {
  const shown = sightings.find(({ fact }) => fact.kind === "name" && fact.source === "certificate");
  return shown?.fact.kind === "name" ? `; the certificate that it showed is for ${shown.fact.name}` : "";
}

/** How the name of an address could still be known. */
export function howToResolve({ initiator, realm, addresses }: Subject, { hiddenResolver }: WhomContext): string {
  const hidden = hiddenResolver(realm, addresses);
  return hidden === null
    ? "restart the service during the capture, or give the address under hosts: in the site"
    : `${initiator} resolves over ${hidden}, so no capture shows its look-ups: give the address under hosts: in the site, or let it use plain DNS meanwhile`;
}

/** How what its client said first could be had, which may name another destination than all else does. */
export function howToHear({ openedSec, connectionless, cutShort }: SubjectFlow): string {
  if (connectionless || openedSec === Number.NEGATIVE_INFINITY)
    return "restart the service during the capture, so that its connection is seen from its start";
  if (cutShort) return "capture whole packets (tcpdump -s 0)";
  return "capture again without loss: its opening is in the capture, and what the client said next is not";
}
