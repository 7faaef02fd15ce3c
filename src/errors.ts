/** What a caller got wrong, as errors whose messages are for people: what was found, what was expected, what to write instead. */
import type { Problem } from "./model/types.ts";
import { safe } from "./report/safe.ts";

/** Wrong usage, or a model or site that does not load (exit code 2 of the command). */
export class UsageError extends Error {
  override name = "UsageError";
}

/** An interface that cannot be captured from (exit code 3 of the command, like a file that cannot be read). */
export class CaptureError extends Error {
  override name = "CaptureError";
  /** What to do about it, a line each: the message itself stays on one, for a file's name in it may hold a line's end. */
  readonly help: readonly string[];

  constructor(message: string, help: readonly string[] = []) {
    super(message);
    this.help = help;
  }
}

/** `FILE:LINE:COLUMN: error: …`, a problem a line, as editors and compilers write them. */
export function problemLines(problems: readonly Problem[]): string[] {
  return problems.map(({ source, line, column, severity, message }) => {
    // A command line has no lines: there the source is the option.
    const place = line > 0 && !source.startsWith("--") ? `${source}:${line}:${column}` : source;
    // A file's name may hold a line's end, behind which it would say what it likes on a line of its own.
    return safe(`${place}: ${severity}: ${message}`);
  });
}

/** A model or site that does not load, or bindings and parameters that do not fit them: all its problems at once. */
export class ProblemsError extends UsageError {
  override name = "ProblemsError";
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problemLines(problems).join("\n"));
    this.problems = problems;
  }
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
