/** What goes wrong before or beside the judging, printed, with its exit code by the published contract. */
import { CaptureError, ProblemsError, UsageError } from "../errors.ts";
import { safe } from "../report/safe.ts";

export const EXIT_USAGE = 2;
export const EXIT_UNREAD = 3;
export const EXIT_INTERNAL = 5;

/**
 * Prints an error for people and returns the exit code. Expected errors are their message alone; anything else is a
 * fault of Wirepact itself: its message, and the stack where `WIREPACT_DEBUG` asks for it.
 */
export function reportError(error: unknown, print: (line: string) => void): number {
  if (error instanceof ProblemsError) {
    printLines(error.message, print);
    return EXIT_USAGE;
  }
  if (error instanceof UsageError) {
    // Only an expression that is shown stands on lines of its own, indented; any other line's end is a file name's.
    printLines(`wirepact: ${error.message.replace(/\n(?! {2})/g, "\\x0a")}`, print);
    return EXIT_USAGE;
  }
  if (error instanceof CaptureError) {
    for (const line of [`wirepact: ${error.message}`, ...error.help]) print(safe(line));
    return EXIT_UNREAD;
  }
  // Told by name: loading the store's module to compare classes would cost every start.
  if (error instanceof Error && error.name === "StoreError") {
    print(safe(`wirepact: ${error.message}`));
    return EXIT_INTERNAL;
  }
  // A buffer that the system does not give. Where V8's own heap ends, Node stops the process with a message of its own.
  if (
    error instanceof Error &&
    /allocation failed|Worker terminated due to reaching memory limit/i.test(error.message)
  ) {
    printLines("wirepact: there is not enough memory: read less at once, or allow the process more", print);
    return EXIT_INTERNAL;
  }
  const debug = Boolean(process.env.WIREPACT_DEBUG);
  printLines(`wirepact: internal error: ${error instanceof Error ? error.message : String(error)}`, print);
  if (debug && error instanceof Error && error.stack !== undefined) printLines(error.stack, print);
  else print("Results may be incomplete. WIREPACT_DEBUG=1 shows where it happened; please report it with that.");
  return EXIT_INTERNAL;
}

function printLines(text: string, print: (line: string) => void): void {
  for (const line of text.split("\n")) print(safe(line));
}

let quiet = false;

/** `--quiet`: from now on nothing is said beside the report but errors. */
export function beQuiet(): void {
  quiet = true;
}

export function isQuiet(): boolean {
  return quiet;
}

let verbose = false;

/** `--verbose`: from now on `tell` speaks. */
export function beVerbose(): void {
  verbose = true;
}

/** What Wirepact is at, for those who asked for it: one line on standard error. */
export function tell(message: string): void {
  if (verbose && !quiet) process.stderr.write(`wirepact: ${safe(message)}\n`);
}

/** For everything that is said beside the report: one line on standard error. */
export function warn(message: string): void {
  if (quiet) return;
  process.stderr.write(`wirepact: warning: ${safe(message)}\n`);
}
