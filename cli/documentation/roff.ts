/* The language of manual pages: man(7). */

/** Text that means itself: no escapes, no requests, hyphens that can be copied. */
export function escapeRoff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/gm, "\\&$1");
}

/** Text in bold. */
export function bold(text: string): string {
  return `\\fB${escapeRoff(text)}\\fR`;
}

/** An item of a list: what it is called, and paragraphs about it. */
export function item(title: string, ...paragraphs: readonly string[]): string {
  return `.TP\n${title}\n${paragraphs.map(escapeRoff).join("\n.IP\n")}\n`;
}

export function section(title: string, body: string): string {
  return `.SH ${title}\n${body.trimEnd()}\n`;
}

export function paragraph(text: string): string {
  return `.PP\n${escapeRoff(text)}\n`;
}

/** Lines as they are: a terminal, a file. */
export function verbatim(text: string): string {
  return `.PP\n.nf\n.RS 4\n${escapeRoff(text)}\n.RE\n.fi\n`;
}

/** A whole page. `date` is empty: the same page from the same sources. */
export function page(
  { name, section: number, title }: {
    readonly name: string;
    readonly section: number;
    readonly title: string;
  },
  body: readonly string[],
): string {
  const head = `.TH ${name.toUpperCase()} ${number} "" "dsmip" "${title}"`;
  return [`.\\" Made by deno task docs.`, head, ...body.map((part) => part.trimEnd()), ""].join("\n");
}
