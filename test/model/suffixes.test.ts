import test from "ava";
import { parseHostPattern } from "../../src/model/names.ts";
import { isOverPublicSuffix, wildcardSuffix } from "../../src/model/suffixes.ts";

for (const [text, isPublic] of Object.entries({
  "*.com": true,
  "**.co.uk": true,
  "a.*.com": true,
  "*.example.com": false,
  "*.s3.amazonaws.com": false,
  "*.github.io": false,
  "*.city.kawasaki.jp": false,
  "*.a.b.example": false,
  "api.example.com": false,
  "co.uk": false,
})) {
  test(`${text} is ${isPublic ? "" : "not "}over a public suffix, with the list and without it`, (t) => {
    const pattern = parseHostPattern(text, t.fail)!;
    t.is(isOverPublicSuffix(pattern), isPublic);
    t.is(wildcardSuffix(pattern)?.kind === "public", isPublic);
  });
}
