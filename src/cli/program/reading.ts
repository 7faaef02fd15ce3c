/** The commands that read traffic: check, live, observe, roles. */
import { type Command, Option } from "commander";
import { ENGINE_NAMES } from "../../live/engine.ts";
import type { Ended } from "./ended.ts";
import {
  allOption,
  dbOption,
  filterOption,
  formatOption,
  installation,
  jobsOption,
  judging,
  keepOption,
  keepSizeOption,
  outOption,
  realmOption,
  several,
} from "./options.ts";

export function addReading(program: Command, ended: Ended): void {
  judging(program.command("check"))
    .summary("hold captures against models")
    .description(
      "Holds captures against models: what is undocumented, in violation, blocked or missing. Drift exits 1.",
    )
    .argument("[capture...]", "capture files (pcap, pcapng, also gzip or zstd); - is standard input")
    .addOption(realmOption())
    .addOption(filterOption())
    .addOption(jobsOption())
    .addOption(keepOption())
    .addOption(keepSizeOption())
    .action(async (captures, options) => {
      const { check } = await import("../check.ts");
      ended(await check(captures, options));
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
    .addOption(
      new Option("--realm <name>", "the part of the network that is read, where addresses overlap")
        .argParser(several)
        .default([], "default"),
    )
    .action(async (options) => {
      const { live } = await import("../live.ts");
      ended(await live(options));
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
      const { observe } = await import("../observe.ts");
      ended(await observe(captures, options));
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
      const { roles } = await import("../roles.ts");
      ended(await roles(captures, options));
    });
}
