import { mistake, type Span } from "./filter_fault.ts";

export interface Token extends Span {
  /** word: a name, number or address, without quotes. */
  readonly kind: "word" | "string" | "symbol" | "end";
  readonly text: string;
}

const SYMBOLS = [
  "===",
  "!==",
  "==",
  "!=",
  "~=",
  "<=",
  ">=",
  "&&",
  "||",
  "..",
  "<",
  ">",
  "!",
  "~",
  "(",
  ")",
  "{",
  "}",
  ",",
];
const WORD_CHARACTER = /[\w.:/+-]/;

/** The pieces of a filter, the last one of kind "end". */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at])) {
      at++;
      continue;
    }
    const token = tokenAt(text, at);
    tokens.push(token);
    at += token.length;
  }
  tokens.push({ kind: "end", text: "the end", offset: text.length, length: 1 });
  return tokens;
}

function tokenAt(text: string, at: number): Token {
  if (text[at] === '"') return stringAt(text, at, at);
  if (/r/i.test(text[at]) && text[at + 1] === '"') return stringAt(text, at, at + 1);
  const symbol = SYMBOLS.find((one) => text.startsWith(one, at));
  if (symbol !== undefined) return { kind: "symbol", text: symbol, offset: at, length: symbol.length };
  let end = at;
  while (end < text.length && WORD_CHARACTER.test(text[end]) && !text.startsWith("..", end)) end++;
  if (end === at) mistake({ offset: at, length: 1 }, `${JSON.stringify(text[at])} means nothing here`);
  return { kind: "word", text: text.slice(at, end), offset: at, length: end - at };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", '"': '"' };

/** A string between quotes, the first of them at `quote`; with r in front of it, backslashes are themselves. */
function stringAt(text: string, start: number, quote: number): Token {
  const raw = quote > start;
  let value = "";
  for (let at = quote + 1; at < text.length; at++) {
    if (text[at] === '"') return { kind: "string", text: value, offset: start, length: at + 1 - start };
    if (raw || text[at] !== "\\") {
      value += text[at];
      continue;
    }
    const escaped = text[++at] ?? "";
    const hexadecimal = /^x[0-9a-f]{2}/i.exec(text.slice(at, at + 3));
    if (hexadecimal !== null) {
      value += String.fromCharCode(parseInt(text.slice(at + 1, at + 3), 16));
      at += 2;
    } else value += ESCAPES[escaped] ?? `\\${escaped}`;
  }
  return mistake({ offset: start, length: 1 }, "the string that begins here has no end");
}
