/** Which SQLite there is: Node's own where it can be had, else the `sqlite3` package. */
import type { Connect, DriverName } from "./driver.ts";
import { nodeSqlite } from "./node-sqlite.ts";
import { sqlite3 } from "./sqlite3.ts";
import { StoreError } from "./store.ts";

/** How each is loaded: null or a rejection where it is not to be had. */
export type Loaders = Record<DriverName, () => Connect | null | Promise<Connect | null>>;
const LOADERS: Loaders = { "node:sqlite": nodeSqlite, sqlite3 };

/** The wanted driver, or the first that loads. Throws StoreError where there is none, saying how to get one. */
export async function chooseDriver(wanted?: DriverName, loaders: Loaders = LOADERS): Promise<Connect> {
  const order: DriverName[] = wanted === undefined ? ["node:sqlite", "sqlite3"] : [wanted];
  const failures: string[] = [];
  for (const name of order) {
    try {
      const connect = await loaders[name]();
      if (connect !== null) return connect;
      failures.push(`Node ${process.versions.node} has no ${name}`);
    } catch (error) {
      const [why] = String(error instanceof Error ? error.message : error).split("\n");
      failures.push(`the ${name} package does not load (${why})`);
    }
  }
  throw new StoreError(
    `results cannot be stored: ${failures.join(", and ")}. Upgrade Node to 22.13 or later, which has SQLite built in. ` +
      "Or run `npm install sqlite3` with its build script allowed: npm 12 runs it only where package.json says " +
      '"allowScripts": { "sqlite3": true } (`npm approve-scripts sqlite3` writes that, also in npm 11.16 and later; ' +
      "`npm install -g --allow-scripts=sqlite3` for a global install).",
  );
}
