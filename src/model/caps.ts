/** How much of a hand-written file is read. Beyond a cap the file is refused with a message; nothing is cut silently. */
export const FILE_CAPS = {
  /** Characters of a model or site file. 10,000 rules are about 3 million. */
  characters: 8 << 20,
  /** Words, signs and indents of the file: bounds the memory of its tree at about 300 MB. */
  tokens: 2_000_000,
  /** Levels of nesting. The language itself needs eight; conditions may nest. */
  depth: 32,
  /** Rules of one model. */
  rules: 100_000,
  /** Problems reported for one file; the rest is counted in one line. */
  problems: 200,
  /** Characters of a published address list (`ranges:`). The largest known, a cloud's whole list, has 4 million. */
  rangeCharacters: 64 << 20,
  /** Addresses and prefixes taken from one such list. */
  ranges: 500_000,
  /** Combinations of parameter values tried to find that a condition can never hold; beyond it nothing is claimed. */
  combinations: 10_000,
} as const;
