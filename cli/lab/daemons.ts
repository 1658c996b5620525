import type { BindingStatus } from "../../core/control/binding_cache.ts";
import type { MobileNodeStatus } from "../../core/control/mobile_node_status.ts";
import { askDaemon } from "../daemon/control_client.ts";
import { messageOf } from "../output/fault.ts";
import { dsmipCommand, type Lab } from "./lab.ts";
import { type Child, mustRun } from "./process.ts";

/** What a mobile node of the lab is called, and the address that it keeps. */
export interface MobileNodeIdentity {
  readonly identity: string;
  readonly homeAddress: string;
  readonly spi: number;
  /** A file of the lab with security associations for ESP, which take the place of the shared key; none when it is not given. */
  readonly espFile?: string;
  /** Of the network behind a mobile router (RFC 3963). */
  readonly mobileNetworkPrefixes?: readonly string[];
  /** How many more it asks its home agent for. */
  readonly requestPrefixes?: number;
  /** RFC 5555: an address, or as "198.18.2.1/24" that of a mobile router with the network behind it. */
  readonly ipv4HomeAddress?: string;
}

export interface HomeAgentAnswer {
  readonly bindings: readonly BindingStatus[];
}

/** One of our daemons in a node's namespace: the real program, started, asked, ended, started again. */
class Daemon<Answer> {
  #child: Child | undefined;

  constructor(
    readonly lab: Lab,
    readonly node: string,
    readonly name: string,
    readonly command: readonly string[],
    readonly question: string,
    readonly socket: string,
  ) {}

  /** Starts the daemon; returns at once. */
  start(): void {
    this.#child = this.lab.start(this.node, this.name, dsmipCommand(...this.command));
  }

  /** The identifier of its process; undefined before the first start. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child?.running ?? false;
  }

  /** What the daemon says over its control socket; undefined while it does not answer. Throws when it has ended. */
  async ask(): Promise<Answer | undefined> {
    const child = this.#child;
    try {
      return await askDaemon({ path: this.socket, command: this.question, timeLimitMs: 1000 }) as Answer;
    } catch (error) {
      if (child?.ended !== undefined) {
        const lines = child.log().trimEnd().split("\n").slice(-3).join(" / ");
        throw new Error(`${this.name} ended with ${child.ended.code}: ${lines || messageOf(error)}`);
      }
      return undefined;
    }
  }

  /** The same question, asked with the command that a person would use. */
  async askByCommand(): Promise<Answer> {
    const command = [this.command[0], this.question, "--json", "--control-socket", this.socket];
    return JSON.parse(await mustRun(dsmipCommand(...command), { signal: this.lab.signal }));
  }

  /** Waits until the answer is as wanted. Returns the milliseconds that it took, and the answer. */
  async until(
    what: string,
    limitMs: number,
    wanted: (answer: Answer) => boolean,
  ): Promise<{ readonly tookMs: number; readonly answer: Answer }> {
    const start = performance.now();
    const answer = await this.lab.until(`${what} (${this.name})`, limitMs, async () => {
      const answer = await this.ask();
      return answer !== undefined && wanted(answer) ? answer : undefined;
    });
    return { tookMs: performance.now() - start, answer };
  }

  /** Waits until the daemon answers questions. */
  ready(limitMs: number): Promise<{ readonly tookMs: number; readonly answer: Answer }> {
    return this.until("answer", limitMs, () => true);
  }

  /** Ends the daemon; the exit code is undefined after a signal's work. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<{ readonly tookMs: number; readonly code: number }> {
    const child = this.#child;
    if (child === undefined) throw new Error(`${this.name} was not started`);
    const tookMs = await child.end(signal, 10_000);
    return { tookMs, code: child.ended?.code ?? -1 };
  }

  /** Lets the daemon read its configuration again. */
  async reload(): Promise<void> {
    await askDaemon({ path: this.socket, command: "reload" });
  }

  log(): string {
    return this.#child?.log() ?? "";
  }
}

export type HomeAgentDaemon = Daemon<HomeAgentAnswer>;
export type MobileNodeDaemon = Daemon<MobileNodeStatus>;

/** 32 random octets as a key file has them. */
function randomKey(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex() + "\n";
}

export interface HomeAgentOptions {
  readonly node: string;
  readonly ipv6Address: string;
  readonly ipv4Address: string;
  readonly homePrefix: string;
  /** The interface of the home network; left out, that is virtual. */
  readonly homeLink?: string;
  readonly natRefreshSeconds: number;
  /** Whose networks of 64 bits are delegated on request; left out, none are. */
  readonly mobileNetworkPool?: string;
  readonly mobileNodes: readonly MobileNodeIdentity[];
}

/** Writes keys and configuration of a home agent; does not start it. */
export async function configureHomeAgent(lab: Lab, options: HomeAgentOptions): Promise<HomeAgentDaemon> {
  const entries = await Promise.all(options.mobileNodes.map(async (node) => {
    await lab.writeFile(keyFile(node), randomKey());
    return `
[[mobile_node]]
identity = "${node.identity}"
home_address = "${node.homeAddress}"
${securityLines(node, keyFile(node))}${networkLines(node)}`;
  }));
  const socket = lab.path(`${options.node}.sock`);
  const config = await lab.writeFile(
    `${options.node}.toml`,
    `[home_agent]
ipv6_address = "${options.ipv6Address}"
ipv4_address = "${options.ipv4Address}"
home_prefix = "${options.homePrefix}"
${options.homeLink === undefined ? "" : `home_link = "${options.homeLink}"\n`}${
      options.mobileNetworkPool === undefined ? "" : `mobile_network_pool = "${options.mobileNetworkPool}"\n`
    }nat_refresh_seconds = ${options.natRefreshSeconds}
control_socket = "${socket}"
state_directory = "${lab.path("state")}"
${entries.join("")}`,
  );
  const command = ["ha", "serve", "--config", config];
  return new Daemon(lab, options.node, `home-agent-${options.node}`, command, "bindings", socket);
}

export interface MobileNodeOptions {
  readonly name: string;
  readonly node: string;
  readonly mobileNode: MobileNodeIdentity;
  readonly homeAgent: HomeAgentOptions;
  /** A key that the home agent does not have. */
  readonly wrongKey?: boolean;
  /** Most preferred first; "eth0" when none are given. */
  readonly egresses?: readonly string[];
  /** The home agent's IPv6 address is not in its configuration. */
  readonly findsHomeAgent?: boolean;
  /** Which IP version to take where both are there; the program's own choice when it is not given. */
  readonly prefer?: "ipv6" | "ipv4" | "keep";
  /** The interface of the network behind it, whose hosts it serves with radvd and dnsmasq; none when it is not given. */
  readonly mobileNetworkInterface?: string;
  /** A file for its events; none when it is not given. */
  readonly trace?: string;
}

/** Writes the configuration of a mobile node, which uses the key that the home agent's has written. */
export async function configureMobileNode(lab: Lab, options: MobileNodeOptions): Promise<MobileNodeDaemon> {
  const { name, node, mobileNode, homeAgent } = options;
  const key = options.wrongKey ? `${name}.wrong.key` : keyFile(mobileNode);
  if (options.wrongKey) await lab.writeFile(key, randomKey());
  const socket = lab.path(`${name}.sock`);
  const config = await lab.writeFile(
    `${name}.toml`,
    `[mobile_node]
identity = "${mobileNode.identity}"
home_address = "${mobileNode.homeAddress}"
${
      options.findsHomeAgent
        ? ""
        : `home_agent_ipv6_address = "${homeAgent.ipv6Address}"\n`
    }home_agent_ipv4_address = "${homeAgent.ipv4Address}"
egress = ${JSON.stringify(options.egresses ?? "eth0")}
manage = ${options.egresses !== undefined}
${securityLines(mobileNode, key)}control_socket = "${socket}"
state_directory = "${lab.path("state")}"
request_prefixes = ${mobileNode.requestPrefixes ?? 0}
${options.prefer === undefined ? "" : `prefer = "${options.prefer}"\n`}${networkLines(mobileNode)}
${
      options.mobileNetworkInterface === undefined
        ? ""
        : `[mobile_network]\ninterface = "${options.mobileNetworkInterface}"\n`
    }`,
  );
  const trace = options.trace === undefined ? [] : ["--trace", options.trace];
  return new Daemon(lab, node, name, ["mn", "up", "--config", config, ...trace], "status", socket);
}

/** What home agent and mobile node are told in the same words. */
function networkLines({ mobileNetworkPrefixes, ipv4HomeAddress }: MobileNodeIdentity): string {
  return [
    ...(mobileNetworkPrefixes === undefined
      ? []
      : [`mobile_network_prefixes = ${JSON.stringify(mobileNetworkPrefixes)}\n`]),
    ...(ipv4HomeAddress === undefined ? [] : [`ipv4_home_address = "${ipv4HomeAddress}"\n`]),
  ].join("");
}

/** What proves the mobile node's origin. */
function securityLines({ spi, espFile }: MobileNodeIdentity, keyFile: string): string {
  return espFile === undefined ? `spi = ${spi}\nkey_file = "${keyFile}"\n` : `esp_file = "${espFile}"\n`;
}

function keyFile({ identity }: MobileNodeIdentity): string {
  return `${identity.split("@")[0]}.key`;
}
