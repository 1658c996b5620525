/** Paints text for a terminal; plain() leaves it alone. */
export interface Colours {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

function paint(code: number): (text: string) => string {
  return (text) => `\x1b[${code}m${text}\x1b[0m`;
}

const painted: Colours = {
  bold: paint(1),
  dim: paint(2),
  red: paint(31),
  green: paint(32),
  yellow: paint(33),
};

const same = (text: string) => text;
const plain: Colours = { bold: same, dim: same, red: same, green: same, yellow: same };

/** Colours where the stream is a terminal and NO_COLOR is not set (no-color.org). */
export function coloursFor(stream: { isTerminal(): boolean }): Colours {
  return stream.isTerminal() && !Deno.env.get("NO_COLOR") ? painted : plain;
}
