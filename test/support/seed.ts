/**
 * Loaded before each test file: properties are tried with the same values everywhere, so that a run that fails fails again.
 * `WIREPACT_SEED=N` tries others; `npm run fuzz` tries new ones each time.
 */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env.WIREPACT_SEED ?? 20_261_121) });
