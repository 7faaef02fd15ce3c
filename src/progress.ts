/** Progress on a terminal for work that takes longer than a second; nothing in pipes and logs. */
import { bytes, duration, number } from "./report/words.ts";
import { nowMs } from "./time.ts";

export interface ProgressState {
  packets: number;
  bytesRead: number;
  /** Null where the input's size is not known (standard input). */
  bytesTotal: number | null;
  conversations: number;
}

export interface Progress {
  /** To be called as often as one likes: it draws a few times a second. */
  update(state: ProgressState): void;
  /** Takes the line away. */
  end(): void;
}

/** Where progress is drawn: `process.stderr`, or a test's own. */
export interface ProgressOutput {
  isTTY?: boolean;
  /** 0 where the terminal does not say. */
  columns?: number;
  write(text: string): unknown;
}

/** Milliseconds before the first line, so that short work stays quiet, and between two lines. */
const QUIET_MS = 1000;
const EVERY_MS = 250;

/** `outputOf` is asked once there is something to draw; `now` is in milliseconds and only ever compared with itself. */
export function makeProgress(outputOf: () => ProgressOutput, now: () => number = nowMs): Progress {
  const start = now();
  let output: ProgressOutput | null = null;
  let drawn = start + QUIET_MS - EVERY_MS;
  let visible = false;
  return {
    update(state) {
      const time = now();
      if (time - drawn < EVERY_MS) return;
      drawn = time;
      output ??= outputOf();
      if (!output.isTTY) return;
      visible = true;
      const line = progressLine(state, (time - start) / 1000).slice(0, Math.max(1, (output.columns || 80) - 1));
      output.write(`\r${line}\x1b[K`);
    },
    end() {
      if (visible) output?.write("\r\x1b[K");
      visible = false;
    },
  };
}

/** `  43 %  1.2 GB of 2.9 GB, 6,200,000 packets, 3,100,000 a second, 812 conversations, 12 s left` */
export function progressLine(state: ProgressState, seconds: number): string {
  const { bytesRead, bytesTotal } = state;
  const parts: string[] = [];
  const share = bytesTotal === null || bytesTotal === 0 ? null : Math.min(1, bytesRead / bytesTotal);
  parts.push(
    share === null || bytesTotal === null ? `${bytes(bytesRead)} read` : `${bytes(bytesRead)} of ${bytes(bytesTotal)}`,
  );
  parts.push(`${number(state.packets)} packets`);
  if (seconds > 0) parts.push(`${number(Math.round(state.packets / seconds))} a second`);
  parts.push(`${number(state.conversations)} conversations`);
  if (share !== null && share > 0 && share < 1)
    parts.push(`${duration(Math.ceil((seconds / share) * (1 - share)))} left`);
  const percent = share === null ? "" : `${String(Math.floor(share * 100)).padStart(3)} %  `;
  return `  ${percent}${parts.join(", ")}`;
}
