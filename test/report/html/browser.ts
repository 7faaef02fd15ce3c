/** Debian's Chromium, headless and without a network, to open pages from disk as a reader would. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
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

/** A test that needs a browser: skipped, by name and counted as such, where there is none (apt-get install chromium). */
export const inBrowser = PROGRAM === undefined ? test.skip : test.serial;

/** Opens the page and hands it over. */
export async function opened(
  text: string,
  options: BrowserContextOptions,
  look: (opened: Opened) => Promise<void>,
): Promise<void> {
  if (PROGRAM === undefined) throw new Error("a test that opens a page must be declared with inBrowser");
  const folder = mkdtempSync(join(tmpdir(), "wirepact-html-"));
  const browser = await chromium.launch({ executablePath: PROGRAM, args: ["--no-sandbox"] });
  try {
    const path = join(folder, "report.html");
    writeFileSync(path, text);
    const context = await browser.newContext({ offline: true, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(240_000); // a busy machine is no failure
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
