/** The proof page in its forms. */
import type { FormName } from "./forms.ts";
import { htmlProfile } from "./html.ts";
import { jsonText } from "./json.ts";
import type { Pen } from "./pen.ts";
import { profileOf } from "./profile.ts";
import type { RunResult } from "./result.ts";
import { profilePage } from "./text/profile.ts";

export function* profileReport(result: RunResult, role: string, form: FormName, pen: Pen): Generator<string> {
  if (form === "html") return yield* htmlProfile(result, role);
  const profile = profileOf(result, role);
  yield form === "json"
    ? `${jsonText({ wirepact: result.run.wirepact, ...profile })}\n`
    : profilePage(result, profile, pen);
}
