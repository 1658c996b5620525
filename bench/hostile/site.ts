import { dsmipCommand, fetchDependencies, temporaryFolder } from "../../cli/lab/lab.ts";
import { Child, LineReader, mustRun, runProgram } from "../../cli/lab/process.ts";

const AGENT = { v4: "192.0.2.1", v6: "2001:db8:100::1", tun: "dsmip-ha" } as const;
const INTERNET_V4 = "192.0.2.2";
/** Where nodes.c has its mobile nodes; attack.c takes the rest of its addresses from 172.16.0.0/12. */
const NODES_NETWORK = "10.64.0.0/15";
const ATTACKERS_NETWORK = "172.16.0.0/12";
/** As in nodes.c and wire.h. */
const KEY = new Uint8Array(32).fill(7);
const FIRST_SPI = 1000;
const START_LIMIT_MS = 60_000;

/** What attack.c says that it has sent. */
export interface Attacked {
  readonly packets: number;
  readonly octets: number;
  readonly seconds: number;
}

/** What came back to the addresses of attackers. */
export interface Answered {
  readonly packets: number;
  readonly octets: number;
}

/** A home agent with many mobile nodes, and its Internet, in two network namespaces that end with this object. */
export class Site implements AsyncDisposable {
  readonly #agent = `dsmip-hostile-${Deno.pid}-a`;
  readonly #internet = `dsmip-hostile-${Deno.pid}-i`;
  readonly #homeAgent: { child?: Child } = {};

  private constructor(readonly folder: string, readonly nodes: number, readonly signal: AbortSignal) {}

  /** Resolves when the home agent is ready. */
  static async open(nodes: number, signal: AbortSignal): Promise<Site> {
    await fetchDependencies(signal);
    const folder = Deno.makeTempDirSync({ dir: temporaryFolder(), prefix: "dsmip-hostile-" });
    const site = new Site(folder, nodes, signal);
    try {
      await site.#build();
      await site.#start();
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #build(): Promise<void> {
    for (const name of ["nodes", "attack"]) {
      const source = new URL(`${name}.c`, import.meta.url).pathname;
      await mustRun(["gcc", "-O3", "-Wall", "-o", `${this.folder}/${name}`, source], { limitMs: 60_000 });
    }
    for (const namespace of [this.#agent, this.#internet]) {
      await mustRun(["ip", "netns", "add", namespace]);
      await this.#run(namespace, "sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad");
      await this.#run(namespace, "ip", "link", "set", "lo", "up");
    }
    const { v4 } = AGENT;
    await this.#run(
      this.#agent,
      ..."ip link add wan type veth peer name wan netns".split(" "),
      this.#internet,
    );
    await this.#run(this.#agent, "ip", "address", "add", `${v4}/24`, "dev", "wan");
    await this.#run(this.#internet, "ip", "address", "add", `${INTERNET_V4}/24`, "dev", "wan");
    for (const namespace of [this.#agent, this.#internet]) {
      await this.#run(namespace, "ip", "link", "set", "wan", "up");
    }
    await this.#run(this.#agent, "ip", "route", "add", "default", "via", INTERNET_V4);
    await this.#run(this.#internet, "ip", "route", "add", "local", NODES_NETWORK, "dev", "lo");
    // Answers to attackers are counted, and answered by nobody.
    const rules = `table ip hostile {
      counter answers { }
      chain in { type filter hook prerouting priority -300
        ip daddr ${ATTACKERS_NETWORK} counter name answers drop
      }
    }`;
    await mustRun(["ip", "netns", "exec", this.#internet, "nft", "-f", "-"], { input: rules });
  }

  async #start(): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/key`, KEY.toHex() + "\n", { mode: 0o600 });
    const configuration = `${this.folder}/ha.toml`;
    await Deno.writeTextFile(
      configuration,
      `[home_agent]
ipv6_address = "${AGENT.v6}"
ipv4_address = "${AGENT.v4}"
home_prefix = "2001:db8:100::/64"
forwarding = true
control_socket = "${this.folder}/ha.sock"
state_directory = "${this.folder}"
${Array.from({ length: this.nodes }, (_, index) => mobileNode(index)).join("")}`,
    );
    const command = dsmipCommand("ha", "serve", "--config", configuration);
    this.#homeAgent.child = new Child(
      "home agent",
      ["ip", "netns", "exec", this.#agent, ...command],
      `${this.folder}/home-agent.log`,
      this.folder,
    );
    await this.#child.said("home agent ready", START_LIMIT_MS, this.signal);
  }

  get #child(): Child {
    return this.#homeAgent.child!;
  }

  #run(namespace: string, ...command: string[]): Promise<string> {
    return mustRun(["ip", "netns", "exec", namespace, ...command], { signal: this.signal, limitMs: 120_000 });
  }

  /** The honest mobile nodes: they say each second how they fare. */
  startNodes(options: { seconds: number; refreshSeconds: number; packetsPerSecond: number }): LineReader {
    const { seconds, refreshSeconds, packetsPerSecond } = options;
    const words = [AGENT.v4, this.nodes, seconds, refreshSeconds, packetsPerSecond].map(String);
    return new LineReader(
      ["ip", "netns", "exec", this.#internet, `${this.folder}/nodes`, ...words],
      this.signal,
    );
  }

  /** @param kinds what attack.c calls them, and packets a second of each */
  async attack(kinds: Readonly<Record<string, number>>, seconds: number): Promise<Attacked> {
    const words = Object.entries(kinds).flatMap(([kind, rate]) => [kind, String(rate)]);
    return JSON.parse(
      await this.#run(
        this.#internet,
        `${this.folder}/attack`,
        AGENT.v4,
        String(this.nodes),
        String(seconds),
        ...words,
      ),
    );
  }

  /** In all. */
  async answers(): Promise<Answered> {
    const text = await this.#run(
      this.#internet,
      ..."nft --json list counter ip hostile answers".split(" "),
    );
    const { counter } = JSON.parse(text).nftables.find((entry: object) => "counter" in entry);
    return { packets: counter.packets, octets: counter.bytes };
  }

  /** Resident memory of the home agent, megabytes. */
  memory(): number {
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
  }

  /** Processor time of the home agent, seconds. */
  processorSeconds(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.#child.pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  logLines(): number {
    return this.#child.log().split("\n").length - 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#homeAgent.child?.end();
    for (const namespace of [this.#agent, this.#internet]) {
      await runProgram(["ip", "netns", "delete", namespace]);
    }
    await Deno.remove(this.folder, { recursive: true });
  }
}

function mobileNode(index: number): string {
  const low = (0x10000 + index).toString(16);
  const homeAddress = `2001:db8:100::${low.slice(0, -4)}:${low.slice(-4)}`;
  return `[[mobile_node]]
identity = "mn${index}@example.org"
home_address = "${homeAddress}"
spi = ${FIRST_SPI + index}
key_file = "key"
`;
}
