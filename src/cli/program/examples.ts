/** Examples for each command's `--help`; a test holds every word of them to what the command takes. */
import type { Command } from "commander";

/** By command, a subcommand behind its parent: what it is for, and the line to type. */
export const EXAMPLES: Readonly<Record<string, readonly (readonly [what: string, line: string])[]>> = {
  check: [
    [
      "An hour at a rollout, as text and stored in wirepact.sqlite",
      "check span.pcap --model opswat-sdp --bind gateway=10.20.0.5 --set region=us",
    ],
    [
      "The same, roles and parameters in a file; as a page to forward",
      "check span.pcap --site site.yaml --format html --out report.html",
    ],
    [
      "Several files as one capture, in a CI job that shows JUnit",
      "check mon.pcap tue.pcap.gz --site site.yaml --format junit --out wirepact.xml",
    ],
    ["What another machine captures", "check - --site site.yaml"],
    ["Earlier runs, judged again by another site file", "check a.sqlite b.sqlite@3 --site new.yaml"],
  ],
  live: [
    ["Until Ctrl-C, then the report", "live -i eth1 --model opswat-sdp --site plant.yaml"],
    ["For an hour, a line of JSON for each finding", "live -i any --for 1h --site plant.yaml --format json"],
    ["With the packets that prove each finding", "live -i eth1 --site plant.yaml --keep-packets proof --keep-size 1G"],
    ["What there is to listen on", "live --list-interfaces"],
  ],
  observe: [
    ["Who talks to whom", "observe span.pcap"],
    ["Only one host, as a sheet", "observe span.pcap -f 'host 10.20.0.5' --format csv --out hosts.csv"],
  ],
  roles: [["A site file to begin with", "roles span.pcap --model opswat-sdp --out site.yaml"]],
  report: [
    ["The newest run again, with every finding", "report wirepact.sqlite --all"],
    ["Run 3 as a page", "report wirepact.sqlite@3 --format html --out report.html"],
    [
      "What a sensor asked of its devices, and that it wrote nothing",
      "report wirepact.sqlite --profile network-sensor",
    ],
  ],
  assets: [["Devices as a sheet", "assets wirepact.sqlite --format csv --out devices.csv"]],
  explain: [
    ["A conversation, by the id in the report or its beginning", "explain wirepact.sqlite a90587da"],
    ["A row of the document", "explain wirepact.sqlite opswat-sdp/client-cognito-us"],
  ],
  suite: [
    ["Every capture below a folder", "suite captures/"],
    ["For a build server", "suite captures/ --format junit --out report.xml"],
    [
      "Accept what is found, to be reviewed as a difference",
      'suite captures/ --update --why "agreed with the vendor, ticket 4711"',
    ],
  ],
  diff: [
    ["Two stored runs", "diff 4.1.sqlite 4.2.sqlite"],
    [
      "Two captures, judged by one site file, for a pull request",
      "diff 4.1.pcap 4.2.pcap --site site.yaml --format markdown",
    ],
    ["Runs 1 and 2 of one database", "diff wirepact.sqlite@1 wirepact.sqlite@2 --names before,after"],
  ],
  models: [["What ships", "models list"]],
  "models list": [["", "models list"]],
  "models show": [["To be held against the document by eye", "models show opswat-sdp --format markdown"]],
  "models explain": [
    [
      "Would a connection be documented?",
      "models explain opswat-sdp --from client --to api-us.sdp.opswat.com --over tcp/443 --set region=us",
    ],
  ],
  "models lint": [
    ["A model of your own", "models lint ./own.yaml"],
    ["Against the text of its document, both ways", "models lint ./own.yaml --document ports.txt"],
  ],
  "models schema": [["For an editor", "models schema"]],
  decoders: [["As JSON, with the fields that models may name", "decoders --format json"]],
  completion: [["For this bash", "completion bash"]],
};

const CONFIGURED = "Options that a project always gives may stand in wirepact.yaml, here or in a folder above.";
const JUDGED = `Exit codes: 0 no drift · 1 drift · 2 wrong usage, or a model or site that does not load · 3 a capture could not be read
to its end · 4 nothing could be judged · 5 an internal or storage failure`;
/** What else a command's help ends with. */
const NOTES: Readonly<Record<string, string>> = {
  check: `${CONFIGURED}\n\n${JUDGED}`,
  live: `SIGINT and SIGTERM end it with the report, SIGHUP loads models and site anew. With --format json it prints a line for each
finding (event finding or withdrawn) and one at the end. One thread reads what comes: --jobs is for files.
${CONFIGURED}

${JUDGED}`,
  suite: `${CONFIGURED}

Exit codes: 0 all passed · 1 a case failed · 2 a suite, model, site or expectation that does not load · 3 a capture could
not be read to its end`,
  diff: "Exit codes: 0 no difference · 1 differences · 2 wrong usage · 3 a side could not be read",
  observe:
    "Exit codes: 0 read · 2 wrong usage · 3 a capture could not be read to its end · 5 an internal or storage failure",
  completion: "To have it in each new shell, put  source <(wirepact completion bash)  into ~/.bashrc.",
  "models lint": "Exit codes: 0 no error · 1 errors · 2 a model that cannot be read",
};

/** Gives each command its examples and notes. */
export function addExamples(program: Command, parent = ""): void {
  for (const command of program.commands) {
    const name = `${parent}${command.name()}`;
    addExamples(command, `${name} `);
    const examples = (EXAMPLES[name] ?? []).map(
      ([what, line]) => `${what === "" ? "" : `  # ${what}\n`}  ${prefix(name, line)}\n`,
    );
    const note = NOTES[name];
    const head = examples.length === 1 ? "Example" : "Examples";
    const parts = [
      examples.length === 0 ? "" : `\n${head}:\n${examples.join("")}`,
      note === undefined ? "" : `\n${note}`,
    ];
    command.addHelpText("after", parts.join(""));
  }
}

/** As it is typed: with the program that captures where standard input is read, with root's rights where they are needed. */
function prefix(name: string, line: string): string {
  if (line.startsWith("check - ")) return `ssh sensor tcpdump -w - | wirepact ${line}`;
  return `${name === "live" && line.includes("-i ") ? "sudo " : ""}wirepact ${line}`;
}
