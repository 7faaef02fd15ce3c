/** Printed text looked at without its colours. */
const COLOR = /\p{Cc}\[\d+m/gu;

export function withoutColors(text: string): string {
  return text.replace(COLOR, "");
}

/** Anything that a terminal would act on, or that makes text read as another; line ends are allowed. */
export function hasHarmful(text: string): boolean {
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(text.replaceAll("\n", ""));
}
