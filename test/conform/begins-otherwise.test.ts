/** What one end greets with does not say what a connection was for: the other end has to begin with the same protocol. */
import test from "ava";
import { ascii } from "../support/hex.ts";
import { connection } from "../support/talk.ts";
import { HOST, PEER, play } from "./scene.ts";

/** `F`: the end of a direction. */
type Said = readonly (readonly [">" | "<", string])[];

const GET = "GET / HTTP/1.0\r\n\r\n";
const SSH = "SSH-2.0-OpenSSH_9.6\r\n";
const SMTP = "220 a.example ESMTP\r\n";
const FTP = "220 FTP server ready\r\n";
const talks: readonly (readonly [string, number, Said, "documented" | "inconclusive"])[] = [
  [
    "ssh",
    22,
    [
      ["<", SSH],
      [">", SSH],
    ],
    "documented",
  ],
  ["ssh", 22, [["<", SSH]], "documented"],
  [
    "ssh",
    22,
    [
      ["<", SSH],
      [">", GET],
    ],
    "inconclusive",
  ],
  [
    "ssh",
    22,
    [
      ["<", SSH],
      [">", "\r\n"],
      ["<", "Protocol mismatch.\r\n"],
    ],
    "inconclusive",
  ],
  [
    "ssh",
    22,
    [
      [">", "\x00\x01\x02"],
      ["<", SSH],
    ],
    "inconclusive",
  ],
  [
    "smtp",
    25,
    [
      ["<", SMTP],
      [">", "EHLO b.example\r\n"],
      ["<", "250-a.example\r\n250 STARTTLS\r\n"],
      [">", "STARTTLS\r\n"],
    ],
    "documented",
  ],
  [
    "smtp",
    25,
    [
      ["<", SMTP],
      [">", "QUIT\r\n"],
      ["<", "221 bye\r\n"],
    ],
    "documented",
  ],
  [
    "smtp",
    25,
    [
      ["<", SMTP],
      [">", GET],
      ["<", "502 what\r\n"],
    ],
    "inconclusive",
  ],
  [
    "smtp",
    25,
    [
      ["<", SMTP],
      [">", "\x00\x01\x02\x03"],
    ],
    "inconclusive",
  ],
  [
    "ftp",
    21,
    [
      ["<", FTP],
      [">", "USER a\r\n"],
      ["<", "331 go on\r\n"],
    ],
    "documented",
  ],
  [
    "ftp",
    21,
    [
      ["<", FTP],
      [">", GET],
      ["<", "500 what\r\n"],
    ],
    "inconclusive",
  ],
  // A greeting that could be mail's as well is one of FTP where the client speaks that.
  [
    "ftp",
    21,
    [
      ["<", "220 ready\r\n"],
      [">", "PORT 10,0,0,5,78,33\r\n"],
      [">", "PORT 10,0,0,5,78,34\r\n"],
      ["<", "F"],
      [">", "F"],
    ],
    "documented",
  ],
  [
    "pop3",
    110,
    [
      ["<", "+OK POP3 ready\r\n"],
      [">", "USER a\r\n"],
      ["<", "+OK\r\n"],
    ],
    "documented",
  ],
  [
    "pop3",
    110,
    [
      ["<", "+OK POP3 ready\r\n"],
      [">", GET],
      ["<", "-ERR\r\n"],
    ],
    "inconclusive",
  ],
  [
    "imap",
    143,
    [
      ["<", "* OK IMAP4rev1 ready\r\n"],
      [">", "a1 CAPABILITY\r\n"],
      ["<", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n"],
    ],
    "documented",
  ],
  [
    "imap",
    143,
    [
      ["<", "* OK IMAP4rev1 ready\r\n"],
      [">", GET],
      ["<", "GET BAD\r\n"],
    ],
    "inconclusive",
  ],
];

for (const [app, port, said, verdict] of talks) {
  test(`${app}: ${said.map(([way, text]) => `${way} ${JSON.stringify(text.trim())}`).join(" ")} is ${verdict}`, async (t) => {
    const frames = connection(
      `${HOST}:40000`,
      `${PEER}:${port}`,
      0,
      said.map(([way, text]) => [way, text === "F" ? "FA" : ascii(text)] as const),
    );
    const rules = [{ id: "p", to: "peer", over: `tcp/${port}`, app }];
    const { conversations } = (await play({ rules, frames, bind: [`host=${HOST}`, `peer=${PEER}`] })).said;
    const [one] = [...conversations.values()];
    t.is(one!.verdict, verdict, one!.reason ?? "");
    t.is(one!.app, app);
  });
}
