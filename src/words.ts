/** Words that people type: which known word did they mean, and how to say so. */

/**
 * Damerau-Levenshtein distance in its restricted form (optimal string alignment): insertions, deletions, substitutions
 * and swaps of neighbours, each counting one.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** Longest word compared: nobody mistypes a longer one, and the distance costs the square of it. */
const LONGEST = 100;

/** The known word that was most likely meant; null where none is near (a third of the letters, at least one, never all). */
export function nearest(word: string, words: Iterable<string>): string | null {
  if (word.length > LONGEST) return null;
  const typed = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.min(Math.max(1, Math.floor(typed.length / 3)), typed.length - 1) + 1;
  for (const known of words) {
    if (Math.abs(known.length - typed.length) >= bestDistance) continue;
    const distance = editDistance(typed, known.toLowerCase());
    if (distance < bestDistance) {
      best = known;
      bestDistance = distance;
    }
  }
  return best;
}

/** Up to this many known words are listed in a message; of longer lists only the nearest is named. */
const LISTED = 20;

/** `unknown role "gatway", did you mean "gateway"? Known: client, gateway`. */
export function unknownWord(what: string, word: string, words: readonly string[]): string {
  const near = nearest(word, words);
  const listed = words.length > 0 && words.length <= LISTED ? ` Known: ${words.join(", ")}` : "";
  const found = `unknown ${what} ${quote(word)}`;
  if (near !== null) return `${found}, did you mean ${quote(near)}?${listed}`;
  return words.length === 0 ? `${found}, none is known here` : `${found}.${listed}`.replace(/\.$/, "");
}

/** What people typed, in quotes, cut where it is long, control characters visible. */
export function quote(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 77)}…` : text;
  return JSON.stringify(shown);
}
