/** What came back instead of the answer, in words: who said no, and how. */
import type { FaultFact } from "../decode/facts.ts";
import { type Handshake, isDropped } from "../observe/handshake.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** RFC 792, RFC 1812 section 5.2.7.1. Destination unreachable (3); codes that people meet. */
const UNREACHABLE: Readonly<Record<number, string>> = {
  0: "network unreachable",
  1: "host unreachable",
  2: "protocol unreachable",
  3: "port unreachable",
  9: "network administratively prohibited",
  10: "host administratively prohibited",
  13: "communication administratively prohibited",
};
/** RFC 4443 section 3.1. */
const UNREACHABLE6: Readonly<Record<number, string>> = {
  0: "no route to destination",
  1: "communication administratively prohibited",
  2: "beyond scope of source address",
  3: "address unreachable",
  4: "port unreachable",
  5: "source address failed a policy",
  6: "reject route",
};

/** An ICMP error's meaning: `communication administratively prohibited`, `time exceeded`. `family`: 4 or 6. */
export function icmpWords(family: number, type: number, code: number): string {
  const unreachable = family === 4 ? 3 : 1;
  if (type !== unreachable) return "time exceeded";
  return (family === 4 ? UNREACHABLE : UNREACHABLE6)[code] ?? `unreachable, code ${code}`;
}

/** RFC 792, RFC 4443: nothing listens there. A host says so of itself; so may a firewall on it. */
export function isPortUnreachable(family: number, type: number, code: number): boolean {
  return family === 4 ? type === 3 && code === 3 : type === 1 && code === 4;
}

/** RFC 792, RFC 4443: a router knows no way there, nobody answers to the address on its link, or the packet went round in circles. */
export function isWayless(family: number, type: number, code: number): boolean {
  if (type === (family === 4 ? 11 : 3)) return true;
  return family === 4 ? type === 3 && code <= 1 : type === 1 && (code === 0 || code === 3);
}

/** Why a flow did not come up, as a clause of a sentence about it. */
export function howItEnded(flow: SubjectFlow): string {
  switch (flow.outcome) {
    case "refused":
      return `its SYN was answered by RST${senderOf(flow)}`;
    case "unreachable":
      return `${BY_ERROR}${flow.quotes[0]?.what ?? ANY_ERROR}`;
    case "failed":
      return failure(flow);
    default:
      return isHelloDropped(flow) ? HELLO_DROPPED : "no answer is in the capture";
  }
}

const HELLO_DROPPED =
  "its SYN was answered, and of its TLS hello, which it sent again and again, not even an acknowledgement came back";
const BY_ERROR = "it was answered by ";
/** What an error was is known as long as it stands beside its flow: a live run folds flows that are over (`live/age.ts`). */
const ANY_ERROR = "an ICMP error";

/** Whether the connection opened and its hello got nowhere, though it was sent again and again. */
export const isHelloDropped = ({ handshake }: SubjectFlow): boolean => isDropped(handshake);

/** Whether what is said of how one attempt ended holds for another of which `other` is said. */
export function holdsFor(said: string, other: string): boolean {
  return said === other || (said === BY_ERROR + ANY_ERROR && other.startsWith(BY_ERROR));
}

function failure(flow: SubjectFlow): string {
  if (flow.handshake !== null) return tlsFailure(flow.handshake, flow);
  const fault = flow.sightings.find(({ fact }) => fact.kind === "fault")?.fact as FaultFact | undefined;
  if (fault === undefined) return "it failed before it came up";
  if (fault.what === "http-redirect")
    return `every answer sent it on to ${fault.text}, in some private network, as a portal or a filter on the way does`;
  if (fault.what === "proxy-status") return `the proxy answered HTTP ${fault.code}${PROXY_SAYS[fault.code] ?? ""}`;
  if (fault.what !== "http-status") return `it failed before it came up: ${fault.text}`;
  return `every answer was HTTP ${fault.code} ${fault.text}${HTTP_BY[fault.code] ?? ""}`;
}

/** What a proxy means by it where it was asked for a tunnel (RFC 9110 section 15). */
const PROXY_SAYS: Readonly<Record<number, string>> = {
  400: " (it does not understand the request)",
  403: " (it does not let this through)",
  405: " (it takes no CONNECT)",
  407: " (it asks for a user name and a password)",
  451: " (it may not let this through)",
  502: " (it did not get there)",
  503: " (it did not get there)",
  504: " (nothing there answered it)",
};

/** Who speaks so. A 403 may be the far end's own. */
const HTTP_BY: Readonly<Record<number, string>> = {
  403: ", of the far end itself or of a filter on the way",
  407: ", which a proxy on the way says",
  511: ", which a portal on the way says",
};

/** Who sent the RST, as far as its TTL and its time tell; empty where nothing of the far end's own is there to compare with. */
function senderOf({ reset }: SubjectFlow): string {
  if (reset === null) return "";
  const { nearer, sooner, ttl, usual } = reset;
  if (isOwn(reset)) return ", which came from as far as its own answers";
  const signs = [
    ...(nearer ? [`TTL ${ttl}, where its own answers arrive with ${usual}`] : []),
    ...(sooner === null
      ? []
      : [`after ${ms(sooner.sinceUs)}, where its own answers take ${ms(sooner.tripUs)} at least`]),
  ];
  return `, which something nearer sent in its name: ${signs.join("; ")}`;
}

/** Neither its TTL nor its time says that something on the way sent it. */
export function isOwn({ nearer, sooner }: NonNullable<SubjectFlow["reset"]>): boolean {
  return !nearer && sooner === null;
}

function ms(us: number): string {
  return `${us < 1_000 ? (us / 1_000).toPrecision(1) : (us / 1_000).toFixed(us < 10_000 ? 1 : 0)} ms`;
}

function tlsFailure(handshake: Handshake, flow: SubjectFlow): string {
  const instead = saidInstead(flow);
  if (instead !== null) return `the far end answered the TLS hello by something that is no TLS (${instead})`;
  if (handshake.state === "alert") {
    const { by, fault, afterFlight } = handshake;
    if (by === "client" && fault.code < 0)
      return `the client answered the server's part of the TLS handshake by a protected record as short as an alert${DISTRUST}`;
    if (by === "server") return `the far end ended the TLS handshake by an alert (${fault.text})`;
    if (!afterFlight) return `the client ended the TLS handshake by an alert (${fault.text})`;
    return `the client answered the server's part of the TLS handshake by an alert (${fault.text})${DISTRUST}`;
  }
  if (handshake.state !== "left") return "it failed before it came up";
  const { by, reset, greeted } = handshake;
  if (by === "client")
    return greeted
      ? `the client left after the server's part of the TLS handshake without finishing it${DISTRUST}`
      : "the client gave up: nothing answered its TLS hello";
  if (greeted)
    return `the far end ${reset ? "reset" : "closed"} the connection before the TLS handshake was done${reset ? senderOf(flow) : ""}`;
  return reset
    ? `a RST followed right after the client's TLS hello${senderOf(flow)}`
    : "the far end closed the connection right after the client's TLS hello";
}

/** What answered a TLS hello in clear, such as the page of a proxy that lets nothing through; null where nothing did. */
export function saidInstead({ handshake }: SubjectFlow): string | null {
  return handshake?.state === "alert" || handshake?.state === "left" ? handshake.instead : null;
}

/** What it most often is, said as that and no more. */
const DISTRUST = ", as a client does that does not accept the certificate (of an inspecting proxy, often)";

/** True where the client would not go on with what the server sent: opening a firewall will not help. */
export function isDistrust({ handshake }: SubjectFlow): boolean {
  if (handshake?.state === "alert") return handshake.afterFlight;
  return handshake?.state === "left" && handshake.by === "client" && handshake.greeted;
}
