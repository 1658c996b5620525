/** What a page of docs/ tells its reader to do. */
export type Step =
  /** A file to write. */
  | { readonly kind: "file"; readonly host: string; readonly name: string; readonly text: string }
  /** Commands of a shell. */
  | {
    readonly kind: "commands";
    readonly host: string;
    readonly text: string;
    /** "keeps running": one command that goes on until Ctrl-C. "after Ctrl-C": what was started last has ended. */
    readonly how: (typeof HOWS)[number];
  };

const HOWS = ["", "keeps running", "after Ctrl-C"] as const;

/**
 * The fenced blocks of a page, each with where it belongs: "```sh ha", "```sh mn keeps running", "```toml ha ha.toml".
 * @throws Error for a block that does not say where it belongs
 */
export function stepsOf(page: string): Step[] {
  return [...page.matchAll(/^```([^\n]*)\n([^]*?)^```$/gm)].map(([, info, text]): Step => {
    const [language, host, ...rest] = info.split(" ");
    const how = HOWS.find((one) => one === rest.join(" "));
    const isOne = how !== "keeps running" || text.indexOf("\n") === text.length - 1;
    if (host !== undefined && language === "sh" && how !== undefined && isOne) {
      return { kind: "commands", host, text, how };
    }
    if (host !== undefined && rest.length === 1 && ["toml", "nft"].includes(language)) {
      return { kind: "file", host, name: rest[0], text };
    }
    throw new Error(`a block that no test can follow: \`\`\`${info}`);
  });
}
