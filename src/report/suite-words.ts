/** The words of `suite` and `diff` that the command line knows before any of their code is loaded. */
export const SUITE_FORMS = ["text", "json", "junit", "sarif", "tap"] as const;
export type SuiteForm = (typeof SUITE_FORMS)[number];

export const DIFF_FORMS = ["text", "json", "markdown"] as const;
export type DiffForm = (typeof DIFF_FORMS)[number];
