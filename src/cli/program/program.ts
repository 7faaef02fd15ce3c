/**
 * The command line as commander knows it: arguments only. Each command lives in its own file in `cli/` and is loaded when it
 * is called, so that `wirepact --help` loads commander and declarations.
 */
import { Command, CommanderError } from "commander";
import { safe } from "../../report/safe.ts";
import { VERSION } from "../../version.ts";
import { addComparing } from "./comparing.ts";
import { addExamples } from "./examples.ts";
import { addListing } from "./listing.ts";
import { addReading } from "./reading.ts";
import { addStored } from "./stored.ts";

/** Options of these that were not typed may stand in a file of the project. `diff` compares runs as they are unless told. */
const CONFIGURED = ["check", "live", "roles", "suite"];

const EXAMPLES = `
Examples:
  wirepact observe span.pcap
  wirepact check span.pcap --model opswat-sdp --bind gateway=10.20.0.5 --set region=us
  ssh sensor tcpdump -w - | wirepact check - --model opswat-sdp --site plant.yaml
  sudo wirepact live -i eth1 --model opswat-sdp --site plant.yaml
  wirepact explain wirepact.sqlite 3f2a91c0

Exit codes: 0 no drift · 1 drift · 2 wrong usage, or a model or site that does not load · 3 a capture could not be read
to its end · 4 nothing could be judged · 5 an internal or storage failure`;

/** Runs what `process.argv` asks for; `process.exitCode` says how it ended. */
export async function main(): Promise<void> {
  const program = new Command("wirepact")
    .description(
      "Holds captured traffic against what a vendor's documents say should be there, and tells, with the packets that prove " +
        "it, what is on the wire but in no document, and what is documented but not on the wire.",
    )
    .version(VERSION)
    .option("-q, --quiet", "say nothing beside the report but errors: no progress, no warnings")
    .option("-v, --verbose", "say on standard error what is loaded, read and stored, and how long it took")
    .showHelpAfterError("(--help shows the options)")
    .configureOutput({ writeOut: printed, outputError: (text, write) => write(harmless(text)) })
    .exitOverride()
    .addHelpText("after", EXAMPLES);

  let exitCode = 0;
  const ended = (code: number): void => {
    exitCode = code;
  };
  addReading(program, ended);
  addStored(program, ended);
  addComparing(program, ended);
  addListing(program, ended);
  addExamples(program);

  program.hook("preAction", async (_program, command) => {
    const { quiet, verbose } = program.opts();
    const { beQuiet, beVerbose, tell } = await import("../errors.ts"); // as late as the commands, whose words these are
    if (quiet === true) beQuiet();
    if (verbose === true) beVerbose();
    if (!CONFIGURED.includes(command.name())) return;
    const { applyConfig, findConfig } = await import("../config.ts");
    const path = await findConfig(process.cwd());
    if (path === null) return;
    tell(`options that were not typed: from ${path}`);
    await applyConfig(command, path);
  });

  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError && error.exitCode === 0)) {
      const { EXIT_USAGE, reportError } = await import("../errors.ts");
      if (error instanceof CommanderError) exitCode = EXIT_USAGE;
      else exitCode = reportError(error, (line) => process.stderr.write(`${line}\n`));
    }
  }
  process.exitCode = exitCode;
}

/** Who reads it may have seen enough: `wirepact --help | head` is no failure. */
function printed(text: string): void {
  process.stdout.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.stdout.write(text);
}

/** What was typed may be a file's name, which a shell put in a pattern's place; commander quotes it as it is. */
function harmless(error: string): string {
  const [, message = error, hint = ""] = /^(.*?)\n?(\(Did you mean [^\n]*\))?\n*$/s.exec(error) ?? [];
  return [message, hint]
    .filter((line) => line !== "")
    .map((line) => `${safe(line)}\n`)
    .join("");
}
