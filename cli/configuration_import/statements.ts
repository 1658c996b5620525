import { ConfigurationError, type Mistake } from "../configuration/mistake.ts";

/** A word, a "string" without its quotes, or a list (one, two). */
export type Word =
  | { readonly kind: "word" | "string"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] };

/** One statement of a mip6d.conf: a name, words, and perhaps a block of statements in braces. */
export interface Statement {
  /** Counted from 1: where its name stands. */
  readonly line: number;
  readonly name: string;
  readonly words: readonly Word[];
  readonly block: readonly Statement[] | undefined;
}

/** UMIP knows two levels; more are read to find their end. */
const MAXIMUM_DEPTH = 16;

interface Token {
  readonly kind: "word" | "string" | "sign";
  readonly text: string;
  readonly line: number;
}

/**
 * Reads the statements of a mip6d.conf, whatever their names are.
 * @throws ConfigurationError where strings, lists, blocks or statements do not end
 */
export function readStatements(file: string, text: string): readonly Statement[] {
  const fail = (line: number, what: string) =>
    new ConfigurationError(file, [{ line, text: what } as Mistake]);
  return new Reader(tokensOf(text, fail), fail).block(0);
}

type Fail = (line: number, what: string) => ConfigurationError;

/** Strings end on their line; what begins with # is a remark up to the end of its line. */
function tokensOf(text: string, fail: Fail): Token[] {
  const tokens: Token[] = [];
  for (const [index, content] of text.split(/\r\n|\r|\n/).entries()) {
    const line = index + 1;
    for (const [found] of content.matchAll(/#.*|"[^"]*"?|[;{}(),]|[^\s#;{}(),"]+/gsu)) {
      if (found.startsWith("#")) continue;
      if (!found.startsWith('"')) {
        tokens.push({ kind: /^[;{}(),]$/.test(found) ? "sign" : "word", text: found, line });
      } else if (found.length > 1 && found.endsWith('"')) {
        tokens.push({ kind: "string", text: found.slice(1, -1), line });
      } else throw fail(line, 'a string has no end; write " behind it');
    }
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #fail: Fail;
  #next = 0;

  constructor(tokens: readonly Token[], fail: Fail) {
    this.#tokens = tokens;
    this.#fail = fail;
  }

  /** The statements up to the closing brace, or to the end of the file at depth 0. */
  block(depth: number, openedAt = 0): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      const token = this.#take();
      if (token === undefined) {
        if (depth > 0) throw this.#fail(openedAt, "a block has no end; write } behind it");
        return statements;
      }
      if (token.text === "}" && token.kind === "sign") {
        if (depth === 0) throw this.#fail(token.line, "} ends a block that nothing has begun");
        return statements;
      }
      // "};" is common, and an empty statement harmless.
      if (token.text === ";" && token.kind === "sign") continue;
      if (token.kind !== "word") {
        throw this.#fail(token.line, "a statement begins with a name, such as NodeConfig");
      }
      statements.push(this.#statement(token, depth));
    }
  }

  #statement({ text: name, line }: Token, depth: number): Statement {
    const words: Word[] = [];
    for (;;) {
      const token = this.#take();
      if (token === undefined) throw this.#fail(line, "the last statement has no end; write ; behind it");
      if (token.kind !== "sign") words.push({ kind: token.kind, text: token.text });
      else if (token.text === ";") return { line, name, words, block: undefined };
      else if (token.text === "(") words.push({ kind: "list", items: this.#list(token.line) });
      else if (token.text === "{") {
        if (depth >= MAXIMUM_DEPTH) throw this.#fail(token.line, "blocks stand too deep in each other");
        return { line, name, words, block: this.block(depth + 1, token.line) };
      } else {throw this.#fail(
          token.line,
          `${token.text} stands where a statement should end; write ; before it`,
        );}
      // An include ends with its line.
      const next = this.#tokens[this.#next];
      if (name === "include" && (next?.text !== ";" || next.kind !== "sign")) {
        return { line, name, words, block: undefined };
      }
    }
  }

  #list(line: number): string[] {
    const items: string[] = [];
    for (;;) {
      const token = this.#take();
      if (token === undefined || token.kind === "sign" && ![",", ")"].includes(token.text)) {
        throw this.#fail(line, "a list has no end; write ) behind it");
      }
      if (token.kind !== "sign") items.push(token.text);
      else if (token.text === ")") return items;
    }
  }

  #take(): Token | undefined {
    return this.#tokens[this.#next++];
  }
}
