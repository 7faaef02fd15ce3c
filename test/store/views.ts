/** The contract's views and their columns, in its order. Other programs select these: they are written out here once more. */
const FIRST_TWELVE =
  "run_id conversation_id initiator responder transport port app server_name first_seen last_seen flows packets";
const RULE_VERDICTS =
  "run_id model rule_id status requirement from_role to_endpoint transport ports app reason document section";

export const CONTRACT: Record<string, string> = {
  observed_undocumented: `${FIRST_TWELVE} bytes reason nearest_rule nearest_model`,
  observed_violations: `${FIRST_TWELVE} bytes model rule_id expectation found`,
  documented_missing: RULE_VERDICTS,
  rule_verdicts: RULE_VERDICTS,
  rule_hosts: "run_id model rule_id realm host status reason",
  conversation_verdicts:
    "run_id conversation_id realm initiator responder transport port app inner_app server_name peer_name outcome verdict " +
    "model rule_id reason_code reason evidence flows packets bytes first_seen last_seen",
  lookups: "run_id client server name type result answers verdict first_frame count",
  operations: "run_id conversation_id protocol role code operation class target count failed unanswered first_frame",
  assets: "run_id address kind vendor product version serial name source first_seen last_seen",
  capture_quality: "run_id measure value",
  runs: "run_id status started_at command wirepact models site first_time last_time",
  captures: "run_id capture_id path realm packets",
};
/** The views of findings, which also say what waived them. */
export const FINDINGS = ["observed_undocumented", "observed_violations", "documented_missing"];
