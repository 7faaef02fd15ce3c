/** Days in the site's timezone, over clock changes, and waivers that hold until one. */
import test from "ava";
import { dayOf, endOfDay, minutesOf } from "../../src/conform/calendar.ts";
import { Waivers } from "../../src/conform/waive.ts";
import type { Waiver } from "../../src/model/types.ts";
import type { ConversationRow, RuleRow } from "../../src/report/result.ts";

const sec = (text: string): number => Date.parse(text) / 1000;

for (const [day, zone, end] of [
  ["2026-03-02", "UTC", "2026-03-03T00:00:00Z"],
  ["2026-03-02", "Europe/Berlin", "2026-03-02T23:00:00Z"],
  ["2026-03-02", "America/New_York", "2026-03-03T05:00:00Z"],
  ["2026-03-02", "Asia/Kolkata", "2026-03-02T18:30:00Z"],
  ["2026-03-02", "Pacific/Kiritimati", "2026-03-02T10:00:00Z"],
  ["2026-12-31", "UTC", "2027-01-01T00:00:00Z"],
  ["2028-02-28", "UTC", "2028-02-29T00:00:00Z"],
  // Clocks go forward in the night of the 29th, back in that of the 25th of October.
  ["2026-03-28", "Europe/Berlin", "2026-03-28T23:00:00Z"],
  ["2026-03-29", "Europe/Berlin", "2026-03-29T22:00:00Z"],
  ["2026-10-24", "Europe/Berlin", "2026-10-24T22:00:00Z"],
  ["2026-10-25", "Europe/Berlin", "2026-10-25T23:00:00Z"],
  // In Santiago clocks change at midnight itself.
  ["2026-09-05", "America/Santiago", "2026-09-06T04:00:00Z"],
] as const) {
  test(`${day} in ${zone} ends at ${end}`, (t) => {
    t.is(endOfDay(day, zone), sec(end));
    t.is(dayOf(sec(end) - 1, zone), day);
    t.not(dayOf(sec(end), zone), day);
  });
}

// ---- waivers

const waiver = (what: Waiver["what"], until: string | null = null): Waiver => ({ what, why: "agreed", until, line: 1 });

const ROW = {
  initiator: "10.0.0.5",
  responder: "192.0.2.1",
  transport: "tcp",
  port: 443,
  app: "tls",
  server_name: "api.example.com",
  peer_name: "api.example.com",
  model: "m",
  rule_id: "r",
} as ConversationRow;

for (const [what, covers] of [
  [{ to: "192.0.2.1" }, true],
  [{ to: "192.0.2.2" }, false],
  [{ to: "api.example.com" }, true],
  [{ to: "*.example.com" }, true],
  [{ to: "**.com" }, true],
  [{ to: "*.com" }, false],
  [{ to: "example.com" }, false],
  [{ from: "10.0.0.5" }, true],
  [{ from: "gateway" }, true],
  [{ from: "client" }, false],
  [{ over: "tcp/443" }, true],
  [{ over: "udp/443" }, false],
  [{ app: "tls" }, true],
  [{ app: "http" }, false],
  [{ rule: "r" }, true],
  [{ rule: "r", model: "n" }, false],
  [{ from: "gateway", to: "api.example.com", over: "tcp/443", app: "tls" }, true],
  [{ from: "gateway", to: "api.example.com", over: "tcp/444" }, false],
] as const) {
  test(`a waiver of ${JSON.stringify(what)} ${covers ? "covers it" : "does not cover it"}`, (t) => {
    const waivers = new Waivers([waiver(what)], "2026-03-02");
    t.is(waivers.ofConversation(ROW, ["gateway"]), covers ? "agreed" : null);
    t.is(waivers.sayings().length, covers ? 0 : 1);
  });
}

test("a waiver's last day still counts, the next does not", (t) => {
  const on = (day: string) => new Waivers([waiver({ rule: "r" }, "2026-03-02")], day);
  t.is(on("2026-03-02").ofRule({ rule_id: "r", model: "m" } as RuleRow), "agreed");
  const expired = on("2026-03-03");
  t.is(expired.ofRule({ rule_id: "r", model: "m" } as RuleRow), null);
  t.regex(expired.sayings()[0]!, /expired on 2026-03-02/);
});

test("a waiver without a rule covers no rule", (t) => {
  t.is(new Waivers([waiver({ to: "192.0.2.1" })], "2026-03-02").ofRule({ rule_id: "r", model: "m" } as RuleRow), null);
});

test("a time that no calendar has is the last day, or the first, and breaks nothing", (t) => {
  for (const timezone of ["UTC", "America/New_York", "Pacific/Kiritimati"]) {
    for (const sec of [1e15, 8.64e12 + 1, Number.MAX_SAFE_INTEGER]) {
      t.regex(dayOf(sec, timezone), /^9999-12-/);
      t.true(minutesOf(sec, timezone) >= 0);
    }
    t.regex(dayOf(-1e15, timezone), /^1000-01-/);
  }
});
