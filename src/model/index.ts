/**
 * The expected-connection language: load, check, bind, show, lint. Judging by it is `conform/`.
 *
 * Nothing here loads `yaml`, `ip-num` or `psl` before it is needed (`lazy.ts`).
 */
export { APP_IDS, APPS, type App } from "./apps.ts";
export { type Binding, type Bound, type BoundHost, bindRoles, type ParameterSetting } from "./bind.ts";
export {
  conditionParameters,
  describeCondition,
  evaluateCondition,
  type Missing,
  type ParameterValue,
} from "./conditions.ts";
export { lintModel } from "./lint.ts";
export { lintDocument } from "./lint-document.ts";
export { type Loaded, loadModel, PROXY_ROLE } from "./load.ts";
export { compileNames, matchesName, type NameMatcher, parseHostPattern, resolvePattern } from "./names.ts";
export { portsText } from "./over.ts";
export { parseRange, rangeHas } from "./ranges.ts";
export { modelSchema } from "./schema.ts";
export { loadShipped, type ShippedModel, shippedModels } from "./shipped.ts";
export { describeTarget, formatModelTable, type ModelRow, showModel, type TableFormat } from "./show.ts";
export { type LoadedSite, loadSite } from "./site.ts";
export type * from "./types.ts";
