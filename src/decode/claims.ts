/**
 * What a flow's messages claim of its ends, as bits: who is client, and how far each end came. Every pass that asks who opened a
 * flow and what became of it needs no more of most flows, and a database's facts are no objects then.
 */
import type { FlowDetail } from "./details.ts";
import type { Fact, FaultFact, Sighting } from "./facts.ts";

/** What one fact claims. */
export const CLAIM = { nothing: 0, up: 1, client: 2, greeting: 3, server: 4, alert: 5 } as const;

/** Bits of a flow's claims. Where a bit has a direction, shift it left by that. */
/** This end came up. */
export const UP = 1 << 0;
/** A message says that this end is the client. */
export const CLIENT = 1 << 2;
/** A client's message is there. */
export const ASKED = 1 << 4;
/** A server's hello is there. */
export const GREETED = 1 << 5;
/** An alert of an end that had not come up before. */
export const ALERT = 1 << 6;

export function claimOf(fact: Fact): number {
  switch (fact.kind) {
    case "up":
      return CLAIM.up;
    case "role":
      if (fact.sender === "client") return CLAIM.client;
      return isHello(fact.why) ? CLAIM.greeting : CLAIM.server;
    case "fault":
      return fact.what === "tls-alert" ? CLAIM.alert : CLAIM.nothing;
    default:
      return CLAIM.nothing;
  }
}

/** A server that speaks something else is read by another decoder, and has greeted nobody. */
function isHello(why: string): boolean {
  return why.startsWith("TLS ") || why.startsWith("SSL ");
}

/** All that was claimed, with what the next fact claims. */
export function withClaim(claims: number, claim: number, dir: number): number {
  switch (claim) {
    case CLAIM.up:
      return claims | (UP << dir);
    case CLAIM.client:
      return claims | (CLIENT << dir) | ASKED;
    case CLAIM.greeting:
      return claims | (CLIENT << (1 - dir)) | GREETED;
    case CLAIM.server:
      return claims | (CLIENT << (1 - dir));
    case CLAIM.alert:
      return (claims & (UP << dir)) === 0 ? claims | ALERT : claims;
    default:
      return claims;
  }
}

export function claimsOf(detail: FlowDetail): number {
  if (detail.claims !== undefined) return detail.claims();
  const { sightings } = detail;
  return sightings.length < LONG ? claimsAmong(sightings) : longClaims(sightings);
}

export function claimsAmong(sightings: readonly Sighting[]): number {
  let claims = 0;
  for (const { fact, dir } of sightings) claims = withClaim(claims, claimOf(fact), dir);
  return claims;
}

/** Facts of one flow from which on what was found out of them is kept: a flow of thousands of parts is asked as often. */
const LONG = 256;
const known = new WeakMap<readonly Sighting[], { count: number; claims: number }>();

function longClaims(sightings: readonly Sighting[]): number {
  const before = known.get(sightings);
  if (before?.count === sightings.length) return before.claims;
  const claims = claimsAmong(sightings);
  known.set(sightings, { count: sightings.length, claims });
  return claims;
}

/** The alert that ALERT stands for. */
export function firstAlert(sightings: readonly Sighting[]): (Sighting & { fact: FaultFact }) | null {
  let claims = 0;
  for (const sighting of sightings) {
    claims = withClaim(claims, claimOf(sighting.fact), sighting.dir);
    if ((claims & ALERT) !== 0 && isFault(sighting)) return sighting;
  }
  return null;
}

function isFault(sighting: Sighting): sighting is Sighting & { fact: FaultFact } {
  return sighting.fact.kind === "fault";
}
