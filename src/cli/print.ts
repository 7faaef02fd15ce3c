/** Prints a result in the form that was asked for. */
import { type FormName, loadForm } from "../report/forms.ts";
import { penFor } from "../report/pen.ts";
import type { RunResult } from "../report/result.ts";
import type { ReportOutput } from "./output.ts";

export interface PrintOptions {
  format: FormName;
  /** How a command would name the database; null where the run was not stored. */
  database: string | null;
  all: boolean;
}

export async function printResult(result: RunResult, output: ReportOutput, options: PrintOptions): Promise<void> {
  const printer = await Printer.of(output, options);
  await printer.print(result, options.database);
}

type Make = (result: RunResult, database: string | null) => Iterable<string>;

/** Its text can be made before it is printed, while something else is waited for. */
export class Printer {
  readonly #make: Make;
  readonly #output: ReportOutput;
  #made: { result: RunResult; database: string | null; pieces: Iterable<string> } | null = null;

  private constructor(output: ReportOutput, make: Make) {
    this.#output = output;
    this.#make = make;
  }

  static async of(output: ReportOutput, { format, all }: Omit<PrintOptions, "database">): Promise<Printer> {
    const form = await loadForm(format);
    const pen = penFor(output.terminal, process.env);
    return new Printer(output, (result, database) => form(result, { pen, database, all }));
  }

  make(result: RunResult, database: string | null): void {
    this.#made = { result, database, pieces: this.#make(result, database) };
  }

  /** What was made before is printed where it was made of just that. */
  async print(result: RunResult, database: string | null): Promise<void> {
    const made = this.#made;
    const isIt = made !== null && made.result === result && made.database === database;
    await this.#output.write(isIt ? made.pieces : this.#make(result, database));
  }
}
