#!/usr/bin/env node
/** What `wirepact` starts. `scripts/bundle.mjs` puts a faster way to the same function in its place. */
import { main } from "./cli/program/program.ts";

await main();
