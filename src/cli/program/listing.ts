/** The commands about Wirepact itself: models, decoders, completion. */
import { Argument, type Command, Option } from "commander";
import type { Ended } from "./ended.ts";
import { several } from "./options.ts";

export function addListing(program: Command, ended: Ended): void {
  const models = program
    .command("models")
    .summary("the models that ship, and your own")
    .description("Models: vendor documents, made executable.");
  models
    .command("list", { isDefault: true })
    .description("the models that ship with Wirepact")
    .action(async () => {
      const { listModels } = await import("../models.ts");
      ended(await listModels());
    });
  models
    .command("show")
    .description("a model as a table to compare with its document")
    .argument("<name|file>", "a shipped model or a model file")
    .addOption(new Option("--format <form>", "how it is printed").choices(["text", "markdown", "json"]).default("text"))
    .action(async (name, options) => {
      const { showModel } = await import("../models.ts");
      ended(await showModel(name, options));
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
      const { explainModel } = await import("../model-explain.ts");
      ended(await explainModel(name, options));
    });
  models
    .command("lint")
    .description("what is wrong or doubtful in a model; exits 1 with errors")
    .argument("<name|file...>", "shipped models or model files")
    .option("--document <file>", "also compare it with its document's text, both ways")
    .action(async (names, options) => {
      const { lintModels } = await import("../models.ts");
      ended(await lintModels(names, options));
    });
  models
    .command("schema")
    .description("the JSON Schema of model files, for editors")
    .action(async () => {
      const { printSchema } = await import("../models.ts");
      ended(await printSchema());
    });

  program
    .command("decoders")
    .summary("the protocols that are understood")
    .description("The protocols that are understood, the ports that suggest them, the fields that models can use.")
    .addOption(new Option("--format <form>", "how it is printed").choices(["text", "json"]).default("text"))
    .action(async (options) => {
      const { decoders } = await import("../decoders.ts");
      ended(await decoders(options));
    });

  program
    .command("completion")
    .summary("a script that lets a shell complete commands and options")
    .description("Prints a script for the shell: source <(wirepact completion bash)")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell) => {
      const { completionScript } = await import("../completion.ts");
      process.stdout.write(completionScript(program, shell));
    });
}
