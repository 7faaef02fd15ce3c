/** The commands that compare: suite and diff. */
import { type Command, Option } from "commander";
import { DIFF_FORMS, SUITE_FORMS } from "../../report/suite-words.ts";
import type { Ended } from "./ended.ts";
import { bindOption, installation, modelOption, outOption, setOption, strictness } from "./options.ts";

export function addComparing(program: Command, ended: Ended): void {
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
      .addOption(modelOption("those of the suite or the site"))
      .addOption(bindOption())
      .addOption(setOption())
      .addOption(new Option("--format <form>", "how the result is printed").choices(SUITE_FORMS).default("text"))
      .addOption(outOption())
      .option("--update", "accept what is found: write it into the expectations, for a review of the difference")
      .option("--why <reason>", "the reason for what --update accepts")
      .addOption(new Option("--jobs <n>", "cases judged at once").default(undefined, "as many as there are cores")),
  ).action(async (folder, options) => {
    const { suite } = await import("../suite.ts");
    ended(await suite(folder, options));
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
      const { diff } = await import("../diff.ts");
      ended(await diff(before, after, options));
    });
}
