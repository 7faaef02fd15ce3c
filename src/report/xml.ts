/** The little XML that JUnit needs: elements, attributes, text; nothing that stands in them can end them. */
import { safe } from "./safe.ts";

export type Attributes = Readonly<Record<string, string | number | null>>;

/** `<name a="…">children</name>`; children are XML already. Null attributes are left out. */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const head = opening(name, attributes);
  if (children.length === 0) return `${head.slice(0, -1)}/>\n`;
  const inner = children.join("");
  return `${head}${inner.startsWith("<") ? "\n" : ""}${inner}</${name}>\n`;
}

/** The tag that an element begins with, for one whose children are written as they come. */
export function opening(name: string, attributes: Attributes): string {
  const head = Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}="${xmlText(String(value))}"`)
    .join("");
  return `<${name}${head}>`;
}

/**
 * Text for an element or an attribute. XML 1.0 (section 2.2) has no way to hold most control characters, surrogates and
 * non-characters: they are escaped visibly, as on a terminal.
 */
export function xmlText(text: string): string {
  return safe(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Several lines, each made harmless by itself. */
export function xmlLines(lines: readonly string[]): string {
  return lines.map(xmlText).join("\n");
}
