/** What goes wrong before or beside the judging, each with its exit code by the published contract. */
import type { Problem } from "../model/types.ts";
import { safe } from "../report/safe.ts";

export const EXIT_USAGE = 2;
export const EXIT_INTERNAL = 5;

/** Wrong usage: exit code 2. The message says what was found, what was expected and what to write instead. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** `FILE:LINE:COLUMN: error: …`, a problem a line, as editors and compilers write them. */
export function problemLines(problems: readonly Problem[]): string[] {
  return problems.map(({ source, line, column, severity, message }) => {
    // A command line has no lines: there the source is the option.
    const place = line > 0 && !source.startsWith("--") ? `${source}:${line}:${column}` : source;
    return `${place}: ${severity}: ${message}`;
  });
}

/** A model or site that does not load, or a command line that does not fit them: all its problems at once. */
export class ProblemsError extends UsageError {
  override name = "ProblemsError";
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problemLines(problems).join("\n"));
    this.problems = problems;
  }
}

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
    printLines(`wirepact: ${error.message}`, print);
    return EXIT_USAGE;
  }
  // Told by name: loading the store's module to compare classes would cost every start.
  if (error instanceof Error && error.name === "StoreError") {
    printLines(`wirepact: ${error.message}`, print);
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

/** For everything that is said beside the report: one line on standard error. */
export function warn(message: string): void {
  process.stderr.write(`wirepact: warning: ${safe(message)}\n`);
}

/** The system's reason without its code and its path, for messages that name the path themselves. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known: Record<string, string> = {
    ENOENT: "no such file or folder",
    EACCES: "permission denied",
    EPERM: "not permitted",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of its path is not a folder",
    EROFS: "the file system is read-only",
    ENOSPC: "no space is left",
  };
  return known[code] ?? (error instanceof Error ? error.message : String(error));
}
