/** What one end greets with does not say what a connection was for: the other end has to begin with the same protocol. */
import test from "ava";
import { ascii } from "../support/hex.ts";
import { connection } from "../support/talk.ts";
import { HOST, PEER, play } from "./scene.ts";

const SSH = "< SSH-2.0-OpenSSH_9.6";
const SMTP = "< 220 a.example ESMTP";
const FTP = "< 220 FTP server ready";
const POP = "< +OK POP3 ready";
const IMAP = "< * OK IMAP4rev1 ready";
const GET = "> GET / HTTP/1.0\r\n";
const BYTES = "> \x00\x01\x02";
const PORTS = { ssh: 22, smtp: 25, ftp: 21, pop3: 110, imap: 143 } as const;

type App = keyof typeof PORTS;

/** Lines of either end; `F` ends it. */
function talk(app: App, lines: readonly string[]) {
  const said = lines.map((line) => {
    const text = line.slice(2);
    return [line[0] as "<" | ">", text === "F" ? "FA" : ascii(`${text}\r\n`)] as const;
  });
  return connection(`${HOST}:40000`, `${PEER}:${PORTS[app]}`, 0, said);
}

async function verdicts(app: App, frames: ReturnType<typeof talk>): Promise<string[]> {
  const rules = [{ id: "p", to: "peer", over: `tcp/${PORTS[app]}`, app }];
  const { said } = await play({ rules, frames, bind: [`host=${HOST}`, `peer=${PEER}`] });
  return [...said.conversations.values()].map((one) => `${one.app} ${one.verdict}`);
}

for (const [app, lines, verdict] of [
  ["ssh", [SSH, "> SSH-2.0-OpenSSH_9.6"], "documented"],
  ["ssh", [SSH], "documented"],
  ["ssh", [SSH, GET], "inconclusive"],
  ["ssh", [SSH, "> ", "< Protocol mismatch."], "inconclusive"],
  ["ssh", [BYTES, SSH], "inconclusive"],
  ["smtp", [SMTP, "> EHLO b.example", "< 250-a.example\r\n250 STARTTLS", "> STARTTLS"], "documented"],
  ["smtp", [SMTP, "> QUIT", "< 221 bye"], "documented"],
  ["smtp", [SMTP, GET, "< 502 what"], "inconclusive"],
  ["smtp", [SMTP, BYTES], "inconclusive"],
  ["ftp", [FTP, "> USER a", "< 331 go on"], "documented"],
  ["ftp", [FTP, GET, "< 500 what"], "inconclusive"],
  // A greeting that could be mail's as well is one of FTP where the client speaks that.
  ["ftp", ["< 220 ready", "> PORT 10,0,0,5,78,33", "> PORT 10,0,0,5,78,34", "< F", "> F"], "documented"],
  ["pop3", [POP, "> USER a", "< +OK"], "documented"],
  ["pop3", [POP, GET, "< -ERR"], "inconclusive"],
  ["imap", [IMAP, "> a1 CAPABILITY", "< * CAPABILITY IMAP4rev1\r\na1 OK"], "documented"],
  ["imap", [IMAP, GET, "< GET BAD"], "inconclusive"],
] as const) {
  test(`${app}: ${lines.map((line) => JSON.stringify(line.trim())).join(" ")} is ${verdict}`, async (t) => {
    t.deepEqual(await verdicts(app, talk(app, lines)), [`${app} ${verdict}`]);
  });
}
