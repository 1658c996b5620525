/** A piece of TypeScript told apart by what it is. */
export interface SourceParts {
  /** The source with the inside of comments, strings and regular expressions blanked; lines stay where they are. */
  readonly code: string;
  /** The string literals (of a template its first piece), without their quotes, by the offset of the opening quote. */
  readonly strings: ReadonlyMap<number, string>;
}

/** What may stand before a slash that begins a regular expression rather than divides. */
const BEFORE_REGULAR_EXPRESSION =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|throw|await))\s*$/;

/**
 * Splits TypeScript into code and what is not code, well enough for checks that look for words: comments, the
 * three kinds of strings (code inside `${}` is code), regular expressions.
 */
export function splitSource(source: string): SourceParts {
  let code = "";
  const strings = new Map<number, string>();
  /** For each open `${`, the braces that are open inside it. */
  const templates: number[] = [];
  let offset = 0;

  const blank = (end: number) => {
    code += source.slice(offset, end).replace(/[^\n]/g, " ");
    offset = end;
  };
  const readString = (quote: string) => {
    const start = offset;
    let end = offset + 1;
    while (end < source.length && source[end] !== quote && !(quote !== "`" && source[end] === "\n")) {
      if (quote === "`" && source.startsWith("${", end)) {
        templates.push(0);
        break;
      }
      end += source[end] === "\\" ? 2 : 1;
    }
    if (source[start] !== "}") strings.set(start, source.slice(start + 1, end));
    blank(Math.min(source.length, end + (source.startsWith("${", end) ? 2 : 1)));
  };

  while (offset < source.length) {
    const character = source[offset];
    const two = source.slice(offset, offset + 2);
    if (two === "//") blank(endOf(source, "\n", offset, 0));
    else if (two === "/*") blank(endOf(source, "*/", offset + 2, 2));
    else if (character === '"' || character === "'" || character === "`") readString(character);
    else if (character === "/" && BEFORE_REGULAR_EXPRESSION.test(code.slice(-40))) {
      const match = /^\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/.exec(
        source.slice(offset, offset + 2000),
      );
      blank(offset + (match?.[0].length ?? 1));
    } else if (character === "}" && templates.at(-1) === 0) {
      templates.pop();
      readString("`");
    } else {
      if (templates.length > 0 && character === "{") templates[templates.length - 1]++;
      if (templates.length > 0 && character === "}") templates[templates.length - 1]--;
      code += character;
      offset++;
    }
  }
  return { code, strings };
}

function endOf(source: string, what: string, from: number, extra: number): number {
  const found = source.indexOf(what, from);
  return found < 0 ? source.length : found + extra;
}

/** The line, counted from 1, of an offset. */
export function lineOf(source: string, offset: number): number {
  return source.slice(0, offset).split("\n").length;
}
