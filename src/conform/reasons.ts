/**
 * The closed list of reason codes, with what each means. Programs may rely on the codes; the sentences beside a verdict
 * are for people and may change.
 */
export const CONVERSATION_REASONS = {
  "rule-proved": "a rule covers it and every clause is proved",
  forbidden: "a rule forbids it",
  retired: "the document says that this destination is no longer in use since a date before it",
  "expectation-broken": "a rule covers it and something that the rule expects is not so",
  background: "what every host does, covered by the background model",
  "proxy-leg": "the leg to the bound proxy, where nothing in it tells the inner destination, which else is judged",
  "inner-unseen": "it goes to or comes from the bound proxy, and whom it is for is not in the capture",
  "no-role": "neither end plays a role in the site",
  "address-unresolved": "no name was sent and this initiator never resolved the address in the capture",
  "name-unseen": "what the client said first, which may name another destination, is not in the capture",
  "shared-address": "the address was resolved for a documented and for another name",
  "name-contradicted": "the name that was sent is not what this initiator's DNS gave for the address",
  ech: "the hello is encrypted and only its outer name shows",
  "dns-replaced":
    "the answer that gave the address had outlived its lifetime, and later ones gave this initiator other addresses",
  "dns-disputed":
    "the answer that gave the address and another one to the same question disagree, and which was taken nobody can say",
  "dns-of-another": "only another host's DNS answer gives the documented name for the address",
  "listed-range": "the address is in a published range of a shared provider, and nothing names it",
  "one-direction": "packets of one direction only are in the capture",
  "never-came-up": "the destination is documented and the connection never came up",
  "answer-to-another": "what came back answers none of its questions in the capture, by their ids",
  "sent-on": "every HTTP answer sends the client on to another site, as a portal or a filter on the way does",
  "handshake-open": "the capture does not show that both ends finished their TLS handshake",
  "channel-unseen":
    "it may be a data channel of an encrypted session that a rule covers, which agrees on them inside TLS",
  overlap: "segments, or pieces of a message, bring other bytes for the same place, and which arrived no capture tells",
  hole: "packets are missing between what was said before it was up, and behind them may stand that it failed",
  "role-not-bound": "the other end's role is bound to no address",
  "parameter-missing": "a parameter that decides was not given",
  "app-unseen": "the capture does not show enough to say which application it is",
  "other-messages": "some of its messages are not what the application would say",
  "cap-reached": "a limit of Wirepact was reached, and something was not read",
  "two-owners": "ARP shows an address of it with two owners at once, and which of them it is nobody can say",
  "initiator-unknown": "no packet in the capture says which end opened it",
  "expectation-unproved": "something that the rule expects cannot be told from the capture",
  "no-rule": "no rule covers it",
  "condition-off": "only a rule whose condition is off would cover it",
} as const;
export type ConversationReason = keyof typeof CONVERSATION_REASONS;

export const RULE_REASONS = {
  met: "a conversation that came up is documented by it",
  "expectation-broken": "at least one conversation under it breaks an expectation",
  touched: "it is forbidden or retired, and was used",
  refused: "every attempt was refused",
  unanswered: "attempts went unanswered, while answers to the same host were in the capture",
  "name-refused":
    "the name was not resolved for the host that asked for it: no such name, refused, failed, or no answer",
  sinkholed: "the resolver gave an address that the name can't have: none, the host's own, or a private one",
  partial: "some of its endpoints were used, and the capture could have shown the others",
  missing: "the capture could have shown it, and it is not there",
  unused: "optional, or tied to an occasion, and not seen",
  "condition-off": "its condition is off",
  "parameter-missing": "a parameter that its condition needs was not given",
  "role-not-bound": "a role at one of its ends is bound to no address",
  "host-not-seen": "the hosts that would open it never appear in the capture",
  "host-passive":
    "the hosts that would open it opened nothing in the capture, or only what comes in at a bound far end",
  "own-host": "it leads to the host itself, and what a host says to itself is on no wire",
  "too-short": "the hosts that would open it were not seen for long enough",
  "one-sided": "answers to those hosts are not in the capture",
  "name-unresolved": "its name was asked for, and no usable answer is in the capture",
  "replies-not-visible": "attempts without an answer, and the capture may not show answers",
  "clock-set-back": "attempts without an answer, while the capture's clock was set back",
  "candidate-inconclusive": "the only candidate is inconclusive",
  "same-as": "the evidence fits another rule equally, or better",
  "may-be-carried": "an HTTP/2 connection under another name could be carrying it",
  filtered: "a filter may have kept it, or its answer, out of the capture",
  lossy: "the capture itself lost packets",
  "cap-reached": "a limit of Wirepact was reached, and packets were left out",
  "two-owners": "ARP shows the host's address with two owners at once, and which of them is meant nobody can say",
  "peer-unknown": "nobody can say whether the far end wanted to open it",
  fallback: "it is needed only if another rule fails",
  "judged-before": "a live run judges by something else now, and what had left its memory before may be it",
} as const;
export type RuleReason = keyof typeof RULE_REASONS;
