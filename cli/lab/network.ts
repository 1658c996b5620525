import { mustRun, type RunOptions, runProgram } from "./process.ts";

/** One host or router of a lab. */
export interface NodeDescription {
  /** Short: "ha". The namespace is called dsmip-RUN-ha. */
  readonly name: string;
  /** The node forwards packets of others. */
  readonly router?: boolean;
  /** The node takes IPv6 addresses and routes from router advertisements. */
  readonly autoconfigures?: boolean;
  /** Interfaces that never carry IPv6. */
  readonly ipv4Only?: readonly string[];
  /** Bridges and the interfaces that each joins. */
  readonly bridges?: readonly { readonly name: string; readonly ports: readonly string[] }[];
  /** Interface, and address with prefix length. */
  readonly addresses?: readonly (readonly [string, string])[];
  /** Destination prefix, and next hop. */
  readonly routes?: readonly (readonly [string, string])[];
}

/** A cable: node and interface at each end. */
export type LinkDescription = readonly [
  readonly [node: string, name: string],
  readonly [node: string, name: string],
];

export interface Topology {
  readonly nodes: readonly NodeDescription[];
  readonly links: readonly LinkDescription[];
  /** Cables that a program of the lab makes, because they do more than a cable does. */
  readonly madeByProgram?: readonly LinkDescription[];
}

/** The names that a lab gives to its namespaces: dsmip-RUN-NODE. */
export const NAMESPACE_NAME = /^dsmip-([0-9a-f]{8})-([a-z0-9]+)$/;

/**
 * The network namespaces of one run. All that a lab does to a network goes through here, by the name of a
 * namespace that this run has made: the network of the machine itself cannot be named.
 */
export class Network {
  readonly #made = new Set<string>();

  /** `run` is eight hexadecimal digits; `signal` stops what is under way. */
  constructor(readonly run: string, readonly signal?: AbortSignal) {
    if (!NAMESPACE_NAME.test(`dsmip-${run}-x`)) throw new Error(`not the name of a run: ${run}`);
  }

  /** The name of the namespace of a node that this run has made. */
  namespace(node: string): string {
    const name = `dsmip-${this.run}-${node}`;
    if (!this.#made.has(name)) throw new Error(`no namespace of this lab is called ${name}`);
    return name;
  }

  get namespaces(): readonly string[] {
    return [...this.#made];
  }

  /** `makeLink` starts the program that makes a cable of `madeByProgram`, and waits until both ends are there. */
  async build(topology: Topology, makeLink?: (link: LinkDescription) => Promise<void>): Promise<void> {
    for (const node of topology.nodes) await this.#addNamespace(node.name);
    await Promise.all(topology.nodes.map((node) => this.#setSysctls(node)));
    for (const [[node, name], [otherNode, otherName]] of topology.links) {
      const far = this.namespace(otherNode);
      await this.ip(node, ["link", "add", name, "type", "veth", "peer", "name", otherName, "netns", far]);
    }
    const made = topology.madeByProgram ?? [];
    for (const link of made) await makeLink!(link);
    const links = [...topology.links, ...made];
    await Promise.all(topology.nodes.map((node) => this.#configure(node, links)));
  }

  /** Runs `ip` on a node's namespace and returns what it says. */
  ip(node: string, args: readonly string[]): Promise<string> {
    return mustRun(["ip", "-n", this.namespace(node), ...args], { signal: this.signal });
  }

  /** The command that runs a program in a node's namespace, with the same process identifier. */
  inside(node: string, command: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.namespace(node), ...command];
  }

  /** Runs a program in a node's namespace; throws when it fails. */
  exec(node: string, command: readonly string[], options: RunOptions = {}): Promise<string> {
    return mustRun(this.inside(node, command), { signal: this.signal, ...options });
  }

  /** Ends every process in the namespaces and removes them. Works on what is left of a half-built network, too. */
  async remove(): Promise<void> {
    await removeNamespaces([...this.#made]);
    this.#made.clear();
  }

  async #addNamespace(node: string): Promise<void> {
    const name = `dsmip-${this.run}-${node}`;
    this.signal?.throwIfAborted();
    // Noted first: an interrupted "add" is removed as well.
    this.#made.add(name);
    await mustRun(["ip", "netns", "add", name]);
    const own = await mustRun(["stat", "-Lc", "%i", "/proc/self/ns/net"]);
    const made = await mustRun(["ip", "netns", "exec", name, "stat", "-Lc", "%i", "/proc/self/ns/net"]);
    if (own === made) throw new Error(`${name} is the network of this machine itself; nothing was changed`);
  }

  async #setSysctls(node: NodeDescription): Promise<void> {
    const forwarding = node.router ? 1 : 0;
    const settings = [
      // Every later interface of the namespace takes "default" over.
      ["net/ipv6/conf/default/accept_ra", node.autoconfigures ? 1 : 0],
      // While a link-local address waits for duplicate address detection, a router does not look for neighbours.
      ["net/ipv6/conf/default/accept_dad", 0],
      ["net/ipv6/conf/all/forwarding", forwarding],
      ["net/ipv4/ip_forward", forwarding],
      ["net/ipv4/conf/all/rp_filter", 0],
      ["net/ipv4/conf/default/rp_filter", 0],
    ] as const;
    const script = settings.map(([name, value]) => `echo ${value} >/proc/sys/${name}`).join(" && ");
    await this.exec(node.name, ["sh", "-c", script]);
  }

  async #configure(node: NodeDescription, links: readonly LinkDescription[]): Promise<void> {
    const interfaces = links.flat().filter(([name]) => name === node.name).map(([, name]) => name);
    const bridges = node.bridges ?? [];
    const lines = ["link set lo up"];
    for (const { name, ports } of bridges) {
      lines.push(`link add ${name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`);
      lines.push(...ports.map((port) => `link set ${port} master ${name}`));
    }
    await this.batch(node.name, lines);
    if (node.ipv4Only !== undefined) {
      const off = node.ipv4Only.map((name) => `echo 1 >/proc/sys/net/ipv6/conf/${name}/disable_ipv6`);
      await this.exec(node.name, ["sh", "-c", off.join(" && ")]);
    }
    await this.batch(node.name, [
      ...[...interfaces, ...bridges.map(({ name }) => name)].map((name) => `link set ${name} up`),
      ...(node.addresses ?? []).map(([name, address]) =>
        `address add ${address} dev ${name}${address.includes(":") ? " nodad" : ""}`
      ),
      ...(node.routes ?? []).map(([to, via]) => `route add ${to} via ${via}`),
    ]);
  }

  /** Several `ip` commands in one process. */
  async batch(node: string, lines: readonly string[]): Promise<void> {
    await mustRun(["ip", "-n", this.namespace(node), "-batch", "-"], {
      input: lines.join("\n") + "\n",
      signal: this.signal,
    });
  }
}

/** The process identifiers of all that runs in a namespace. */
export async function processesIn(namespace: string): Promise<number[]> {
  const { stdout } = await runProgram(["ip", "netns", "pids", namespace]);
  return stdout.split("\n").filter((line) => line !== "").map(Number);
}

/** Removes namespaces of labs, after ending what runs in them: SIGTERM, and SIGKILL two seconds later. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!NAMESPACE_NAME.test(name)) throw new Error(`${name} is not the namespace of a lab`);
  }
  await endAll(names);
  for (const name of names) {
    const { code, stderr } = await runProgram(["ip", "netns", "delete", name]);
    if (code !== 0 && !stderr.includes("No such file")) {
      throw new Error(`cannot remove ${name}: ${stderr.trim()}`);
    }
  }
}

async function endAll(names: readonly string[]): Promise<void> {
  const allProcesses = async () => (await Promise.all(names.map(processesIn))).flat();
  for (const [signal, limitMs] of [["SIGTERM", 2000], ["SIGKILL", 2000]] as const) {
    const deadline = performance.now() + limitMs;
    let left = await allProcesses();
    left.forEach((pid) => killQuietly(pid, signal));
    while (left.length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      left = await allProcesses();
    }
    if (left.length === 0) return;
  }
}

function killQuietly(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}
