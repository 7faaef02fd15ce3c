import { isDeepStrictEqual } from "node:util";
import type { ExecutionContext } from "ava";

/**
 * As `t.deepEqual`, which describes both values at length before it compares them: for what is compared so often that most of
 * the time would go there. Where they differ, it is `t.deepEqual` that says how.
 */
export function equal(
  t: Pick<ExecutionContext, "deepEqual" | "pass">,
  actual: unknown,
  expected: unknown,
  message?: string,
): void {
  if (isDeepStrictEqual(actual, expected)) t.pass();
  else t.deepEqual(actual, expected, message);
}
