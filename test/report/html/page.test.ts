import test from "ava";
import { htmlProfile, htmlReport } from "../../../src/report/html.ts";
import { makePen } from "../../../src/report/pen.ts";
import type { RunResult } from "../../../src/report/result.ts";
import { HOSTILE, poisoned } from "../hostile.ts";
import { hasHarmful } from "../plain.ts";
import { capture, conversation, lookup, rest, result, rollout, runInfo, undocumented } from "../sample.ts";
import { inBrowser, opened } from "./browser.ts";

const print = (value: RunResult, database: string | null = "runs.sqlite"): string =>
  [...htmlReport(value, { pen: makePen(100, false), database, all: false })].join("");

/** Of the lines in plain words. */
const ORDER = ["bad", "unsure", "good", "off"];
const MARKUP = `"><img src=http://203.0.113.9/x onerror=alert(1)></title></style><script>alert(2)</script>'onload='alert(3)`;

test("the page tells verdict, advice, picture, document, times, conversations, capture and how to do it again", (t) => {
  const page = print(rollout());
  for (const id of ["do", "picture", "document", "timeline", "conversations", "capture", "again", "meaning"])
    t.true(page.includes(`<h2 id="${id}">`), id);
  t.regex(page, /<h1><span aria-hidden="true">✗<\/span> NOT AS DOCUMENTED<\/h1>/);
  t.regex(page, /The capture lost 212 packets; it does not say when/);
  t.regex(page, /wirepact report runs\.sqlite --format html/);
  t.notRegex(print(rollout(), null), /wirepact report/);
  t.regex(page, /<td class="why">Waived \(undocumented\): ticket 4711\./);
});

test("names that judged hosts asked for and no document has are listed, many of one domain together", (t) => {
  const lookups = [
    ...Array.from({ length: 9 }, (_, i) => lookup({ name: `n${i}.example.com` })),
    lookup({ name: `${MARKUP}.test` }),
    lookup({ name: "known.test", verdict: "documented" }),
  ];
  const page = print({ ...rollout(), lookups });
  const section = page.slice(page.indexOf('<h2 id="names">'), page.indexOf('<h2 id="capture">'));
  t.regex(section, /example\.com[\s\S]*9 names below it[\s\S]*<summary>Each of them \(9\)/);
  t.is(section.match(/<li>n\d\.example\.com: by /g)?.length, 9);
  t.notRegex(section, /known\.test|<img|<script/);
  t.true(page.includes('<a href="#names">'));
  t.false(print({ ...rollout(), lookups: [] }).includes('id="names"'));
});

test("time that no capture covers is said and drawn", (t) => {
  const captures = [
    capture({ last_time: "2026-11-20T08:10:00.000000Z" }),
    capture({ capture_id: 2, path: "b.pcap", first_time: "2026-11-20T08:40:00.000000Z" }),
  ];
  const page = print({ ...rollout(), captures });
  t.regex(page, /1 gap in the recording \(grey\): 2026-11-20 08:10:00 to 08:40:00 UTC \(30 min\)/);
  t.regex(page, /<rect class="hole"/);
  t.notRegex(print(rollout()), /<rect class="hole"/);
});

test("plain words first: each line once, with its sign, and none for what is not there", (t) => {
  const page = print(rollout());
  const lines = [
    ...page.matchAll(/<li><span class="(\w+)"><span aria-hidden="true">(.)<\/span> ([^<]+)<\/span><\/li>/g),
  ];
  t.true(lines.length >= 4, page);
  const moods = lines.map(([, mood]) => mood);
  t.deepEqual(
    moods,
    [...moods].sort((a, b) => ORDER.indexOf(a ?? "") - ORDER.indexOf(b ?? "")),
    "the worst first",
  );
  t.true(lines.every(([, , , text]) => !/^0 /.test(text ?? "")));
  t.regex(page, /conversations are in no row of the document\./);
});

test("a name off the wire never passes for a role in the picture", (t) => {
  const posing = undocumented({ responder: "203.0.113.66", server_name: "gateway" });
  const page = print({ ...rollout(), judged: [posing, conversation()] });
  t.regex(page, /<title>gateway \(203\.0\.113\.66\)/);
});

test("the sign at a line's end counts what has it, not all that end there", (t) => {
  const [bad, good] = [
    undocumented(),
    conversation({ responder: "198.51.100.77", server_name: "telemetry.example.com" }),
  ];
  t.regex(print({ ...rollout(), judged: [bad, good] }), /✗ 1 of 2<\/text>/);
});

test("names from outside stay text: no element, no attribute, no invisible character", (t) => {
  const elements = (page: string): number => page.match(/<[a-z]/g)?.length ?? 0;
  const clean = elements(print(poisoned("plain")));
  for (const poison of [...HOSTILE, MARKUP]) {
    const page = print(poisoned(poison));
    t.false(hasHarmful(page.replaceAll("\n", "")), JSON.stringify(poison));
    t.is(elements(page), clean, JSON.stringify(poison));
  }
});

test("the proof page of a role", (t) => {
  const page = [...htmlProfile(rollout(), "gateway")].join("");
  t.regex(page, /<h1>.*NOT PROVED.*gateway of opswat-sdp<\/h1>/s);
  t.notRegex(page, /<script/);
});

test("without a model every conversation is listed, and of a capture not read only why", (t) => {
  const seen = result({
    run: runInfo({ models: [], bindings: [], parameters: [] }),
    judged: [],
    rules: [],
    rest: rest([undocumented({ verdict: null })]),
  });
  t.regex(print(seen), /Conversations 1 to 1 of 1/);
  const unread = result({ captures: [capture({ packets: 0, damage: "This is empty." })], judged: [], rules: [] });
  t.regex(print(unread), /This is empty\./);
  t.notRegex(print(unread), /id="picture"/);
});

for (const width of [375, 1280, 1920]) {
  for (const colorScheme of ["light", "dark"] as const) {
    inBrowser(
      `opened from disk at ${width} pixels, ${colorScheme}: nothing overflows, nothing is loaded`,
      async (t) => {
        await opened(print(rollout()), { viewport: { width, height: 900 }, colorScheme }, async (it) => {
          t.true(((await it.page.evaluate("document.documentElement.scrollWidth")) as number) <= width);
          t.is(it.requests.length, 1, "the page itself");
          t.deepEqual(it.complaints, []);
          const background = await it.page.evaluate("getComputedStyle(document.body).backgroundColor");
          t.is(background, colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(15, 19, 23)");
        });
      },
    );
  }
}

inBrowser("on paper nothing is cut off, and what is closed on the screen is there", async (t) => {
  await opened(print(rollout()), { viewport: { width: 718, height: 1000 } }, async ({ page }) => {
    await page.emulateMedia({ media: "print" });
    t.true(((await page.evaluate("document.documentElement.scrollWidth")) as number) <= 718);
    const tables = (await page.evaluate(
      "[...document.querySelectorAll('.page table')].map((table) => table.getBoundingClientRect().width)",
    )) as number[];
    t.true(tables.length > 1);
    t.true(
      tables.every((width) => width > 0 && width <= 718),
      tables.join(" "),
    );
    t.false(await page.locator(".tools").first().isVisible());
  });
});

inBrowser("without script all is there to read, and no control that does nothing", async (t) => {
  await opened(print(rollout()), { javaScriptEnabled: false }, async ({ page }) => {
    t.true(await page.getByText("NOT AS DOCUMENTED").first().isVisible());
    t.false(await page.locator(".tools").isVisible());
    const evidence = page.locator("tbody summary", { hasText: "Evidence" }).first();
    t.false(
      await page
        .getByText(/Nearest rule|who began it, proved/)
        .first()
        .isVisible(),
    );
    await evidence.focus();
    await page.keyboard.press("Enter");
    t.true(
      await page
        .getByText(/Nearest rule|who began it, proved/)
        .first()
        .isVisible(),
    );
  });
});

inBrowser("hostile names: nothing runs, nothing leaves", async (t) => {
  await opened(print(poisoned(MARKUP)), {}, async ({ page, requests, complaints }) => {
    await page.getByRole("button", { name: "Open or close all evidence shown" }).click();
    t.is(requests.length, 1);
    t.deepEqual(complaints, []);
    t.is(await page.locator("img").count(), 0);
  });
});

inBrowser("the policy stops what escaping would have let through", async (t) => {
  const broken = print(rollout()).replace("</main>", "<script>document.title='ran'</script></main>");
  await opened(broken, {}, async ({ page, complaints }) => {
    t.not(await page.title(), "ran");
    t.regex(complaints.join("\n"), /Content Security Policy/);
  });
});

inBrowser("10,000 findings: filtered, sorted and opened by script", async (t) => {
  const judged = Array.from({ length: 10_000 }, (_, i) =>
    undocumented({
      conversation_id: i.toString(16).padStart(16, "0"),
      server_name: `n${i}.example.com`,
      packets: i,
    }),
  );
  const text = print({ ...rollout(), judged: [...judged, conversation()] });
  t.true(text.length < 25_000_000, `${text.length} characters`);
  await opened(text, {}, async ({ page, complaints }) => {
    const visible = page.locator("tr[data-kind]:visible");
    t.is(await visible.count(), 200);
    await page.getByRole("searchbox").fill("n9876.example");
    await page.getByText(/^1 of 10001 match/).waitFor();
    t.is(await visible.count(), 1);
    await page.getByRole("searchbox").fill("");
    await page.getByRole("combobox").selectOption("documented");
    await page.getByText(/^1 of 10001 match/).waitFor();
    await page.getByRole("combobox").selectOption("");
    const packets = page.getByRole("button", { name: "Packets" }).first();
    await packets.click();
    await packets.click();
    t.regex((await visible.first().textContent()) ?? "", /n9999\.example\.com/);
    t.deepEqual(complaints, []);
  });
});
