/** Transactions of one connection, one after another: a connection has one at a time, its callers may be several. */
import type { Driver } from "./driver.ts";

export class Transactions {
  readonly #driver: Driver;
  #last: Promise<unknown> = Promise.resolve();

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** Runs `body` in a write transaction: all of it is kept, or, where it throws, none. */
  run<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#transact(body));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Runs `body` between two transactions; those that it begins it ends itself, but for one that fails. */
  alone<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#last.then(body).catch(async (error: unknown) => {
      await this.#driver.exec("ROLLBACK").catch(() => undefined);
      throw error;
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #transact<T>(body: () => Promise<T>): Promise<T> {
    // IMMEDIATE: waits for another writer here, where nothing is lost, and not in the middle.
    await this.#driver.exec("BEGIN IMMEDIATE");
    try {
      const result = await body();
      await this.#driver.exec("COMMIT");
      return result;
    } catch (error) {
      // After some failures (a full disk) SQLite has rolled back already and says so; the first error is the one to tell.
      await this.#driver.exec("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }
}
