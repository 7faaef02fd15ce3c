/** What the text forms need to know of where they are printed: columns, colours, and which signs it can show. */
export type Paint = (text: string) => string;

export interface Pen {
  /** Columns of a line. */
  width: number;
  bold: Paint;
  dim: Paint;
  red: Paint;
  green: Paint;
  yellow: Paint;
  cyan: Paint;
  glyphs: Glyphs;
}
export interface Glyphs {
  good: string;
  bad: string;
  unsure: string;
  idle: string;
  warn: string;
  arrow: string;
  /** Either way. */
  either: string;
  dot: string;
}

const UNICODE: Glyphs = { good: "✓", bad: "✗", unsure: "?", idle: "–", warn: "!", arrow: "→", either: "↔", dot: "·" };
const PLAIN: Glyphs = { good: "+", bad: "x", unsure: "?", idle: "-", warn: "!", arrow: "->", either: "<->", dot: "|" };

/** Where nothing says how wide the reader's window is: fits a printed page and most terminals. */
const DEFAULT_WIDTH = 100;
/** Below this columns would be letters; beyond it lines are too long to read. */
const LEAST_WIDTH = 40;
const MOST_WIDTH = 140;

export interface Output {
  isTTY?: boolean;
  columns?: number;
}

/**
 * Reads the terminal and the environment: `COLUMNS`; `NO_COLOR` (https://no-color.org: set and not empty, it wins);
 * `FORCE_COLOR` (`0` and `false` mean no); `TERM=dumb`; a locale that is `C` or `POSIX` gets ASCII signs.
 */
export function penFor(output: Output, env: Record<string, string | undefined>): Pen {
  const columns = output.isTTY ? output.columns : undefined;
  const asked = columns ?? Number.parseInt(env.COLUMNS ?? "", 10);
  const width =
    Number.isFinite(asked) && asked > 0 ? Math.min(Math.max(asked, LEAST_WIDTH), MOST_WIDTH) : DEFAULT_WIDTH;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  return makePen(width, wantsColor(output, env), /^(C|POSIX)$/.test(locale) ? PLAIN : UNICODE);
}

function wantsColor(output: Output, env: Record<string, string | undefined>): boolean {
  if (env.NO_COLOR) return false;
  const force = env.FORCE_COLOR;
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  return output.isTTY === true && env.TERM !== "dumb";
}

export function makePen(width: number, color: boolean, glyphs: Glyphs = UNICODE): Pen {
  const sgr = (open: number, close: number): Paint =>
    color ? (text) => (text === "" ? "" : `\x1b[${open}m${text}\x1b[${close}m`) : (text) => text;
  return {
    width,
    bold: sgr(1, 22),
    dim: sgr(2, 22),
    red: sgr(31, 39),
    green: sgr(32, 39),
    yellow: sgr(33, 39),
    cyan: sgr(36, 39),
    glyphs,
  };
}
