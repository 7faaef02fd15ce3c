/** Text that a peer chose, cut to what a report can show: 200 characters. */
export const bounded = (text: string): string =>
  text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;

const LONGEST_TEXT = 200;
