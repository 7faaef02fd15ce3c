import test from "ava";
import { formatModelTable, showModel } from "../../src/model/show.ts";
import { fixture } from "./helpers.ts";

const model = fixture("everything");
const row = (id: string) => showModel(model).find((candidate) => candidate.id === id);

test("rules in words", (t) => {
  t.deepEqual(row("api"), {
    id: "api",
    from: "client",
    to: "api.example.com (192.0.2.10, 192.0.2.16/28)",
    over: "tcp/443",
    as: "tls; tls.version: at least 1.2; encrypted: true",
    when: "region is us",
    needed: "required",
    where: "Client: row 1; Summary",
  });
  t.is(row("both")?.to, "each of *.example.net, **.cdn.example.net");
  t.is(row("both")?.needed, "conditional, every 1 d, one of ways-out is enough");
  t.is(row("both")?.when, "region is us or eu and deployment is internet");
  t.is(row("nat")?.over, "udp/30000 (outside: $public-port, default 30000)");
  t.is(row("icap")?.over, "tcp/$icap-port (default 1344)");
  t.is(row("nat")?.to, "role:server");
  t.is(
    row("nat")?.needed,
    "required, one of ways-out is enough, an end that is not bound may be anywhere on the Internet",
  );
  t.is(row("old")?.needed, "retired, after 2018-11-22");
  t.is(row("any-port")?.to, "$domain (or role:server)");
  t.is(row("time")?.to, "pool.example.org (pool)");
  t.is(row("time-by-http")?.to, 'query.example.org (the published ranges "amazon")');
  t.is(row("time-by-http")?.needed, "conditional, if time fails");
  t.is(row("icap")?.needed, "optional, on an update");
  t.is(row("everyone")?.from, "any judged host");
  t.is(row("webhook")?.from, "any Internet address");
});

for (const width of [60, 80, 120, 200]) {
  test(`the table in ${width} columns`, (t) => {
    const table = formatModelTable(model, width);
    for (const line of table.split("\n")) t.true(line.length <= width, line);
    // Nothing is lost by wrapping: a column read downwards holds the words again.
    const letters = (text: string) => [...text.replace(/\s/g, "")].sort().join("");
    const cells = showModel(model).flatMap(({ id, from, to, over, as, when, needed, where }) => [
      id,
      from,
      to,
      over,
      as,
      when,
      needed,
      where,
    ]);
    t.is(letters(table), letters(["FROMTOOVERASWHENNEEDEDWHEREID", ...cells].join("")));
  });
}

test("Markdown has one line a rule, and no cell ends early", (t) => {
  const lines = formatModelTable(model, 80, "markdown").trimEnd().split("\n");
  t.is(lines.length, model.rules.length + 2);
  t.is(lines[0], "| from | to | over | as | when | needed | where | id |");
  for (const line of lines) t.is(line.split(/(?<!\\)\|/).length, 10);
});

test("JSON holds the rows and what the document leaves open", (t) => {
  const shown = JSON.parse(formatModelTable(model, 80, "json"));
  t.is(shown.model, "everything");
  t.deepEqual(shown.rules, showModel(model));
  t.deepEqual(shown.unclear, model.unclear);
  t.deepEqual(shown.leftOut, model.leftOut);
});
