/**
 * What the walk and the thread ahead of it tell each other: words of the arena. One writes them while the other waits; `STATE`
 * says whose turn it is.
 */

/** Where in the arena's first pages they are, and where that thread's own part of the walk puts results. */
export const AHEAD = 4 << 10;
export const AHEAD_RESULTS = AHEAD + 128;
export const AHEAD_WORDS = 16;

export const STATE = 0;
export const STARTING = 0;
export const FREE = 1;
export const ASKED = 2;
export const DONE = 3;
export const OVER = 4;

/** Asked for: a file's number, the place in it (two words, the lower first), where in the arena its bytes belong, how many. */
export const FILE = 1;
export const PLACE = 2;
export const INTO = 4;
export const LENGTH = 5;
/** Where its records' entries belong, and how many have room; nanoseconds in a unit of the records' fractions. */
export const ENTRIES = 6;
export const ROOM = 7;
export const UNIT = 8;
/** Of the bytes before it in the file, which are in the arena: where a record begins, and their end. */
export const BEFORE = 9;
export const BEFORE_END = 10;
/** Whether who asked waits for a message. */
export const WAITS = 11;
/** Answered: bytes that came, below 0 where they could not be read; and how many entries were made. */
export const CAME = 12;
export const MADE = 13;
