/** Debian's Chromium, headless and without a network, to open pages from disk as a reader would. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ExecutionContext } from "ava";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";

const PROGRAM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);

/** What a page tried that it must not: requests, errors, dialogs. */
export interface Opened {
  page: Page;
  requests: string[];
  complaints: string[];
}

/** Opens the page and hands it over; says so and does nothing where there is no Chromium. */
export async function opened(
  t: ExecutionContext,
  text: string,
  options: BrowserContextOptions,
  look: (opened: Opened) => Promise<void>,
): Promise<void> {
  if (PROGRAM === undefined) {
    t.log("SKIPPED: no Chromium here (apt-get install chromium)");
    t.pass();
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "wirepact-html-"));
  const browser = await chromium.launch({ executablePath: PROGRAM, args: ["--no-sandbox"] });
  try {
    const path = join(folder, "report.html");
    writeFileSync(path, text);
    const context = await browser.newContext({ offline: true, ...options });
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(pathToFileURL(path).href);
    await look({ page, requests, complaints });
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
