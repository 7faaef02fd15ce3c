/** Columns on a terminal: how wide a text is, and how it is cut into lines. Texts here are already `safe` and unstyled. */

// Unicode Standard Annex 11 (East Asian Width): the wide and fullwidth blocks, coarse on the wide side, so that a line
// may come out shorter than reckoned and never longer.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;
const ASCII = /^[\x20-\x7e]*$/;

/** Columns that a text takes. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

function charWidth(char: string): number {
  if (char <= "~") return 1;
  if (/\p{M}/u.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** Lines of at most `width` columns, broken at spaces; a word that is longer than a line is cut where it must be. */
export function wrap(text: string, width: number): string[] {
  const room = Math.max(width, 2); // a wide character always fits
  if (!text.startsWith(" ") && textWidth(text) <= room) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (textWidth(joined) <= room) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (textWidth(line) > room) {
      const head = takeColumns(line, room);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  lines.push(line);
  return lines.filter((each, i) => each !== "" || i === 0);
}

/** As many characters from the start as fit, and a break after `.`, `,` or `/` where one is near the end. */
function takeColumns(text: string, width: number): string {
  let used = 0;
  let end = 0;
  let good = 0;
  for (const char of text) {
    used += charWidth(char);
    if (used > width) break;
    end += char.length;
    if (".,/".includes(char) && used > width * 0.6) good = end;
  }
  return text.slice(0, good || end);
}
