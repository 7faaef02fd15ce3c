import { padEnd, textWidth, wrap } from "./layout.ts";
import type { Paint, Pen } from "./pen.ts";
import { safe } from "./safe.ts";

/** A text and how it is painted. The text is raw: the page makes it safe. */
export interface Piece {
  text: string;
  paint?: Paint;
}

const plain: Paint = (text) => text;
/** Text beside a label needs at least this many columns; else it goes below the label. */
const LEAST_TEXT = 24;

/**
 * A page of text under construction. Everything that is printed for people goes through here, so this is the one place
 * where text from outside is made safe and where no line grows wider than the pen's width. Texts are measured and broken
 * before they are painted: an escape sequence is never counted and never cut.
 */
export class Page {
  readonly lines: string[] = [];
  readonly pen: Pen;

  constructor(pen: Pen) {
    this.pen = pen;
  }

  blank(): void {
    if (this.lines.length > 0 && this.lines.at(-1) !== "") this.lines.push("");
  }

  /** A section's title in capitals, with a few words behind it. */
  heading(title: string, note = ""): void {
    this.blank();
    this.hang({ text: title, paint: this.pen.bold }, note, { indent: 0, paint: this.pen.dim });
  }

  /** A paragraph. */
  text(text: string, options: { indent?: number; paint?: Paint } = {}): void {
    const indent = options.indent ?? 2;
    const paint = options.paint ?? plain;
    for (const line of wrap(safe(text), this.pen.width - indent)) this.lines.push(" ".repeat(indent) + paint(line));
  }

  /**
   * A label with text behind it; the text's further lines stand under its first. `column` sets where the text begins, so
   * that several of them align; a label that leaves no room stands on a line of its own.
   */
  hang(label: Piece, text: string, options: { indent?: number; column?: number; paint?: Paint } = {}): void {
    const indent = options.indent ?? 2;
    const paint = options.paint ?? plain;
    const labelPaint = label.paint ?? plain;
    const labelText = safe(label.text);
    const column = options.column ?? indent + textWidth(labelText) + (text === "" ? 0 : 2);
    const body = text === "" ? [] : wrap(safe(text), this.pen.width - column);
    const beside = indent + textWidth(labelText) < column || body.length === 0;
    if (!beside || this.pen.width - column < LEAST_TEXT) {
      this.text(label.text, { indent, paint: labelPaint });
      if (text !== "") this.text(text, { indent: Math.min(column, indent + 4), paint });
      return;
    }
    if (body.length === 0 && indent + textWidth(labelText) > this.pen.width) {
      this.text(label.text, { indent, paint: labelPaint });
      return;
    }
    const first = body[0] === undefined ? "" : paint(body[0]);
    const gap = first === "" ? "" : " ".repeat(column - indent - textWidth(labelText));
    this.lines.push(" ".repeat(indent) + labelPaint(labelText) + gap + first);
    for (const line of body.slice(1)) this.lines.push(" ".repeat(column) + paint(line));
  }

  /** Whether a table of these rows has room without breaking a word. */
  fits(rows: readonly (readonly Piece[])[], indent = 2, gap = 2): boolean {
    const words = columnsOf(rows, longestWord);
    return words.reduce((sum, width) => sum + width + gap, indent - gap) <= this.pen.width;
  }

  /**
   * Columns side by side. Each is as wide as its widest cell where all fit; else the widest ones give way and their cells
   * are broken into lines: between words, as long as there is room for the longest of them.
   */
  table(rows: readonly (readonly Piece[])[], indent = 2, gap = 2): void {
    const cells = rows.map((row) => row.map((piece) => ({ text: safe(piece.text), paint: piece.paint ?? plain })));
    const natural = columnsOf(rows, textWidth);
    const room = this.pen.width - indent - gap * (natural.length - 1);
    const widths = shareOut(shareOut(natural, room, columnsOf(rows, longestWord)), room);
    for (const row of cells) {
      const columns = row.map((cell, i) => wrap(cell.text, widths[i] ?? 1));
      const height = Math.max(1, ...columns.map((column) => column.length));
      for (let y = 0; y < height; y++) {
        let line = " ".repeat(indent);
        let owed = ""; // spaces are written only once something follows: no line ends in them
        for (const [i, column] of columns.entries()) {
          const text = column[y] ?? "";
          if (text !== "") {
            line += owed + (row[i]?.paint ?? plain)(text);
            owed = "";
          }
          owed += padEnd("", (widths[i] ?? 0) - textWidth(text) + gap);
        }
        this.lines.push(line.trimEnd());
      }
    }
  }

  /** A command to copy: never broken, whatever its length, because it has to survive the clipboard. */
  command(command: string, indent = 2): void {
    this.lines.push(" ".repeat(indent) + this.pen.cyan(safe(command)));
  }

  toString(): string {
    return this.lines.join("\n") + "\n";
  }
}

/** Of each column the most that `measure` finds in its cells. */
function columnsOf(rows: readonly (readonly Piece[])[], measure: (text: string) => number): number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, i) => Math.max(0, ...rows.map((row) => measure(safe(row[i]?.text ?? "")))));
}

const longestWord = (text: string): number => Math.max(...text.split(" ").map(textWidth));

/** Shrinks the widest columns, a column at a time, until all fit; none below its own least, or else a readable one. */
function shareOut(natural: readonly number[], room: number, leasts: readonly number[] = []): number[] {
  const widths = [...natural];
  const readable = Math.max(2, Math.min(8, Math.floor(room / Math.max(1, widths.length))));
  let total = widths.reduce((sum, width) => sum + width, 0);
  while (total > room) {
    let widest = -1;
    for (const [i, width] of widths.entries())
      if (width > (leasts[i] ?? readable) && width > (widths[widest] ?? 0)) widest = i;
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    total--;
  }
  return widths;
}
