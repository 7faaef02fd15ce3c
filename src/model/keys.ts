/** Every key of model and site files: what the loaders know, what the JSON Schema describes, in the order of a good file. */
export const KEYS = {
  model: ["wirepact", "model", "document", "parameters", "roles", "endpoints", "rules", "unclear", "left-out"],
  document: ["title", "publisher", "product", "version", "retrieved", "text-sha256"],
  parameter: ["about", "type", "values", "default"],
  role: ["about"],
  endpoint: ["about", "hosts", "addresses", "ranges", "role", "need", "pool"],
  rule: [
    "id",
    "from",
    "to",
    "over",
    "outside-port",
    "app",
    "when",
    "requirement",
    "last-day",
    "on",
    "every",
    "fallback-for",
    "any-of",
    "peer",
    "expect",
    "cite",
    "note",
  ],
  cite: ["section", "item"],
  unclear: ["about", "readings", "chosen"],
  "left-out": ["fact", "why"],
  site: ["models", "roles", "set", "outside", "hosts", "ranges", "timezone", "vxlan", "realms", "waive"],
  realm: ["name", "in", "vlans", "vnis"],
  waiver: ["what", "why", "until"],
  waived: ["model", "rule", "from", "to", "over", "app"],
} as const;

export const REQUIREMENTS = ["required", "conditional", "optional", "forbidden", "retired"] as const;
export const PARAMETER_TYPES = ["choice", "port", "version", "name", "text"] as const;
/** Words that stand for hosts without a role; no role and no endpoint may be called so. */
export const RESERVED_ENDS = ["internet", "judged", "anyone"] as const;
/** Words of conditions; no parameter may be called so. */
export const RESERVED_CONDITIONS = ["and", "or", "not"] as const;
