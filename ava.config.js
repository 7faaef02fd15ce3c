/** What `npx ava` runs; `npm test` (`scripts/together.mjs`) says which files it has put together, which are then not run by themselves. */
const together = (process.env.WIREPACT_TOGETHER ?? "").split(",").filter((file) => file !== "");

export default {
  files: [
    "dist/test/**/*.test.js",
    ...(together.length > 0 ? ["dist/together/*.test.js"] : []),
    ...together.map((file) => `!${file}`),
  ],
  require: ["./dist/test/support/seed.js"],
  timeout: "10m",
};
