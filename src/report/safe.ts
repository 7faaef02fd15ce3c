/**
 * Text from outside (names off the wire, file names, a site's own words) made harmless for a terminal.
 *
 * Escaped: control characters (a terminal acts on them), format characters (bidirectional overrides make a name read as
 * another), line and paragraph separators, surrogates without their half, private and unassigned code points, and the
 * fillers that are letters without a shape. All else is kept, so that a file called `Übersicht.pcap` stays readable.
 */
const HARMLESS = /^[\x20-\x7e]*$/;
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

export function safe(text: string): string {
  return HARMLESS.test(text) ? text : text.replace(HARMFUL, escapeOne);
}

function escapeOne(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

const SHELL_PLAIN = /^[\w./:@%+=,-]+$/;

/** A word for a POSIX shell (bash where it holds control characters), so that a suggested command can be pasted as it is. */
export function shellWord(word: string): string {
  const text = word.startsWith("-") && word !== "-" ? `./${word}` : word;
  if (SHELL_PLAIN.test(text)) return text;
  if (safe(text) === text) return `'${text.replaceAll("'", "'\\''")}'`;
  const quoted = text.replace(/[\\']/g, "\\$&").replace(HARMFUL, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return `$'${quoted}'`;
}
