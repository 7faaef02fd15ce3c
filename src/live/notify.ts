/** Tells systemd that the run is ready and alive (sd_notify(3)): a datagram to the socket that it names. Elsewhere nothing. */
import { spawn } from "node:child_process";
import type { Native } from "./libpcap.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
/** `sun_path` of unix(7). */
const MOST_PATH = 107;

/** Milliseconds between two statuses at most. */
const MOST_APART_MS = 10_000;

export class Notifier {
  /** What `systemctl status` shows of it. */
  status = "";
  readonly #send: (text: string) => void;
  readonly #alive: string;
  readonly #timer: NodeJS.Timeout | null = null;
  #ends = false;

  /** `native`: null where the C library cannot be called either; then the command systemd-notify tells it. */
  constructor(native: Native | null, env: Record<string, string | undefined>) {
    const path = env.NOTIFY_SOCKET ?? "";
    const watched = Number(env.WATCHDOG_USEC) / 1000;
    this.#alive = watched > 0 ? "WATCHDOG=1\n" : "";
    this.#send = () => {};
    if (!/^[/@]/.test(path) || path.length > MOST_PATH) return;
    this.#send = native === null ? byCommand : sender(native, path);
    // By a timer, because judging and storing may take long; both give timers their turns, and what hangs does not.
    const apart = watched > 0 ? Math.min(watched / 3, MOST_APART_MS) : MOST_APART_MS;
    this.#timer = setInterval(() => this.#send(`${this.#alive}STATUS=${this.status}`), apart).unref();
  }

  ready(status: string): void {
    this.status = status;
    this.#send(`READY=1\nSTATUS=${status}`);
  }

  /** The end has begun: what was asked for, or what it came to by itself. */
  stopping(): void {
    if (!this.#ends) this.#send("STOPPING=1");
    this.#ends = true;
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}

/** `NotifyAccess=all` lets it. */
function byCommand(text: string): void {
  spawn("systemd-notify", text.split("\n"), { stdio: "ignore" })
    .on("error", () => {})
    .unref();
}

function sender(native: Native, path: string): (text: string) => void {
  const { openSocket, sendTo } = native.c;
  const descriptor = openSocket?.(AF_UNIX, SOCK_DGRAM, 0) ?? -1;
  if (descriptor < 0 || sendTo === null) return () => {};
  const bytes = new TextEncoder().encode(path.replace(/^@/, "\0"));
  const address = new Uint8Array(2 + bytes.length + (path.startsWith("@") ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(bytes, 2);
  return (text) => {
    const message = new TextEncoder().encode(text);
    sendTo(descriptor, message, message.length, 0, address, address.length);
  };
}
