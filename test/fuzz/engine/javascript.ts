import { stripTypeScriptTypes } from "node:module";
import { type AnyNode, parse } from "acorn";
import { COUNTERS_NAME, newPlace } from "./coverage.ts";

/** Text that goes in at an offset of the source. */
interface Insertion {
  readonly at: number;
  readonly text: string;
  /** Ends something: goes before what begins at the same offset. */
  readonly closes: boolean;
}

export interface InstrumentedSource {
  readonly code: string;
  /** Integers and short strings that stand in it: what its branches compare with. */
  readonly literals: readonly (number | string)[];
}

const MAXIMUM_LITERAL_LENGTH = 40;

/**
 * TypeScript as JavaScript which counts each function, branch and loop body that it comes to.
 * @throws SyntaxError where it cannot be read
 */
export function instrumentTypeScript(source: string): InstrumentedSource {
  const code = stripTypeScriptTypes(source, { mode: "transform" });
  const instrumentation = new Instrumentation();
  instrumentation.visit(parse(code, { ecmaVersion: "latest", sourceType: "module" }));
  return { code: instrumentation.apply(code), literals: [...instrumentation.literals] };
}

class Instrumentation {
  readonly literals = new Set<number | string>();
  readonly #insertions: Insertion[] = [];

  visit(node: AnyNode): void {
    this.#count(node);
    for (const value of Object.values(node)) {
      if (isNode(value)) this.visit(value);
      else if (Array.isArray(value)) { for (const item of value) if (isNode(item)) this.visit(item); }
    }
    this.#close(node);
  }

  apply(code: string): string {
    const ordered = this.#insertions.toSorted((one, other) =>
      one.at - other.at || Number(other.closes) - Number(one.closes)
    );
    let result = "";
    let done = 0;
    for (const { at, text } of ordered) {
      result += code.slice(done, at) + text;
      done = at;
    }
    return result + code.slice(done);
  }

  /** Statements and expressions that are ended by what the visit of their parent has opened, by where they end. */
  readonly #open = new Map<AnyNode, string>();

  #count(node: AnyNode): void {
    switch (node.type) {
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        if (node.body.type === "BlockStatement") this.#begin(node.body);
        else this.#expression(node.body);
        return;
      case "IfStatement":
        this.#statement(node.consequent);
        if (node.alternate) this.#statement(node.alternate);
        return;
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
      case "WhileStatement":
      case "DoWhileStatement":
        return this.#statement(node.body);
      case "ConditionalExpression":
        this.#expression(node.consequent);
        return this.#expression(node.alternate);
      case "LogicalExpression":
        return this.#expression(node.right);
      case "SwitchCase":
        if (node.consequent.length > 0) this.#insert(node.consequent[0].start, counting(), false);
        return;
      case "CatchClause":
        return this.#begin(node.body);
      case "Literal":
        return this.#note(node.value);
    }
  }

  #note(value: unknown): void {
    if (typeof value === "number" && Number.isInteger(value) && value <= 0xffff_ffff) {
      this.literals.add(value);
    } else if (typeof value === "string" && value.length > 0 && value.length <= MAXIMUM_LITERAL_LENGTH) {
      this.literals.add(value);
    }
  }

  #begin(block: AnyNode): void {
    this.#insert(block.start + 1, counting(), false);
  }

  #statement(node: AnyNode): void {
    if (node.type === "BlockStatement") return this.#begin(node);
    this.#insert(node.start, `{${counting()}`, false);
    this.#open.set(node, "}");
  }

  #expression(node: AnyNode): void {
    this.#insert(node.start, `(${COUNTERS_NAME}[${newPlace()}]++,`, false);
    this.#open.set(node, ")");
  }

  /** After all that is inside: so that what was opened first is closed last. */
  #close(node: AnyNode): void {
    if (node.type === "IfStatement" && !node.alternate) this.#insert(node.end, ` else {${counting()}}`, true);
    const text = this.#open.get(node);
    if (text !== undefined) this.#insert(node.end, text, true);
  }

  #insert(at: number, text: string, closes: boolean): void {
    this.#insertions.push({ at, text, closes });
  }
}

function counting(): string {
  return `${COUNTERS_NAME}[${newPlace()}]++;`;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && typeof (value as AnyNode).type === "string";
}
