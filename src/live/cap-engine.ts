/**
 * The npm package `cap`, for whoever has it installed already. It hands over a packet at a time as `(bytes, truncated)`
 * and nothing else: no time from the kernel, no count of what was lost, no length on the wire beyond what it captured.
 * It copes with about 50,000 packets a second, and ends its process where the interface goes down: so it has one of its own.
 */
import { fileURLToPath } from "node:url";
import { CaptureError, UsageError } from "../errors.ts";
import { missingRights, refusedFilter } from "./advice.ts";
import { type CapturingProgram, ChildSource } from "./child-source.ts";
import { type LiveEngine, type LiveRequest, type LiveSource, openEach } from "./engine.ts";

/** Named by its folder, so that it is found from the bundled commands too. */
const CHILD = fileURLToPath(new URL("../live/cap-child.js", import.meta.url));

const PROGRAM: CapturingProgram = {
  name: "cap",
  started: [process.execPath, CHILD],
  arguments: ({ interface: name, bufferBytes, snapLength, filter }) => [
    ...[name, `${bufferBytes}`, `${snapLength}`, filter],
  ],
  inWords: (line) => {
    if (/Assertion `status == 0'/.test(line))
      return "the interface went down or is gone, which the package does not outlive";
    // It also asserts when it is let go of unopened, and warns of interfaces without an address.
    return /Assertion `|^Warning: .*may not actually work/.test(line) ? "" : line;
  },
  counts: () => null,
  refusal: (said, { interface: name, filter }) => {
    if (said.startsWith("the package cap does not load")) return notLoaded(said);
    if (/filter|syntax error|unknown (?:host|port|network)/i.test(said)) return refusedFilter("cap", said, filter);
    if (/permi(?:ssion|tted)/i.test(said)) return missingRights(name, said);
    return new CaptureError(`${name}: cap says: ${said} (wirepact live --list-interfaces)`);
  },
};

export function capEngine(): LiveEngine {
  return {
    name: "cap",
    limits:
      "the package cap hands over no timestamps of the kernel (times are those of arrival in its process) and no count of " +
      "what was lost; frames longer than 65,535 bytes are cut; where the interface goes down its process ends, and so does the run",
    async open(requests: readonly LiveRequest[]): Promise<LiveSource[]> {
      if (requests.some(({ promiscuous }) => !promiscuous))
        throw new UsageError("--no-promiscuous: the package cap always captures promiscuously; use another --engine");
      return openEach(requests, (request) => ChildSource.start(PROGRAM, request));
    },
  };
}

function notLoaded(said: string): UsageError {
  const [why = said] = said.split(/ Please try | Require stack:/);
  return new UsageError(
    `--engine cap: ${why}${why.endsWith(")") ? "" : ")"}. It is built where it is installed and for one version of Node: ` +
      "npm install cap@0.2.1 with its build script allowed, a compiler and libpcap-dev; or leave --engine out",
  );
}
