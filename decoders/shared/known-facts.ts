/**
 * Facts that nearly every message of a protocol says alike, made once and shared by all who say them: a million connections
 * agree on the same few ciphers. Nobody changes a fact that was said.
 */
import type { FieldFact, InnerFact, MessageFact, RoleFact, UpFact } from "../../src/decode/facts.ts";

/** Values kept of all fields together: far more than protocols have for fields that repeat, and room for few of a forger's. */
const MOST = 4_096;

export const UP: UpFact = { kind: "up" };

const roles = new Map<string, RoleFact>();

/** `why` says who the sender is: it decides the role. One of a decoder's own texts, never what came off the wire. */
export function role(sender: RoleFact["sender"], why: string): RoleFact {
  let known = roles.get(why);
  if (known?.sender !== sender) {
    known = { kind: "role", sender, why };
    roles.set(why, known);
  }
  return known;
}

const fields = new Map<string, Map<string | number, FieldFact>>();
let kept = 0;

/** A field whose values repeat. */
export function field(name: string, value: string | number): FieldFact {
  let values = fields.get(name);
  if (values === undefined) {
    values = new Map();
    fields.set(name, values);
  }
  let known = values.get(value);
  if (known === undefined) {
    known = { kind: "field", field: name, value };
    if (kept++ < MOST) values.set(value, known);
  }
  return known;
}

const apps = new Map<string, InnerFact>();

export function inner(app: string): InnerFact {
  let known = apps.get(app);
  if (known === undefined) {
    known = { kind: "inner", app };
    if (apps.size < MOST) apps.set(app, known);
  }
  return known;
}

/** By what the message is, 65,536 of each, and its id. */
const messages: (MessageFact | undefined)[] = [];

/** A request or a response whose id is a number of 16 bits. */
export function message(what: "request" | "response", id: number): MessageFact {
  if (messages.length === 0) messages.length = 2 * 0x10000;
  const key = what === "request" ? id : id + 0x10000;
  let known = messages[key];
  if (known === undefined) {
    known = { kind: "message", what, id: String(id) };
    messages[key] = known;
  }
  return known;
}
