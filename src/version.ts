/** Wirepact's own version, as in package.json (a test holds them together); a constant, so that no start reads a file. */
export const VERSION = "0.1.0";
