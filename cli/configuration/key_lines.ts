/**
 * Finds the lines of a TOML file on which tables and keys stand, for error messages: the parser tells values
 * only. Knows what a person writes: `[table]`, `[[array]]`, `key = value`; what it does not understand gets no
 * line. Names are "home_agent", "home_agent.port", "mobile_node.0", "mobile_node.0.spi".
 */
export function findKeyLines(toml: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  let table = "";
  let openQuote: string | undefined;
  for (const [index, line] of toml.split("\n").entries()) {
    if (openQuote === undefined) {
      const header = /^\s*(\[\[?)\s*([A-Za-z0-9_-]+)\s*\]/.exec(line);
      const key = /^\s*([A-Za-z0-9_-]+)\s*=/.exec(line);
      if (header !== null) {
        table = header[2];
        if (header[1] === "[[") {
          const count = counts.get(table) ?? 0;
          counts.set(table, count + 1);
          table += `.${count}`;
        }
        remember(lines, table, index + 1);
      } else if (/^\s*\[/.test(line)) {
        table = "\0";
      } else if (key !== null) {
        remember(lines, table === "" ? key[1] : `${table}.${key[1]}`, index + 1);
      }
    }
    openQuote = quoteLeftOpen(line, openQuote);
  }
  return lines;
}

function remember(lines: Map<string, number>, name: string, line: number): void {
  if (!lines.has(name)) lines.set(name, line);
}

/** Which quote of a multi-line string is open after the line. */
function quoteLeftOpen(line: string, open: string | undefined): string | undefined {
  for (const [quote] of line.matchAll(/"""|'''/g)) {
    if (open === undefined) open = quote;
    else if (open === quote) open = undefined;
  }
  return open;
}
