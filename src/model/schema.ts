/**
 * JSON Schema (draft 2020-12) of model files, for editors: names the keys, the closed words and what each means. The
 * loader is the judge: what refers to another part of the file (roles, endpoints, parameters) only it can check.
 */
import { APP_IDS, APP_PARTS } from "./apps.ts";
import { KEYS, PARAMETER_TYPES, REQUIREMENTS } from "./keys.ts";

export type Schema = Record<string, unknown>;

const text = (description: string): Schema => ({ type: "string", minLength: 1, description });
/** YAML makes numbers, dates and truth of plain words; the loader takes all as written. */
const word = (description: string): Schema => ({ type: ["string", "number", "boolean"], description });
const oneOrList = (items: Schema): Schema => ({ anyOf: [items, { type: "array", items, minItems: 1 }] });
const orNothing = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
const day = (description: string): Schema => ({ type: "string", pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description });

/** A mapping with exactly these keys. */
function mapping(
  description: string,
  keys: readonly string[],
  properties: Record<string, Schema>,
  required: readonly string[] = [],
): Schema {
  const missing = keys.filter((key) => !Object.hasOwn(properties, key));
  if (missing.length > 0) throw new Error(`keys without a schema: ${missing.join(", ")}`);
  return { type: "object", description, properties, required: [...required], additionalProperties: false };
}

/** A mapping whose keys are names of the file's own. */
function named(description: string, value: Schema): Schema {
  return {
    type: "object",
    description,
    propertyNames: { pattern: "^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$" },
    additionalProperties: value,
  };
}

const documentSchema = mapping(
  "The vendor's document",
  KEYS.document,
  {
    title: text("Its title, as printed"),
    publisher: orNothing(text("Who published it")),
    product: orNothing(text("What product it is about")),
    version: orNothing(word("As printed in the document, if it is")),
    retrieved: orNothing(day("When it was fetched")),
    "text-sha256": orNothing({
      type: "string",
      pattern: "^[0-9a-f]{64}$",
      description: "SHA-256 of the text that the citations point into",
    }),
  },
  ["title"],
);

const parameterSchema = orNothing(
  mapping("Something that differs between installations", KEYS.parameter, {
    about: text("What it is, for people"),
    type: { enum: PARAMETER_TYPES, description: "choice where values are listed, else text unless said" },
    values: { type: "array", items: word("A value"), minItems: 1, description: "For a choice: what it may be" },
    default: word("What holds where nothing is given; without one, rules that need it are not evaluable until it is"),
  }),
);

const endpointSchema = mapping("Who is meant", KEYS.endpoint, {
  about: text("What it is, for people"),
  hosts: oneOrList(
    text("A host name, taken literally; * is one label, ** one or more; $parameter for a name that is a parameter"),
  ),
  addresses: oneOrList(text("An address, a prefix such as 10.0.0.0/8, a range such as 10.0.0.5-10.0.0.9")),
  ranges: text("Name of a published address list that the site supplies"),
  role: text("A role whose bound hosts are meant too, unless a name that was sent says otherwise"),
  need: { enum: ["any", "each"], description: "Whether one of them is enough, or every one is needed (default)" },
  pool: { type: "boolean", description: "Its name rotates over addresses: a member is what DNS said is one" },
});

const conditionSchema: Schema = {
  type: "object",
  minProperties: 1,
  description: 'Parameters and their values, all of which must hold; versions as "< 3.5.0"; and, or, not for the rest',
  properties: {
    and: { type: "array", items: { $ref: "#/$defs/condition" }, minItems: 1 },
    or: { type: "array", items: { $ref: "#/$defs/condition" }, minItems: 1 },
    not: { $ref: "#/$defs/condition" },
  },
  additionalProperties: oneOrList(word("A value of the parameter, or several of which one must hold")),
};

const expectSchema: Schema = {
  type: "object",
  description: "What else must hold; a key with a dot that is not listed is a decoder's field",
  properties: {
    "tls.version": { type: "string", pattern: "^at least ", description: "at least 1.2" },
    encrypted: { type: "boolean", description: "Whether it is; a start in plain text that upgrades counts" },
    operations: {
      type: "string",
      pattern: "^at most ",
      description: "at most session, discover, identify, read, write, control or program",
    },
    "ntp.offset": { type: "string", pattern: "^within ", description: "within 3 s" },
    clocks: { type: "string", pattern: " and .+ within ", description: "ROLE and ROLE within 3 s" },
    packets: { type: "string", pattern: "^at most [1-9][0-9]* a burst$", description: "at most 1 a burst" },
    reply: { enum: ["none", "some"] },
    "content-type": { type: "string", pattern: "/", description: "message/http" },
    "time-of-day": { type: "string", pattern: "-", description: "22:00-06:00, in the site's timezone" },
  },
  additionalProperties: oneOrList(word("A value, several, at most N, at least N")),
};

const citeSchema = mapping(
  "A place in the document: a locator, never its sentences",
  KEYS.cite,
  { section: word("Heading path"), item: word("Row, bullet or port") },
  ["section"],
);

const app: Schema = {
  enum: [...APP_IDS, ...Object.keys(APP_PARTS), "any"],
  description: "A decoder's id; what is inside TLS is tls; ice is STUN between two ends, not with a server",
};
const apps: Schema = { type: "array", items: app, minItems: 1 };

const ruleSchema = mapping(
  "One expected connection",
  KEYS.rule,
  {
    id: text("Its own name in this model"),
    from: text("Who opens it: a role, an endpoint, internet, judged (any host with a role), anyone"),
    to: text("To whom: an endpoint, role:NAME, internet, judged, anyone"),
    over: oneOrList(
      text(
        "tcp/443 · tcp/443,8443 · udp/1024-65535 · tcp/$parameter · tcp (any port) · icmp · icmp/3,8 (types) · ip/2",
      ),
    ),
    "outside-port": text("$parameter: the port at the role's address beyond NAT; over is the port at its own"),
    app: {
      anyOf: [
        app,
        apps,
        {
          type: "object",
          description: "By port, where over has several: { 22: ssh, 443: tls }",
          propertyNames: { pattern: "^[0-9]{1,5}$" },
          additionalProperties: { anyOf: [app, apps] },
          minProperties: 1,
        },
      ],
    },
    when: { $ref: "#/$defs/condition" },
    requirement: { enum: REQUIREMENTS, description: "How much it matters" },
    "last-day": day("For retired: the last day on which it is still documented"),
    on: text("The occasion to which the document ties it: it need not occur in a capture"),
    every: text("The cadence that the document gives: 24h, 15 min"),
    "fallback-for": text("Id of the rule that has to fail before this one is needed"),
    "any-of": text("A word that several rules share: one of them is enough"),
    peer: {
      enum: ["internet", "inside"],
      description: "Where an end that is not bound may be: any Internet address, or only inside the organization",
    },
    expect: expectSchema,
    cite: oneOrList(citeSchema),
    note: text("For people who read a verdict by this rule"),
  },
  ["id", "from", "to", "over", "app", "requirement", "cite"],
);

/** The schema as plain data, new for every call. */
export function modelSchema(): Schema {
  const about = (description: string) => orNothing(mapping(description, KEYS.role, { about: text("What it is") }));
  const whole = mapping(
    "A vendor's ports-and-protocols document, made executable",
    KEYS.model,
    {
      wirepact: { const: 1, description: "Version of this language" },
      model: text("The model's name"),
      document: documentSchema,
      parameters: named("What differs between installations", parameterSchema),
      roles: named("Who takes part; proxy is always there", about("A kind of host")),
      endpoints: named("Whom they speak to", endpointSchema),
      rules: { type: "array", items: ruleSchema, minItems: 1, description: "The expected connections" },
      unclear: {
        type: "array",
        description: "What the document leaves open",
        items: mapping(
          "One open question",
          KEYS.unclear,
          {
            about: text("The question, in your words"),
            readings: { type: "array", items: text("A way to read it") },
            chosen: text("Which, and why"),
          },
          ["about", "chosen"],
        ),
      },
      "left-out": {
        type: "array",
        description: "What of the document no rule uses",
        items: mapping("One fact", KEYS["left-out"], { fact: word("Wording or value"), why: text("Why") }, [
          "fact",
          "why",
        ]),
      },
    },
    ["wirepact", "model", "document", "roles", "rules"],
  );
  return structuredClone({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Wirepact model",
    ...whole,
    $defs: { condition: conditionSchema },
  });
}
