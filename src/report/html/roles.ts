/** Which role an address plays in a run: what people know a host by. */
import { hostTest } from "../profile.ts";
import type { RunResult } from "../result.ts";
import { few } from "../words.ts";
import { html, type Markup } from "./markup.ts";

export class Roles {
  readonly #tests: { role: string; values: readonly string[]; has: (address: string) => boolean }[];
  readonly #known = new Map<string, string | null>();

  constructor({ run }: RunResult) {
    this.#tests = run.bindings.map(({ role, values }) => ({ role, values, has: hostTest(values) }));
  }

  /** The first that has the address, or null. */
  of(address: string): string | null {
    const before = this.#known.get(address);
    if (before !== undefined) return before;
    const role = this.#tests.find(({ has }) => has(address))?.role ?? null;
    this.#known.set(address, role);
    return role;
  }

  /** What an end is called in a picture: its role, else its name, else its address; no name off the wire passes for a role. */
  end(address: string, name: string | null): string {
    const role = this.of(address);
    if (role !== null) return role;
    return this.#tests.some((test) => test.role === name) ? `${name} (${address})` : (name ?? address);
  }

  /** The addresses that it is bound to, in a few words. */
  addresses(role: string): string {
    return few(this.#tests.find((test) => test.role === role)?.values ?? [], 1);
  }

  /** What stands in a table for an end: `text`, and below it the role that its address plays. */
  cell(address: string, text = address): Markup {
    const role = this.of(address);
    return role === null ? html`${text}` : html`${text}<br><span class="dim">${role}</span>`;
  }
}
