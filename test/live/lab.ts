/** Two network namespaces with a wire between them, and programs in them. Linux, as root; else the tests say that they are skipped. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "ava";

export const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const PLAYER = fileURLToPath(new URL("./player.js", import.meta.url));

/** Why the lab cannot be here; null where it can. */
function whyNot(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "root on Linux is needed";
  if (!["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].some(existsSync)) return "ip is not installed (iproute2)";
  try {
    execFileSync("ip", ["netns", "add", `live-${process.pid}-probe`], { stdio: "pipe" });
    execFileSync("ip", ["netns", "del", `live-${process.pid}-probe`], { stdio: "pipe" });
  } catch {
    return "namespaces cannot be made here";
  }
  return null;
}
const missing = whyNot();
if (missing !== null) process.stderr.write(`live: tests in namespaces are skipped: ${missing}\n`);

/** One after the other, because they share a machine's rights and its tables. */
export const labTest = missing === null ? test.serial : test.skip;

export interface Program {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  /** Its exit code, or null after a signal that it did not handle. */
  readonly ended: Promise<number | null>;
  /** Resolves once standard output or error matches; rejects where it ended before that. */
  says(pattern: RegExp): Promise<void>;
}

export class Lab {
  /** Who is watched, and who it talks to. */
  readonly inner: string;
  readonly outer: string;

  constructor(name: string) {
    this.inner = `live-${process.pid}-${name}-a`;
    this.outer = `live-${process.pid}-${name}-b`;
    for (const each of [this.inner, this.outer]) ip("netns", "add", each);
    this.wire();
    for (const each of [this.inner, this.outer]) {
      // What the kernel says to itself over IPv6 comes at times of its own, and so at one program's end and not another's.
      execFileSync("ip", ["netns", "exec", each, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"]);
      ip("-n", each, "link", "set", "lo", "up");
    }
    ip("-n", this.inner, "addr", "add", "10.20.0.5/24", "dev", "eth0");
    for (const address of ["10.20.0.53/24", "203.0.113.10/24", "203.0.113.40/24"]) {
      ip("-n", this.outer, "addr", "add", address, "dev", "eth0");
    }
    this.up();
  }

  /** A new pair of interfaces called eth0. */
  wire(): void {
    ip("link", "add", "eth0", "netns", this.inner, "type", "veth", "peer", "name", "eth0", "netns", this.outer);
  }

  up(): void {
    for (const each of [this.inner, this.outer]) {
      ip("-n", each, "link", "set", "eth0", "up");
      // A host looks whether its neighbour is still there some seconds after it was used: which program saw that is chance.
      const seconds = "/proc/sys/net/ipv4/neigh/eth0/delay_first_probe_time";
      execFileSync("ip", ["netns", "exec", each, "sh", "-c", `echo 3600 > ${seconds}`]);
    }
    ip("-n", this.inner, "route", "replace", "203.0.113.0/24", "dev", "eth0");
  }

  ip(...words: string[]): void {
    ip("-n", this.inner, ...words);
  }

  /** `wirepact …` where the inner host is. */
  wirepact(words: readonly string[], options: { cwd?: string; uid?: number } = {}): Program {
    const as = options.uid === undefined ? [] : ["setpriv", `--reuid=${options.uid}`, "--clear-groups"];
    return run(["ip", "netns", "exec", this.inner, ...as, process.execPath, MAIN, ...words], options.cwd);
  }

  tool(words: readonly string[]): Program {
    return run(["ip", "netns", "exec", this.inner, ...words]);
  }

  /** Servers on the outer host: DNS, and TLS on every address. */
  async servers(): Promise<Program> {
    const program = run(["ip", "netns", "exec", this.outer, process.execPath, PLAYER, "serve"]);
    await program.says(/serving/);
    return program;
  }

  /** The inner host looks names up and opens TLS connections; resolves when all are over. */
  async talk(...names: string[]): Promise<void> {
    const program = run(["ip", "netns", "exec", this.inner, process.execPath, PLAYER, "talk", ...names]);
    const code = await program.ended;
    if (code !== 0) throw new Error(`the clients failed: ${program.stderr}`);
  }

  /** So many datagrams from the inner host; resolves when they are sent. */
  async flood(address: string, count: number): Promise<void> {
    const program = run(["ip", "netns", "exec", this.inner, process.execPath, PLAYER, "flood", address, `${count}`]);
    if ((await program.ended) !== 0) throw new Error(`the flood failed: ${program.stderr}`);
  }

  /** Packets that came and went on the inner host's wire. */
  passed(): number {
    const said = execFileSync("ip", ["-n", this.inner, "-s", "-j", "link", "show", "eth0"], { encoding: "utf8" });
    const [{ stats64 }] = JSON.parse(said) as [{ stats64: Record<"rx" | "tx", { packets: number }> }];
    return stats64.rx.packets + stats64.tx.packets;
  }

  /** What runs on the inner host: numbers of processes, and their command lines. */
  #running(): [number, string][] {
    const pids = execFileSync("ip", ["netns", "pids", this.inner], { encoding: "utf8" }).split("\n").filter(Boolean);
    return pids.map((pid) => [Number(pid), commandOf(pid)]);
  }

  /** Resolves once nothing runs on the inner host any more. */
  async left(): Promise<void> {
    while (this.#running().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** The program of that command line on the inner host. */
  kill(command: RegExp, signal: NodeJS.Signals): void {
    for (const [pid, said] of this.#running()) if (command.test(said)) process.kill(pid, signal);
  }

  remove(): void {
    for (const each of [this.inner, this.outer]) ip("netns", "del", each);
  }
}

/** Empty where it has ended meanwhile. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: "pipe" });
}

function run([command = "", ...words]: readonly string[], cwd?: string): Program {
  const { SUDO_USER: _user, NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  const child = spawn(command, words, { cwd, env: { ...env, LC_ALL: "C.UTF-8" }, stdio: ["ignore", "pipe", "pipe"] });
  const listeners = new Set<() => void>();
  const program: Program = {
    child,
    stdout: "",
    stderr: "",
    ended: new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        resolve(code);
        for (const listener of listeners) listener();
      });
    }),
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(program.stdout) || pattern.test(program.stderr)) resolve();
          else if (child.exitCode !== null) reject(new Error(`ended without ${pattern}: ${program.stderr}`));
          else return;
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      }),
  };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      program[stream] += text;
      for (const listener of listeners) listener();
    });
  }
  return program;
}
