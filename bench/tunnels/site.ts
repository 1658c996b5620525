import { Child, pause } from "../../cli/lab/process.ts";
import { hasDevice, isListening } from "./machine.ts";
import { type End, Network } from "./network.ts";
import type { RunRequest } from "./options.ts";
import type { Tools } from "./tools.ts";

/** How long a daemon may take to make its device or to open its port. */
const DAEMON_LIMIT_MS = 10_000;
const LINES_OF_LOG = 4;

/** Where one tunnel is set up once: its network, a folder for its files, and its programs. */
export class Site {
  readonly network: Network;
  readonly #children: Child[] = [];

  private constructor(
    readonly folder: string,
    readonly tools: Tools,
    /** Nobody waits for a quiet machine before measuring here. */
    readonly isHasty: boolean,
    isPinned: boolean,
    readonly signal: AbortSignal,
  ) {
    this.network = new Network(isPinned, signal);
  }

  static async open(
    tools: Tools,
    { underlay, hasty, pin }: Pick<RunRequest, "underlay" | "hasty" | "pin">,
    signal: AbortSignal,
  ): Promise<Site> {
    const folder = await Deno.makeTempDir({ dir: tools.folder, prefix: "site-" });
    const site = new Site(folder, tools, hasty, pin, signal);
    try {
      await site.network.build(underlay);
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** Writes a file that only its owner can read, and returns its path. */
  async write(name: string, text: string): Promise<string> {
    await Deno.writeTextFile(this.path(name), text, { mode: 0o600 });
    return this.path(name);
  }

  /** Starts a program at an end that runs until the site is closed. */
  start(end: End, name: string, command: readonly string[]): Child {
    this.signal.throwIfAborted();
    const child = new Child(name, this.network.inside(end, command), this.path(`${name}.log`), "bench");
    this.#children.push(child);
    return child;
  }

  /** Waits until the program has made its device, and gives that the inner address. */
  async address(end: End, child: Child, device: string, address: string, settings: string): Promise<void> {
    await this.#waitForChild(`device ${device}`, child, () => hasDevice(child.pid, device));
    await this.network.ip(end, addressLines(device, address, settings));
  }

  /** Waits until the program has opened its port. */
  async listening(child: Child, protocol: "tcp" | "udp", port: number): Promise<void> {
    await this.#waitForChild(`${protocol} port ${port}`, child, () => isListening(child.pid, protocol, port));
  }

  #waitForChild(what: string, child: Child, look: () => boolean): Promise<void> {
    return this.waitFor(`${what} of ${child.name}`, DAEMON_LIMIT_MS, () => {
      if (!child.running) throw new Error(`${child.name} ended`);
      return look();
    });
  }

  /** Waits for a state, looking every millisecond. */
  async waitFor(what: string, limitMs: number, look: () => boolean | Promise<boolean>): Promise<void> {
    for (const deadline = performance.now() + limitMs; !await look();) {
      this.signal.throwIfAborted();
      if (performance.now() >= deadline) throw new Error(`no ${what} within ${limitMs} ms`);
      await pause(1);
    }
  }

  /** The last lines of each log that has any, for whoever wants to know why it did not work. */
  logTails(): string[] {
    return this.#children.flatMap((child) => {
      const lines = child.log().trimEnd().split("\n").slice(-LINES_OF_LOG).filter((line) => line !== "");
      return lines.map((line) => `${child.name}: ${line}`);
    });
  }

  /** Ends all programs, the newest first, and removes network and folder. */
  async close(): Promise<void> {
    try {
      for (const child of this.#children.splice(0).reverse()) await child.end("SIGTERM", 3000);
      await this.network.remove();
    } finally {
      await Deno.remove(this.folder, { recursive: true });
    }
  }
}

/** The lines for ip(8) that bring a device up with an inner address. */
export function addressLines(device: string, address: string, settings: string): string[] {
  const length = address.includes(":") ? "/64" : "/24";
  const flags = address.includes(":") ? "nodad" : "";
  return [
    `link set ${device} ${settings} up`,
    `address add ${address}${length} dev ${device} ${flags}`,
  ];
}
