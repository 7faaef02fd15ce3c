/** Options that several commands have, each declared once. */
import { type Command, Option } from "commander";
import { FORM_NAMES } from "../../report/forms.ts";

export const several = (value: string, before: string[]): string[] => [...before, value];
export const formatOption = (): Option =>
  new Option("--format <form>", "how the result is printed").choices(FORM_NAMES).default("text");
export const outOption = (): Option =>
  new Option("--out <file>", "print to FILE, replaced only once the new one is whole");
export const allOption = (): Option => new Option("--all", "list everything, not only the first of a kind");
export const dbOption = (): Option =>
  new Option("--db <file>", 'database that keeps the run (default: "wirepact.sqlite")');
export const filterOption = (): Option =>
  new Option("-f, --filter <expression>", "only packets that pass, in libpcap's language (pcap-filter(7))");
export const realmOption = (): Option =>
  new Option(
    "--realm <name=capture>",
    "the part of the network that a capture is from, where addresses overlap; repeatable",
  )
    .argParser(several)
    .default([], "one realm for all");
export const jobsOption = (): Option =>
  new Option("--jobs <n>", "threads that read together; never changes the result").default(
    undefined,
    "as many as are worth it",
  );
export const keepOption = (): Option =>
  new Option(
    "--keep-packets <folder>",
    "write the first packets of each finding and those that prove it there, as pcapng",
  );
export const keepSizeOption = (): Option =>
  new Option("--keep-size <size>", "how much may lie there; the oldest go first").default("1G");

export const modelOption = (otherwise: string): Option =>
  new Option("--model <name|file>", "a shipped model or a model file; repeatable")
    .argParser(several)
    .default([], otherwise);
export const bindOption = (): Option =>
  new Option("--bind <[model/]role=value,...>", "which addresses play a role; repeatable")
    .argParser(several)
    .default([], "none");
export const setOption = (): Option =>
  new Option("--set <key=value>", "a model's parameter; repeatable").argParser(several).default([], "none");

/** Models, and what is known of one installation. */
export const installation = (command: Command): Command =>
  command
    .addOption(modelOption("those of --site"))
    .option("--site <file>", "one installation: roles, parameters, hosts, waivers")
    .addOption(bindOption())
    .addOption(setOption());

/** How strictly, and what is left out. */
export const strictness = (command: Command): Command =>
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
export const judging = (command: Command): Command =>
  strictness(
    installation(command).addOption(dbOption()).addOption(formatOption()).addOption(outOption()).addOption(allOption()),
  );
