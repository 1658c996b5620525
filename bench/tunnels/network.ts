import { mustRun, pause, type RunOptions, runProgram } from "../../cli/lab/process.ts";
import { networkOf, processes, type ProcessTimes } from "./machine.ts";

/** A host of the measurements: the tunnel goes from a to b; c is for what helps a tunnel from outside. */
export type End = "a" | "b" | "c";

/**
 * A veth as it comes; one whose frames have 1500 octets, as on a wire; and the latter where the far end merges them when they
 * arrive (GRO), as drivers of network cards do.
 */
export const UNDERLAYS = ["veth", "wire", "wire-gro"] as const;
export type Underlay = (typeof UNDERLAYS)[number];

/** The processors of the ends, where each has its own: how far a packet is from its next program is no matter of chance then. */
const PINNED_PROCESSORS: Partial<Record<End, number>> = { a: 0, b: 1 };

/** The device of both ends that leads to the other, and its IPv4 addresses. */
export const OUTER_DEVICE = "eth0";
export const OUTER = { a: "198.18.0.1", b: "198.18.0.2", prefixLength: 30 } as const;
/** The same in IPv6, for tunnels over IPv6: they add them. */
export const OUTER_IPV6 = { a: "2001:db8:98::1", b: "2001:db8:98::2", prefixLength: 64 } as const;
/** Where end a is after it has moved; end b knows the way. */
export const OUTER_MOVED = { a: "198.18.4.1", network: "198.18.4.0/30" } as const;

export const OUTER_MTU = 1500;
const NAMESPACE_NAME = /^dsmip-bench-(\d+)-[abc]$/;

const SYSCTLS = [
  ["net/ipv6/conf/all/accept_dad", 0],
  ["net/ipv6/conf/default/accept_dad", 0],
  ["net/ipv6/conf/default/accept_ra", 0],
  ["net/ipv6/conf/default/router_solicitations", 0],
  ["net/ipv4/conf/all/rp_filter", 0],
  ["net/ipv4/conf/default/rp_filter", 0],
] as const;

/** What a veth must not do, or do: without the first three, what is longer than a frame is cut by the kernel before it. */
const OFF = ["tso", "off", "gso", "off", "tx-udp-segmentation", "off"];
const OFFLOADS = { veth: [], wire: [...OFF, "gro", "off"], "wire-gro": [...OFF, "gro", "on"] } as const;

/** Two network namespaces and the cable between them. The machine's own network is not touched. */
export class Network {
  readonly #made: string[] = [];
  readonly #inodes = new Map<End, string>();

  constructor(readonly isPinned: boolean, readonly signal: AbortSignal) {}

  /** The ends a and b with their addresses; nothing of IPv6 but link-local addresses. */
  async build(underlay: Underlay): Promise<void> {
    await Promise.all([this.add("a"), this.add("b")]);
    const far = this.name("b");
    await this.ip("a", [`link add ${OUTER_DEVICE} type veth peer name ${OUTER_DEVICE} netns ${far}`]);
    await Promise.all((["a", "b"] as const).map(async (end) => {
      const offloads = OFFLOADS[underlay];
      if (offloads.length > 0) await this.exec(end, ["ethtool", "-K", OUTER_DEVICE, ...offloads]);
      await this.ip(end, [
        `address add ${OUTER[end]}/${OUTER.prefixLength} dev ${OUTER_DEVICE}`,
        `link set ${OUTER_DEVICE} mtu ${OUTER_MTU} up`,
      ]);
    }));
    await this.ip("b", [`route add ${OUTER_MOVED.network} dev ${OUTER_DEVICE} src ${OUTER.b}`]);
  }

  /** Gives both ends their outer IPv6 addresses. */
  async addOuterIpv6(): Promise<void> {
    for (const end of ["a", "b"] as const) {
      await this.ip(end, [
        `address add ${OUTER_IPV6[end]}/${OUTER_IPV6.prefixLength} dev ${OUTER_DEVICE} nodad`,
      ]);
    }
  }

  /** Makes the namespace of one end. */
  async add(end: End): Promise<void> {
    this.signal.throwIfAborted();
    const name = this.name(end);
    // Noted first: what an interrupted "add" has made is removed as well.
    this.#made.push(name);
    await mustRun(["ip", "netns", "add", name]);
    const settings = SYSCTLS.map(([path, value]) => `echo ${value} >/proc/sys/${path}`).join(" && ");
    const script = `readlink /proc/self/ns/net && ${settings}`;
    const inode = (await this.exec(end, ["sh", "-c", script])).trim();
    if (inode === networkOf(Deno.pid)) throw new Error(`${name} is the network of this machine itself`);
    this.#inodes.set(end, inode);
    await this.ip(end, ["link set lo up"]);
  }

  /** The name of the namespace of an end. */
  name(end: End): string {
    return `dsmip-bench-${Deno.pid}-${end}`;
  }

  /** The command that runs a program in the namespace of an end, with the same process identifier. */
  inside(end: End, command: readonly string[]): string[] {
    const processor = this.isPinned ? PINNED_PROCESSORS[end] : undefined;
    const pin = processor === undefined ? [] : ["taskset", "-c", String(processor)];
    return ["ip", "netns", "exec", this.name(end), ...pin, ...command];
  }

  exec(end: End, command: readonly string[], options: RunOptions = {}): Promise<string> {
    return mustRun(this.inside(end, command), { signal: this.signal, ...options });
  }

  /** Runs commands of ip(8), in one process. */
  async ip(end: End, lines: readonly string[]): Promise<void> {
    const input = lines.map((line) => `${line}\n`).join("");
    await mustRun(["ip", "-n", this.name(end), "-batch", "-"], { input, signal: this.signal });
  }

  /** All processes of the machine but ours, told apart by whether they live in an end of this network. */
  processes(): { readonly inside: ProcessTimes[]; readonly outside: ProcessTimes[] } {
    const all = Object.groupBy(
      processes(),
      ({ network }) => [...this.#inodes.values()].includes(network) ? "inside" : "outside",
    );
    return { inside: all.inside ?? [], outside: all.outside ?? [] };
  }

  /** What runs at ends a and b. */
  processesOfTunnel(): ProcessTimes[] {
    const ends = [this.#inodes.get("a"), this.#inodes.get("b")];
    return processes().filter(({ network }) => ends.includes(network));
  }

  async remove(): Promise<void> {
    await removeNamespaces(this.#made.splice(0));
    this.#inodes.clear();
  }
}

/** Removes what a run that was killed has left: namespaces whose process is no more. */
export async function removeLeftovers(): Promise<void> {
  const { stdout } = await runProgram(["ip", "netns", "list"]);
  const left = stdout.split("\n").map((line) => line.split(" ")[0]).filter((name) => {
    const pid = NAMESPACE_NAME.exec(name)?.[1];
    return pid !== undefined && !isAlive(Number(pid));
  });
  await removeNamespaces(left);
}

function isAlive(pid: number): boolean {
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch {
    return false;
  }
}

/** Ends what runs in the namespaces, by process identifier, and removes them. */
async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    let left = await pidsIn(names);
    for (const pid of left) kill(pid, signal);
    for (const deadline = performance.now() + 2000; left.length > 0 && performance.now() < deadline;) {
      await pause(20);
      left = await pidsIn(names);
    }
  }
  for (const name of names) {
    const { code, stderr } = await runProgram(["ip", "netns", "delete", name]);
    if (code !== 0 && !stderr.includes("No such file")) {
      throw new Error(`cannot remove ${name}: ${stderr.trim()}`);
    }
  }
}

async function pidsIn(names: readonly string[]): Promise<number[]> {
  const lists = await Promise.all(names.map((name) => runProgram(["ip", "netns", "pids", name])));
  return lists.flatMap(({ stdout }) => stdout.split("\n").filter((line) => line !== "").map(Number));
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}
