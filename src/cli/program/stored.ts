/** The commands that read what is stored: report, assets, explain. */
import { type Command, Option } from "commander";
import type { Ended } from "./ended.ts";
import { allOption, formatOption, outOption } from "./options.ts";

export function addStored(program: Command, ended: Ended): void {
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
      const { report } = await import("../report.ts");
      ended(await report(database, options));
    });

  program
    .command("assets")
    .summary("the devices that said what they are")
    .description("Devices by their own words: vendor, product, version, serial number, with the message that said so.")
    .argument("<db[@run]>", "database that check or observe wrote")
    .addOption(new Option("--format <form>", "how it is printed").choices(["text", "json", "csv"]).default("text"))
    .addOption(outOption())
    .action(async (database, options) => {
      const { assets } = await import("../assets.ts");
      ended(await assets(database, options));
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
      const { explain } = await import("../explain.ts");
      ended(await explain(database, id, options));
    });
}
