/** The page's style and script, and the policy that allows these two by their hashes and nothing else. */
import { createHash } from "node:crypto";

/** Colours keep a contrast of 4.5 to 1 at least in both schemes (WCAG 2.2, 1.4.3); a verdict is never told by colour alone. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--box:#f6f8fa;--good:#116329;--bad:#b3121d;--unsure:#7d4e00;--off:#57606a;--link:#0550ae}
@media (prefers-color-scheme:dark){:root{--bg:#0f1317;--fg:#e6edf3;--dim:#9aa6b2;--line:#343c45;--box:#191f26;--good:#56d364;--bad:#ff8a80;--unsure:#e3b341;--off:#9aa6b2;--link:#79c0ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:86rem;padding:1.25rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0}h2{font-size:1.2rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}h3{font-size:1rem;margin:1.2rem 0 .3rem}
a{color:var(--link)}p{margin:.4rem 0;max-width:75ch}.dim{color:var(--dim)}.lead{font-size:1.1rem}
.good{color:var(--good)}.bad{color:var(--bad)}.unsure{color:var(--unsure)}.off{color:var(--off)}
header{border-left:.4rem solid currentColor;padding:.2rem 1rem}header>p{color:var(--fg)}.plain{list-style:none;padding:0;margin:.4rem 0}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;padding:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.8rem 0}dt{color:var(--dim)}dd{margin:0}
.warn{border-left:.3rem solid var(--unsure);padding:.2rem .8rem;margin:.4rem 0;background:var(--box);max-width:none}
.scroll{overflow-x:auto}.narrow{display:none}table{border-collapse:collapse;width:100%;min-width:52rem;font-size:.9rem}.rows{table-layout:fixed}.rows caption{position:absolute;clip-path:inset(50%)}.legend{max-width:none}.rows th:nth-child(1){width:10rem}.rows th:nth-child(4){width:25%}caption{text-align:left;color:var(--dim);padding:.2rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line);min-width:6.2rem}th,.own{overflow-wrap:normal}th{background:var(--box)}th button{all:unset;cursor:pointer;text-decoration:underline dotted}
td[data-key],td>.own:first-child{white-space:nowrap}td:nth-child(4)>.own:first-child{white-space:normal}.why{min-width:17rem}.who{min-width:9.5rem}.who+.who{min-width:12rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:var(--box);padding:.6rem;overflow-x:auto;white-space:pre-wrap}
summary{cursor:pointer;padding:.15rem 0}:focus-visible,th button:focus-visible{outline:3px solid var(--link);outline-offset:2px}
details.page{border:1px solid var(--line);margin:.4rem 0;padding:.2rem .6rem}
.tools{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:.6rem 0}.tools[hidden]{display:none}
input,select,.tools button{font:inherit;padding:.3rem .5rem;background:var(--bg);color:var(--fg);border:1px solid var(--dim);border-radius:.2rem;max-width:100%}
svg{display:block;min-width:56rem;width:100%;height:auto}svg text{fill:var(--fg);font:13px system-ui,sans-serif}svg .small{font-size:12px;fill:var(--dim)}
svg .node{fill:var(--box);stroke:var(--dim)}svg .axis{stroke:var(--line)}svg .hole{fill:var(--dim);fill-opacity:.3}
.e-good{stroke:var(--good);fill:var(--good)}.e-bad{stroke:var(--bad);fill:var(--bad)}.e-unsure{stroke:var(--unsure);fill:var(--unsure);stroke-dasharray:6 4}.e-off{stroke:var(--off);fill:var(--off);stroke-dasharray:2 4}
svg path[d]{fill:none;stroke-width:2}svg rect[class^=e-]{stroke:none}svg text.e-good,svg text.e-bad,svg text.e-unsure,svg text.e-off{stroke:none}svg text.e-good{fill:var(--good)}svg text.e-bad{fill:var(--bad)}svg text.e-unsure{fill:var(--unsure)}
@media (max-width:44rem){.narrow{display:block}dl{grid-template-columns:1fr}dt{margin-top:.4rem}body{padding:.8rem}}
@media print{:root{--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;--box:#fff;--good:#116329;--bad:#b3121d;--unsure:#7d4e00;--off:#555}body{max-width:none;font-size:10pt;padding:0}nav,.tools,.narrow{display:none}.scroll{overflow:visible}svg,table{min-width:0}table{font-size:8pt}th,td,.why{min-width:0;padding:.2rem .3rem}.who{min-width:5rem}.who+.who{min-width:8rem}td[data-key],td>.own:first-child{white-space:normal}.rows th:nth-child(1){width:6rem}tr{break-inside:avoid}h2{break-after:avoid}thead{display:table-header-group}details.page::details-content{content-visibility:visible;display:block}details.page[hidden]{display:block}}
`;

/**
 * Filter, sort, open and close. Rows of closed pages are not laid out, which keeps 10,000 of them quick; while a filter is
 * set, pages with a match are open and at most 500 rows are shown.
 */
export const SCRIPT = `
"use strict";
for (const box of document.querySelectorAll("[data-list]")) {
  const tools = box.querySelector(".tools"), text = tools.querySelector("input"), kind = tools.querySelector("select");
  const told = tools.querySelector("output"), pages = [...box.querySelectorAll("details.page")];
  const bodies = pages.map((page) => page.querySelector("tbody"));
  const sizes = bodies.map((body) => body.rows.length);
  let rows = bodies.flatMap((body) => [...body.rows]);
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  tools.hidden = false;
  const filter = () => {
    const want = text.value.trim().toLowerCase(), only = kind.value, all = want === "" && only === "";
    let count = 0, at = 0;
    for (const [i, size] of sizes.entries()) {
      let here = 0;
      for (const row of rows.slice(at, at + size)) {
        const fits = (only === "" || row.dataset.kind === only) && (want === "" || words.get(row).includes(want));
        if (fits) count++;
        const hide = !fits || (!all && count > 500);
        if (row.hidden !== hide) row.hidden = hide;
        if (!hide) here++;
      }
      at += size;
      pages[i].hidden = here === 0;
      pages[i].open = all ? i === 0 : here > 0;
    }
    told.textContent = all ? "" : count + " of " + rows.length + " match" + (count > 500 ? "; the first 500 are shown" : "");
  };
  let timer = 0;
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 150); });
  kind.addEventListener("change", filter);
  let sorted = -1, down = false;
  const heads = pages.map((page) => [...page.querySelectorAll("th")]);
  for (const line of heads) for (const [column, head] of line.entries()) {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      down = sorted === column && !down; sorted = column;
      const key = new Map(rows.map((row) => [row, row.cells[column].dataset.key ?? row.cells[column].textContent]));
      const order = new Intl.Collator("en", { numeric: true });
      rows.sort((a, b) => order.compare(key.get(a), key.get(b)) * (down ? -1 : 1));
      let at = 0;
      for (const [i, size] of sizes.entries()) { bodies[i].append(...rows.slice(at, at + size)); at += size; }
      for (const other of heads) for (const [i, cell] of other.entries())
        if (i === column) cell.setAttribute("aria-sort", down ? "descending" : "ascending"); else cell.removeAttribute("aria-sort");
      filter();
    });
  }
  tools.querySelector("button").addEventListener("click", () => {
    const shown = rows.filter((row) => !row.hidden && row.closest("details.page").open).flatMap((row) => [...row.querySelectorAll("details")]);
    const open = shown.some((one) => !one.open);
    for (const one of shown) one.open = open;
  });
}
`;

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Content Security Policy 3: nothing is loaded, sent or run but the two texts above. */
export const POLICY = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; base-uri 'none'; form-action 'none'`;
