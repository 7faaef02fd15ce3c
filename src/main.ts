#!/usr/bin/env node
/**
 * The command line: arguments only. Each command lives in its own file in `cli/` and is loaded when it is called, so that
 * `wirepact --help` loads commander and this file.
 */
import { Argument, Command, CommanderError, Option } from "commander";
import { beQuiet, EXIT_USAGE, reportError } from "./cli/errors.ts";
import { ENGINE_NAMES } from "./live/engine.ts";
import { FORM_NAMES } from "./report/forms.ts";
import { DIFF_FORMS, SUITE_FORMS } from "./report/suite-words.ts";
import { VERSION } from "./version.ts";

const program = new Command("wirepact")
  .description(
    "Holds captured traffic against what a vendor's documents say should be there, and tells, with the packets that prove " +
      "it, what is on the wire but in no document, and what is documented but not on the wire.",
  )
  .version(VERSION)
  .option("-q, --quiet", "say nothing beside the report but errors: no progress, no warnings")
  .showHelpAfterError("(--help shows the options)")
  .exitOverride()
  .addHelpText(
    "after",
    `
Examples:
  wirepact observe span.pcap
  wirepact check span.pcap --model opswat-sdp --bind gateway=10.20.0.5 --set region=us
  ssh sensor tcpdump -w - | wirepact check - --model opswat-sdp --site plant.yaml
  sudo wirepact live -i eth1 --model opswat-sdp --site plant.yaml
  wirepact explain wirepact.sqlite 3f2a91c0

Exit codes: 0 no drift · 1 drift · 2 wrong usage, or a model or site that does not load · 3 a capture could not be read
to its end · 4 nothing could be judged · 5 an internal or storage failure`,
  );

const several = (value: string, before: string[]): string[] => [...before, value];
const formatOption = (): Option =>
  new Option("--format <form>", "how the result is printed").choices(FORM_NAMES).default("text");
const outOption = (): Option => new Option("--out <file>", "print to FILE, replaced only once the new one is whole");
const allOption = (): Option => new Option("--all", "list every finding, not only the first of a kind");
const dbOption = (): Option => new Option("--db <file>", 'database that keeps the run (default: "wirepact.sqlite")');
const filterOption = (): Option =>
  new Option("-f, --filter <expression>", "only packets that pass, in libpcap's language (pcap-filter(7))");
const realmOption = (): Option =>
  new Option(
    "--realm <name=capture>",
    "the part of the network that a capture is from, where addresses overlap; repeatable",
  )
    .argParser(several)
    .default([], "one realm for all");
const jobsOption = (): Option =>
  new Option("--jobs <n>", "threads that read together; never changes the result").default(
    undefined,
    "as many as are worth it",
  );
const keepOption = (): Option =>
  new Option("--keep-packets <folder>", "write the packets that prove each finding there, as pcapng");
const keepSizeOption = (): Option =>
  new Option("--keep-size <size>", "how much may lie there; the oldest go first").default("1G");

/** Models, and what is known of one installation. */
const installation = (command: Command): Command =>
  command
    .addOption(
      new Option("--model <name|file>", "a shipped model or a model file; repeatable")
        .argParser(several)
        .default([], "those of --site"),
    )
    .option("--site <file>", "one installation: roles, parameters, hosts, waivers")
    .addOption(
      new Option("--bind <[model/]role=value,...>", "which addresses play a role; repeatable")
        .argParser(several)
        .default([], "none"),
    )
    .addOption(
      new Option("--set <key=value>", "a model's parameter; repeatable").argParser(several).default([], "none"),
    );

/** How strictly, and what is left out. */
const strictness = (command: Command): Command =>
  command
    .option("--strict", "what is not proved counts as drift too")
    .addOption(
      new Option("--scope <what>", "judged: conversations of hosts that play a role; all: every one")
        .choices(["judged", "all"])
        .default("judged"),
    )
    .option("--no-infer", "do not work out from the traffic who plays a role that is not bound")
    .option("--no-background", "judge also what every host needs: name resolution, DHCP, echo")
    .option("--min-span <duration>", "how long a host must be seen before a rule is called missing", "5m")
    .option("--as-of <date>", "the day that decides waivers (default: the last packet's)");

/** What a judging command takes: what is held against the traffic, how strictly, and where the result goes. */
const judging = (command: Command): Command =>
  strictness(
    installation(command).addOption(dbOption()).addOption(formatOption()).addOption(outOption()).addOption(allOption()),
  );

let exitCode = 0;

judging(program.command("check"))
  .summary("hold captures against models")
  .description("Holds captures against models: what is undocumented, in violation, blocked or missing. Drift exits 1.")
  .argument("[capture...]", "capture files (pcap, pcapng, also gzip or zstd); - is standard input")
  .addOption(realmOption())
  .addOption(filterOption())
  .addOption(jobsOption())
  .addOption(keepOption())
  .addOption(keepSizeOption())
  .action(async (captures, options) => {
    const { check } = await import("./cli/check.ts");
    exitCode = await check(captures, options);
  });

judging(program.command("live"))
  .summary("hold live traffic against models")
  .description(
    "Reads interfaces through libpcap until it is stopped, tells findings as they are proved, and reports at the end like " +
      "check. Without a model it only describes, like observe.",
  )
  .addOption(
    new Option("-i, --interface <name>", "an interface, or any; repeatable").argParser(several).default([], "none"),
  )
  .option("--list-interfaces", "the interfaces that there are, and nothing else")
  .addOption(filterOption())
  .option("--for <duration>", "end after this time, such as 1h")
  .option("--count <packets>", "end after so many packets")
  .option("--snap-length <bytes>", "bytes captured of each packet", "262144")
  .option("--buffer-size <size>", "what the kernel holds while nobody reads, such as 64M", "64M")
  .option("--no-promiscuous", "only what the interface takes for itself")
  .addOption(
    new Option(
      "--engine <name>",
      "libpcap in this process; child: tcpdump or dumpcap; cap: the npm package (no kernel times, no count of losses)",
    ).choices(ENGINE_NAMES),
  )
  .option("--user <name>", "whom to become once all is open, if started as root (default: who called sudo)")
  .option("--checkpoint <duration>", "how often everything is written to the database", "10s")
  .addOption(keepOption())
  .addOption(keepSizeOption())
  .option("--realm <name>", "the part of the network that is read, where addresses overlap", (name) => [name], [])
  .addHelpText(
    "after",
    `
SIGINT and SIGTERM end it with the report, SIGHUP loads models and site anew. With --format json it prints a line for each
finding (event finding or withdrawn) and one at the end. One thread reads what comes: --jobs is for files.`,
  )
  .action(async (options) => {
    const { live } = await import("./cli/live.ts");
    exitCode = await live(options);
  });

program
  .command("observe")
  .summary("what is on the wire, without a model")
  .description("Who talks to whom, as what, under which name; without a model, so nothing is judged.")
  .argument("[capture...]", "capture files (pcap, pcapng, also gzip or zstd); - is standard input")
  .addOption(dbOption())
  .addOption(formatOption())
  .addOption(outOption())
  .addOption(allOption())
  .addOption(realmOption())
  .addOption(filterOption())
  .action(async (captures, options) => {
    const { observe } = await import("./cli/observe.ts");
    exitCode = await observe(captures, options);
  });

installation(program.command("roles"))
  .summary("who plays which role, as a site file to edit")
  .description(
    "Prints a site file: hosts that the traffic singles out for a role, each with its confidence and reason, and what " +
      "would single out the others.",
  )
  .argument("[capture...]", "capture files, databases that check or observe wrote; - is standard input")
  .addOption(outOption())
  .addOption(realmOption())
  .addOption(filterOption())
  .addOption(jobsOption())
  .action(async (captures, options) => {
    const { roles } = await import("./cli/roles.ts");
    exitCode = await roles(captures, options);
  });

program
  .command("report")
  .summary("print a stored run again")
  .description("Prints a stored run again, in any form. Without @RUN the newest finished one.")
  .argument("<db[@run]>", "database that check or observe wrote")
  .addOption(formatOption())
  .addOption(outOption())
  .addOption(allOption())
  .option(
    "--profile <[model/]role>",
    "the proof page of one role: what it asked of which device, and that it did no more",
  )
  .action(async (database, options) => {
    const { report } = await import("./cli/report.ts");
    exitCode = await report(database, options);
  });

program
  .command("assets")
  .summary("the devices that said what they are")
  .description("Devices by their own words: vendor, product, version, serial number, with the message that said so.")
  .argument("<db[@run]>", "database that check or observe wrote")
  .addOption(new Option("--format <form>", "how it is printed").choices(["text", "json", "csv"]).default("text"))
  .addOption(outOption())
  .action(async (database, options) => {
    const { assets } = await import("./cli/assets.ts");
    exitCode = await assets(database, options);
  });

program
  .command("explain")
  .summary("why a verdict is what it is")
  .description(
    "The whole story of a conversation or a rule: names, clauses, frames, the document's section, what to look at.",
  )
  .argument("<db[@run]>", "database that check or observe wrote")
  .argument("<id>", "a conversation's id or its beginning, RULE, or MODEL/RULE")
  .addOption(allOption())
  .action(async (database, id, options) => {
    const { explain } = await import("./cli/explain.ts");
    exitCode = await explain(database, id, options);
  });

strictness(
  program
    .command("suite")
    .summary("a folder of captures as a test suite")
    .description(
      "Holds every capture of a folder against its model and site, and against what was accepted in it. A finding that " +
        "nobody has accepted fails its case, and so does a capture in which nothing could be judged.",
    )
    .argument(
      "<folder>",
      "captures (FOLDER/RELEASE/NAME.pcap), site.yaml beside them or above, NAME.expect.yaml, suite.yaml",
    )
    .addOption(
      new Option("--model <name|file>", "a shipped model or a model file; repeatable")
        .argParser(several)
        .default([], "those of the suite or the site"),
    )
    .addOption(
      new Option("--bind <[model/]role=value,...>", "which addresses play a role; repeatable")
        .argParser(several)
        .default([], "none"),
    )
    .addOption(
      new Option("--set <key=value>", "a model's parameter; repeatable").argParser(several).default([], "none"),
    )
    .addOption(new Option("--format <form>", "how the result is printed").choices(SUITE_FORMS).default("text"))
    .addOption(outOption())
    .option("--update", "accept what is found: write it into the expectations, for a review of the difference")
    .option("--why <reason>", "the reason for what --update accepts")
    .addOption(new Option("--jobs <n>", "cases judged at once").default(undefined, "as many as there are cores")),
)
  .addHelpText(
    "after",
    `
Examples:
  wirepact suite captures/
  wirepact suite captures/ --format junit --out report.xml
  wirepact suite captures/ --update --why "agreed with the vendor, ticket 4711"

Exit codes: 0 all passed · 1 a case failed · 2 a suite, model, site or expectation that does not load · 3 a capture could
not be read to its end`,
  )
  .action(async (folder, options) => {
    const { suite } = await import("./cli/suite.ts");
    exitCode = await suite(folder, options);
  });

strictness(
  installation(
    program
      .command("diff")
      .summary("what is different between two runs")
      .description(
        "New, gone and changed conversations, rules, names, TLS versions, operations and devices. Stored runs are compared " +
          "as they are; captures are read, and with a model or a site both sides are judged by it. Differences exit 1.",
      )
      .argument("<before>", "a database, DB@RUN, or a capture")
      .argument("<after>", "the same, of the later one"),
  ),
)
  .addOption(new Option("--format <form>", "how it is printed").choices(DIFF_FORMS).default("text"))
  .addOption(outOption())
  .option("--names <before,after>", "what the two are called, such as 4.1,4.2")
  .action(async (before, after, options) => {
    const { diff } = await import("./cli/diff.ts");
    exitCode = await diff(before, after, options);
  });

const models = program
  .command("models")
  .summary("the models that ship, and your own")
  .description("Models: vendor documents, made executable.");
models
  .command("list", { isDefault: true })
  .description("the models that ship with Wirepact")
  .action(async () => {
    const { listModels } = await import("./cli/models.ts");
    exitCode = await listModels();
  });
models
  .command("show")
  .description("a model as a table to compare with its document")
  .argument("<name|file>", "a shipped model or a model file")
  .addOption(new Option("--format <form>", "how it is printed").choices(["text", "markdown", "json"]).default("text"))
  .action(async (name, options) => {
    const { showModel } = await import("./cli/models.ts");
    exitCode = await showModel(name, options);
  });
models
  .command("explain")
  .description("whether a connection would be documented, and by which rule; no capture needed")
  .argument("<name|file>", "a shipped model or a model file")
  .requiredOption("--from <role|address>", "who opens it")
  .requiredOption("--to <role|name|address>", "whom")
  .requiredOption("--over <transport/port>", "such as tcp/443")
  .option("--app <decoder>", "as what, such as tls; without it, as whatever the rule names")
  .addOption(
    new Option("--set <key=value>", "a parameter of the model; repeatable").argParser(several).default([], "none"),
  )
  .action(async (name, options) => {
    const { explainModel } = await import("./cli/model-explain.ts");
    exitCode = await explainModel(name, options);
  });
models
  .command("lint")
  .description("what is wrong or doubtful in a model; exits 1 with errors")
  .argument("<name|file...>", "shipped models or model files")
  .option("--document <file>", "also compare it with its document's text, both ways")
  .action(async (names, options) => {
    const { lintModels } = await import("./cli/models.ts");
    exitCode = await lintModels(names, options);
  });
models
  .command("schema")
  .description("the JSON Schema of model files, for editors")
  .action(async () => {
    const { printSchema } = await import("./cli/models.ts");
    exitCode = await printSchema();
  });

program
  .command("decoders")
  .summary("the protocols that are understood")
  .description("The protocols that are understood, the ports that suggest them, the fields that models can use.")
  .addOption(new Option("--format <form>", "how it is printed").choices(["text", "json"]).default("text"))
  .action(async (options) => {
    const { decoders } = await import("./cli/decoders.ts");
    exitCode = await decoders(options);
  });

program
  .command("completion")
  .summary("a script that lets a shell complete commands and options")
  .description("Prints a script for the shell: source <(wirepact completion bash)")
  .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
  .action(async (shell) => {
    const { completionScript } = await import("./cli/completion.ts");
    process.stdout.write(completionScript(program, shell));
  });

/** Options of these that were not typed may stand in a file of the project. `diff` compares runs as they are unless told. */
const CONFIGURED = ["check", "live", "roles", "suite"];
program.hook("preAction", async (_program, command) => {
  if (program.opts().quiet === true) beQuiet();
  if (!CONFIGURED.includes(command.name())) return;
  const { applyConfig, findConfig } = await import("./cli/config.ts");
  const path = await findConfig(process.cwd());
  if (path !== null) await applyConfig(command, path);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  else exitCode = reportError(error, (line) => process.stderr.write(`${line}\n`));
}
process.exitCode = exitCode;
