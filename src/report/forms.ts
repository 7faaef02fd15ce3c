/** The forms that a result can be printed in: one line each, loaded when asked for. */
import type { RunResult } from "./result.ts";
import type { TextOptions } from "./text.ts";

/** Makes the form's text, in pieces of any size. */
export type Form = (result: RunResult, options: TextOptions) => Iterable<string>;

export type FormName = "text" | "json" | "csv" | "junit" | "sarif" | "markdown" | "html";

const FORMS: Readonly<Record<FormName, () => Promise<Form>>> = {
  text: async (): Promise<Form> => {
    const { textReport } = await import("./text.ts");
    return (result, options) => [textReport(result, options)];
  },
  json: async (): Promise<Form> => {
    const { jsonReport } = await import("./json.ts");
    return (result) => jsonReport(result);
  },
  csv: async (): Promise<Form> => (await import("./csv.ts")).csvReport,
  junit: async (): Promise<Form> => (await import("./junit.ts")).junitReport,
  sarif: async (): Promise<Form> => (await import("./sarif.ts")).sarifReport,
  markdown: async (): Promise<Form> => (await import("./markdown.ts")).markdownReport,
  html: async (): Promise<Form> => (await import("./html.ts")).htmlReport,
};

export const FORM_NAMES = Object.keys(FORMS) as FormName[];

export function isFormName(name: string): name is FormName {
  return Object.hasOwn(FORMS, name);
}

export function loadForm(name: FormName): Promise<Form> {
  return FORMS[name]();
}
