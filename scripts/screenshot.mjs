#!/usr/bin/env node
// Takes docs/report.png anew: the bundled case's HTML report, opened in headless Chromium. `node scripts/screenshot.mjs` after a build.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { DEMO, demoArguments } from "./lib/demo.mjs";
import { ROOT, which } from "./lib/run.mjs";

const WIDTH = 1100;
const HEIGHT = 900;

const folder = mkdtempSync(join(tmpdir(), "wirepact-screenshot-"));
const page = join(folder, "report.html");
const cli = join(ROOT, process.argv[2] ?? "dist", "src/main.js");
const args = [cli, ...demoArguments(), "--db", join(folder, "wirepact.sqlite"), "--format", "html", "--out", page];
spawnSync(process.execPath, args, { cwd: join(ROOT, DEMO), stdio: "inherit" });
if (!existsSync(page)) throw new Error("there is no report to be opened");
const executablePath = which("chromium") ?? which("chromium-browser") ?? which("google-chrome");
if (executablePath === null) throw new Error("no Chromium here: apt-get install chromium");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const context = await browser.newContext({
    viewport: { width: WIDTH, height: HEIGHT },
    colorScheme: "light",
    offline: true,
  });
  const tab = await context.newPage();
  await tab.goto(pathToFileURL(page).href);
  await tab.screenshot({ path: join(ROOT, "docs/report.png") });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
