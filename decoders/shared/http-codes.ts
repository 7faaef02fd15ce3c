/** What HTTP's methods do to the other end, and the names of the statuses that say that somebody refused. */
import type { OperationClass } from "../../src/decode/facts.ts";

/**
 * Methods of RFC 9110 section 9, WebDAV (RFC 4918, 3253, 5323), PATCH (RFC 5789) and QUERY. Those of other
 * registries and of products are `unknown`: what they change is theirs to say. So is what passes through a tunnel.
 */
const METHODS = new Map<string, OperationClass>([
  ["GET", "read"],
  ["HEAD", "read"],
  ["QUERY", "read"],
  ["PROPFIND", "read"],
  ["REPORT", "read"],
  ["SEARCH", "read"],
  ["OPTIONS", "session"],
  ["CONNECT", "unknown"],
  ["TRACE", "session"],
  ["POST", "write"],
  ["PUT", "write"],
  ["DELETE", "write"],
  ["PATCH", "write"],
  ["PROPPATCH", "write"],
  ["MKCOL", "write"],
  ["COPY", "write"],
  ["MOVE", "write"],
  ["LOCK", "write"],
  ["UNLOCK", "write"],
]);

/**
 * What a request does, by its method; a read that `commands` is `unknown`, because many devices and services take
 * commands that way.
 */
export function methodClass(method: string, commands: boolean): OperationClass {
  const found = METHODS.get(method) ?? "unknown";
  return commands && found === "read" ? "unknown" : found;
}

/** Fields by which a request says that another method is meant than the one that it has. */
export const OVERRIDES: readonly string[] = ["x-http-method-override", "x-http-method", "x-method-override"];
export const overridesMethod = (fields: { has(name: string): boolean }): boolean =>
  OVERRIDES.some((name) => fields.has(name));

/**
 * Whether a path names more than something to be read: a query, parameters of a segment (RFC 3986 section 3.3), or a program
 * that the server runs (RFC 3875: `cgi-bin`, `.cgi`; of embedded servers `goform`), in whatever case and however it is escaped.
 */
export function isCommand(path: string): boolean {
  if (path.includes("?") || path.includes(";")) return true;
  const plain = path.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  return /[?;]|(^|[/\\])(cgi(-bin)?|goforms?)([/\\]|$)|\.(f?cgi|exe|dll)($|[/\\])/i.test(plain);
}

/** Statuses by which a server, a proxy or a portal in between says: not from here (RFC 9110, 7725, 6585). */
const REFUSALS = new Map<number, string>([
  [403, "Forbidden"],
  [407, "Proxy Authentication Required"],
  [451, "Unavailable For Legal Reasons"],
  [511, "Network Authentication Required"],
]);

/** The status's standard name where it is a refusal; null for all others. */
export const refusalName = (status: number): string | null => REFUSALS.get(status) ?? null;
