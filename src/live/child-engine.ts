/**
 * tcpdump or dumpcap as a child process: it holds the rights, so that the process with the decoders needs none. Where
 * libpcap cannot be loaded, or where this user may run dumpcap and not capture by itself.
 */
import { CaptureError, UsageError } from "../errors.ts";
import { CHILD_RIGHTS, refusedFilter } from "./advice.ts";
import { type CapturingProgram, ChildSource } from "./child-source.ts";
import { type LiveEngine, type LiveRequest, type LiveSource, openEach } from "./engine.ts";

/** Neither gets its immediate mode: with a large snap length the kernel's buffer then holds a few hundred frames. */
const PROGRAMS: readonly CapturingProgram[] = [
  {
    name: "tcpdump",
    arguments: ({ interface: name, snapLength, bufferBytes, promiscuous, filter }) => [
      ...["-i", name, "-w", "-", "-U", "-n", "--time-stamp-precision=nano", "-s", `${snapLength}`],
      ...["-B", `${Math.max(1, Math.floor(bufferBytes / 1024))}`, ...(promiscuous ? [] : ["-p"])],
      ...(filter === "" ? [] : ["--", filter]),
    ],
    // What it received counts what the kernel dropped, and what was still in the kernel's buffer when the signal came.
    counts: (said, { interface: name }) => {
      const times = LOOPBACK.test(name) ? 2 : 1;
      const count = (what: string): number => Number(new RegExp(`(\\d+) packets? ${what}`).exec(said)?.[1]) / times;
      const [received, dropped] = [Math.ceil(count("received by filter")), Math.ceil(count("dropped by kernel"))];
      if (Number.isNaN(dropped)) return null;
      return name === "any" || Number.isNaN(received) ? { dropped } : { dropped, received };
    },
    refusal: (said, { filter }) => refusal("tcpdump", said, filter),
  },
  {
    name: "dumpcap",
    arguments: ({ interface: name, snapLength, bufferBytes, promiscuous, filter }) => [
      ...["-q", "-P", "-w", "-", "-i", name, "-s", `${snapLength}`],
      ...["-B", `${Math.max(1, Math.ceil(bufferBytes / (1 << 20)))}`, ...(promiscuous ? [] : ["-p"])],
      ...(filter === "" ? [] : ["-f", filter]),
    ],
    counts: (said) => {
      const [, dropped] = /received\/dropped on interface .*?: \d+\/(\d+)/.exec(said) ?? [];
      return dropped === undefined ? null : { dropped: Number(dropped) };
    },
    refusal: (said, { filter }) => refusal("dumpcap", said, filter),
  },
];

/** Its packets come twice, going out and coming in: both count as received, and one is passed over. On "any" nobody says how many. */
const LOOPBACK = /^lo\d*$/;

function refusal(name: string, said: string, filter: string): Error | Promise<Error> {
  if (/syntax error|filter|unknown host|unknown port/i.test(said)) return refusedFilter(name, said, filter);
  return new CaptureError(`${name}: ${said}`);
}

/** `only`: the program to use; else the first that starts. */
export function childEngine(only?: string): LiveEngine {
  const programs = PROGRAMS.filter(({ name }) => only === undefined || name === only);
  return {
    name: "child",
    limits:
      "a child process captures: what it lost is known only once it has ended; what it has not handed over when it is stopped, " +
      "of up to a second, counts as lost (on any, and by dumpcap, it is not counted)",
    async open(requests: readonly LiveRequest[]): Promise<LiveSource[]> {
      const failures: string[] = [];
      for (const program of programs) {
        try {
          return await openEach(requests, (request) => ChildSource.start(program, request));
        } catch (error) {
          if (error instanceof UsageError) throw error; // as wrong for the next one
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }
      const mayNot = failures.some((failure) => /permi(?:ssion|tted)/i.test(failure));
      throw new CaptureError("no child process captures:", [
        ...failures.map((failure) => `  ${failure}`),
        ...(mayNot ? CHILD_RIGHTS : []),
      ]);
    },
  };
}
