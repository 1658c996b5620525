/** How long nft may take to load a table, ms. It takes about 20. */
const LOAD_LIMIT_MS = 5000;
/** How long nft may take to end once its standard input is closed, ms. */
const EXIT_LIMIT_MS = 2000;

/** Output of nft that we keep: an error is a few lines. */
const OUTPUT_LIMIT_CHARACTERS = 64 * 1024;

export interface OwnedRuleset {
  /** The table's name in the family inet. */
  readonly table: string;
  /** One `table inet NAME { flags owner; ... }` without any line break: `nft -i` reads line by line. */
  readonly text: string;
}

/** The table was not loaded: the reason, as a warning for the log, because dsmip can go on without it. */
export interface NftUnavailable {
  readonly warning: string;
}

/**
 * Keeps this host silent about protocol 41. Without a tunnel module the kernel answers a packet of protocol
 * 41 that finds no socket, or finds its socket's buffer full, with ICMP protocol unreachable (code 2); with
 * the sit module it says port unreachable (code 3) even when a raw socket took the packet. Both tell the
 * sender, wrongly, that its tunnel is gone. Routers send other codes about packets that they forward, so
 * those stay.
 *
 * `@th,136,8` is the protocol field of the quoted IPv4 header: 8 octets of ICMP, then octet 9.
 *
 * @param suffix what tells this process's table from another's: letters, digits, "_"
 */
export function silentTunnelRuleset(suffix: string): OwnedRuleset {
  const table = `dsmip_${suffix.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
  const rule = "icmp type destination-unreachable icmp code { 2, 3 } @th,136,8 41 counter drop";
  return {
    table,
    text: `table inet ${table} { flags owner; ` +
      `chain output { type filter hook output priority 0; policy accept; ${rule}; }; }`,
  };
}

/**
 * An nftables table that lives as long as this process: `flags owner` ties it to the netlink socket of an
 * `nft -i` child, which ends when its standard input does, so that a crash leaves nothing behind.
 */
export class OwnedTable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #drained: Promise<unknown>;

  private constructor(
    child: Deno.ChildProcess,
    input: WritableStreamDefaultWriter<Uint8Array>,
    drained: Promise<unknown>,
  ) {
    this.#child = child;
    this.#input = input;
    this.#drained = drained;
  }

  /** Loads the table. Never rejects for a reason of the host's: that is a NftUnavailable. */
  static async open({ table, text }: OwnedRuleset, program = "nft"): Promise<OwnedTable | NftUnavailable> {
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, {
        args: ["-i"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        // In a session of its own: Ctrl-C on the terminal is for us, and the table stays until we have ended.
        detached: true,
      }).spawn();
    } catch (error) {
      const reason = error instanceof Deno.errors.NotFound
        ? "nft is not installed (package nftables)"
        : String(error);
      return unavailable(reason);
    }
    const loaded = Promise.withResolvers<string | undefined>();
    const timer = setTimeout(() => loaded.resolve(`nft said nothing for ${LOAD_LIMIT_MS} ms`), LOAD_LIMIT_MS);
    const drained = Promise.all([
      drain(child.stdout, (output) => {
        if (output.includes(`table inet ${table} {`)) loaded.resolve(undefined);
      }),
      drain(child.stderr, (output) => {
        const firstLine = output.indexOf("\n");
        if (firstLine >= 0) loaded.resolve(output.slice(0, firstLine));
      }),
    ]).then(() => loaded.resolve("nft ended at once"));
    const input = child.stdin.getWriter();
    const opened = new OwnedTable(child, input, drained);
    // nft prints nothing when it loads a table, so we ask to see it.
    await input.write(new TextEncoder().encode(`${text}\nlist table inet ${table}\n`)).catch(() => {});
    const fault = await loaded.promise;
    clearTimeout(timer);
    if (fault === undefined) return opened;
    await opened.close();
    return unavailable(fault);
  }

  /** Ends nft, and with it the table. */
  async close(): Promise<void> {
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), EXIT_LIMIT_MS);
    await this.#child.status;
    clearTimeout(timer);
    await this.#drained;
  }
}

function unavailable(reason: string): NftUnavailable {
  return {
    warning: `Cannot load the nftables table: ${reason}. This host may answer protocol 41 with ICMP errors`,
  };
}

/** Reads a child's output to its end, so that it never blocks, and shows the first part of it. */
async function drain(stream: ReadableStream<Uint8Array>, show: (output: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let output = "";
  for await (const part of stream) {
    if (output.length > OUTPUT_LIMIT_CHARACTERS) continue;
    output += decoder.decode(part, { stream: true });
    show(output);
  }
}
