/** Tells systemd that the run is ready and alive (sd_notify(3)): a datagram to the socket that it names. Elsewhere nothing. */
import type { Native } from "./libpcap.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
/** `sun_path` of unix(7). */
const MOST_PATH = 107;

export class Notifier {
  readonly #send: (text: string) => void;
  /** Milliseconds between two signs of life; null where nobody watches. */
  readonly #everyMs: number | null;
  #toldAt = 0;

  /** `native`: null where libpcap's caller is not there either; then systemd is told nothing. */
  constructor(native: Native | null, env: Record<string, string | undefined>) {
    const path = env.NOTIFY_SOCKET ?? "";
    const usec = Number(env.WATCHDOG_USEC);
    this.#everyMs = usec > 0 ? usec / 1000 / 3 : null;
    this.#send = native === null || !/^[/@]/.test(path) || path.length > MOST_PATH ? () => {} : sender(native, path);
  }

  ready(status: string): void {
    this.#send(`READY=1\nSTATUS=${status}`);
  }

  /** To be called at least once a second while packets are being read. */
  alive(status: string): void {
    const now = performance.now();
    if (this.#everyMs === null || now - this.#toldAt < Math.min(this.#everyMs, 10_000)) return;
    this.#toldAt = now;
    this.#send(`WATCHDOG=1\nSTATUS=${status}`);
  }

  /** The watchdog has to wait while the report is made. */
  stopping(): void {
    this.#send("STOPPING=1");
  }
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
