import { dsmipCommand, fetchDependencies, temporaryFolder, V8_FLAGS } from "../../cli/lab/lab.ts";
import { Child, mustRun, runProgram } from "../../cli/lab/process.ts";

export const AGENT = { v4: "192.0.2.1", v6: "2001:db8:100::1", port: 4191, tun: "dsmip-ha" } as const;
export const NODE_V4 = "192.0.2.2";
/** Where inner packets go: the kernel forwards them from the TUN device to nowhere. */
const SINK_NETWORK = "2001:db8:ffff::/64";
const SINK = "2001:db8:ffff::9";
export const KEY = new Uint8Array(32).fill(7);

/** A mobile node that the home agent's configuration knows. */
export interface Node {
  readonly identity: string;
  readonly homeAddress: string;
  readonly spi: number;
}

export const NODES: readonly Node[] = [1, 2, 3].map((number) => ({
  identity: `mn${number}@example.org`,
  homeAddress: `2001:db8:100::10${number}`,
  spi: 1000 + number,
}));

export interface Flooded {
  readonly sent: number;
  readonly refused: number;
  readonly seconds: number;
}

export interface Order {
  readonly packets: number;
  readonly flows: number;
  /** Packets that came after a later one of their flow. */
  readonly late: number;
}

/** A home agent and its mobile nodes, in two network namespaces that end with this object. */
export class Site implements AsyncDisposable {
  readonly agent = `dsmip-pressure-${Deno.pid}-a`;
  readonly node = `dsmip-pressure-${Deno.pid}-n`;
  readonly folder: string;
  readonly #flood: string;
  readonly #order: string;
  #homeAgent: Child | undefined;

  private constructor(folder: string, readonly signal: AbortSignal) {
    this.folder = folder;
    this.#flood = `${folder}/flood`;
    this.#order = `${folder}/order`;
  }

  static async open(signal: AbortSignal): Promise<Site> {
    await fetchDependencies(signal);
    const site = new Site(
      Deno.makeTempDirSync({ dir: temporaryFolder(), prefix: "dsmip-pressure-" }),
      signal,
    );
    try {
      await site.#build();
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #build(): Promise<void> {
    for (const program of [this.#flood, this.#order]) {
      const source = new URL(`${program.split("/").at(-1)}.c`, import.meta.url).pathname;
      await mustRun(["gcc", "-O3", "-Wall", "-o", program, source], { limitMs: 60_000 });
    }
    const { agent, node } = this;
    for (const namespace of [agent, node]) {
      await mustRun(["ip", "netns", "add", namespace]);
      const settings =
        "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding";
      await this.run(namespace, "sh", "-c", settings);
      await this.run(namespace, "ip", "link", "set", "lo", "up");
    }
    await this.run(agent, "ip", "link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", node);
    await this.run(agent, "ip", "address", "add", `${AGENT.v4}/24`, "dev", "wan");
    await this.run(node, "ip", "address", "add", `${NODE_V4}/24`, "dev", "wan");
    for (const namespace of [agent, node]) await this.run(namespace, "ip", "link", "set", "wan", "up");
    await this.run(agent, "ip", "route", "add", "blackhole", SINK_NETWORK);
  }

  /** A program in a namespace; what it printed. */
  run(namespace: string, ...command: string[]): Promise<string> {
    return mustRun(["ip", "netns", "exec", namespace, ...command], { signal: this.signal, limitMs: 60_000 });
  }

  /** Starts the home agent from source, the one before having ended; resolves when it is ready. @param flags for V8 */
  async startHomeAgent(workers: number, flags: readonly string[] = []): Promise<Child> {
    await this.#homeAgent?.end();
    await Deno.writeTextFile(`${this.folder}/key`, KEY.toHex() + "\n", { mode: 0o600 });
    const path = `${this.folder}/ha.toml`;
    // It would take over the bindings of the one before, and refuse the sequence numbers of new mobile nodes.
    const state = Deno.makeTempDirSync({ dir: this.folder, prefix: "state-" });
    const nodes = NODES.map(({ identity, homeAddress, spi }) =>
      `[[mobile_node]]
identity = "${identity}"
home_address = "${homeAddress}"
spi = ${spi}
key_file = "key"
`
    );
    await Deno.writeTextFile(
      path,
      `[home_agent]
ipv6_address = "${AGENT.v6}"
ipv4_address = "${AGENT.v4}"
home_prefix = "2001:db8:100::/64"
workers = ${workers}
control_socket = "${this.folder}/ha.sock"
state_directory = "${state}"
${nodes.join("")}`,
    );
    const log = `${this.folder}/home-agent-${crypto.randomUUID()}.log`;
    const command = dsmipCommand("ha", "serve", "--config", path).map((word) =>
      word.startsWith("--v8-flags=") ? [word, ...flags].join(",") : word
    );
    // What V8 traces is to be in the log at once.
    const child = new Child(
      "home-agent",
      ["ip", "netns", "exec", this.agent, "stdbuf", "-oL", ...command],
      log,
      this.folder,
    );
    this.#homeAgent = child;
    await child.said("home agent ready", 20_000, this.signal);
    return child;
  }

  /** What V8 traces of the collections of a Worker that leaves so many objects behind. */
  traceOfGarbage(objects: number): Promise<string> {
    const path = new URL("garbage.ts", import.meta.url).pathname;
    return this.run(
      this.agent,
      Deno.execPath(),
      "run",
      "-A",
      `${V8_FLAGS},--trace-gc`,
      path,
      String(objects),
    );
  }

  /** Sends from these ports and home addresses in turn. @param rate packets a second; 0: all that go */
  async flood(
    seconds: number,
    flows: readonly { readonly port: number; readonly homeAddress: string }[],
    { rate = 0, isGarbage = false } = {},
  ): Promise<Flooded> {
    const words = flows.flatMap(({ port, homeAddress }) => [String(port), homeAddress]);
    const kind = isGarbage ? "1" : "0";
    const command = [
      this.#flood,
      AGENT.v4,
      String(AGENT.port),
      String(seconds),
      String(rate),
      kind,
      ...words,
    ];
    return JSON.parse(await this.run(this.node, ...command));
  }

  /** Takes the inner packets in place of the sink, for so long, and looks at their order. */
  async order(seconds: number): Promise<Order> {
    const address = ["address", "add", `${SINK}/128`, "dev", "lo"];
    await this.run(this.agent, "ip", ...address);
    try {
      return JSON.parse(await this.run(this.agent, this.#order, String(seconds)));
    } finally {
      await this.run(this.agent, "ip", "address", "del", `${SINK}/128`, "dev", "lo");
    }
  }

  /** Packets that the kernel has got from the home agent's TUN device, in all. */
  async delivered(): Promise<number> {
    const path = `/sys/class/net/${AGENT.tun}/statistics/rx_packets`;
    return Number(await this.run(this.agent, "cat", path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#homeAgent?.end();
    for (const namespace of [this.agent, this.node]) await runProgram(["ip", "netns", "delete", namespace]);
    await Deno.remove(this.folder, { recursive: true });
  }
}
