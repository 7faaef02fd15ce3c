// The table of accepted differences, test/corpus-known.tsv: measure, capture, expected, said, reason. A `*` stands for any
// text, so that one row may hold a kind of difference wherever it occurs.

/** Rows of a TSV without its header: arrays of `columns` texts. Throws with the line where one is otherwise. */
function rows(text, columns) {
  const lines = text.replace(/\n$/, "").split("\n").slice(1);
  return lines.map((line, i) => {
    const row = line.split("\t");
    if (row.length !== columns) throw new Error(`line ${i + 2}: ${row.length} columns, not ${columns}: ${line}`);
    return row;
  });
}

/** What the ruler wrote: measure, capture, expected, said. */
export const parseDifferences = (text) => rows(text, 4);

/** Accepted differences, each as its row and what finds it. Throws where one has no reason. */
export function parseKnown(text) {
  return rows(text, 5).map((row) => {
    if (row[4].trim() === "") throw new Error(`no reason for: ${row.join("\t")}`);
    return { row, patterns: row.slice(0, 4).map(pattern) };
  });
}

function pattern(text) {
  const literal = text.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`, "su");
}

/** `fresh`: differences that no row accepts; `unused`: rows that accept none. */
export function matchDifferences(differences, known) {
  const used = new Set();
  const fresh = differences.filter((difference) => {
    const found = known.find(({ patterns }) => patterns.every((one, i) => one.test(difference[i])));
    if (found !== undefined) used.add(found);
    return found === undefined;
  });
  return { fresh, unused: known.filter((one) => !used.has(one)).map(({ row }) => row) };
}
