import { DataPath, type DataPathCounters } from "../../cli/daemon/data_path.ts";
import type { Offloads } from "../../cli/daemon/offloads.ts";
import type { Encapsulation } from "../../core/control/tunnel.ts";
import type { Version } from "../forwarding/transport_packets.ts";
import { run } from "../ffi/in_namespace.ts";
import { HOME_ADDRESS, HOME_AGENT } from "../forwarding/packets.ts";
import {
  AGENT_TUN,
  AGENT_V4,
  AGENT_V6,
  DataPathNetwork,
  NODE_TUN,
  NODE_V4,
  NODE_V6,
} from "./data_path_network.ts";

const TRAFFIC = new URL("./offload_traffic.py", import.meta.url).pathname;
/** The correspondent's network. */
const ROUTER = "2001:db8:200::1";
const BEHIND = "2001:db8:200::2";
const ROUTER_IPV4 = "10.8.0.1";
const BEHIND_IPV4 = "10.8.0.2";
const AGENT_IPV4 = "10.9.0.1";
const HOME_IPV4 = { address: "10.9.0.100", prefixLength: 32 };
const INNER_MTU = 1472;
/** That of IPv6, octets. */
const LONGEST_OUTER_HEADER = 40;

/** What the traffic program says of its UDP datagrams; each pair: packets, octets. */
export interface UdpReport {
  /** Empty where all is right. */
  readonly fault: string;
  /** Reads of a program that had several datagrams. */
  readonly merged: number;
  readonly toPeers: readonly [number, number];
  readonly fromPeers: readonly [number, number];
}

/** Is a program installed? */
export function isThere(program: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${program}`] }).outputSync().success;
}

/**
 * The agent and the node of DataPathNetwork, a correspondent behind the agent, which routes, and a program that sends from
 * the node to both and back. On the correspondent's link, whole packets with complete checksums can be captured.
 */
export class OffloadMatrixNetwork implements AsyncDisposable {
  readonly #network = new DataPathNetwork();
  readonly #correspondent = `dsmfwd-c${Deno.pid}-${count++}`;
  readonly #traffic: Readonly<Record<Version, TrafficProgram>>;
  #capture:
    | { readonly child: Deno.ChildProcess; readonly file: string; readonly end: Promise<void> }
    | undefined;

  /** @param underlay settings of the link between node and agent, as `ethtool -K` has them */
  constructor(underlay: readonly string[]) {
    const network = this.#network;
    const { agent, node } = network;
    const correspondent = this.#correspondent;
    run("ip", "netns", "add", correspondent);
    network.sysctl(correspondent, "net.ipv6.conf.default.router_solicitations=0");
    network.sysctl(agent, "net.ipv6.conf.all.forwarding=1");
    network.sysctl(agent, "net.ipv4.ip_forward=1");
    network.ip(agent, "link", "add", "lan", "type", "veth", "peer", "name", "lan", "netns", correspondent);
    for (
      const [namespace, address, address4] of [
        [agent, ROUTER, ROUTER_IPV4],
        [correspondent, BEHIND, BEHIND_IPV4],
      ]
    ) {
      network.ip(namespace, "-6", "address", "add", `${address}/64`, "dev", "lan", "nodad");
      network.ip(namespace, "address", "add", `${address4}/24`, "dev", "lan");
      network.ip(namespace, "link", "set", "lan", "up", "mtu", `${INNER_MTU}`);
      this.#ethtool(namespace, "lan", ["tx", "off", "gso", "off", "tso", "off"]);
    }
    // Without one, a router cannot ask for a neighbour.
    network.ip(agent, "-6", "address", "add", "fe80::1/64", "dev", "lan", "nodad");
    for (const router of [ROUTER, ROUTER_IPV4]) {
      network.ip(correspondent, "route", "add", "default", "via", router);
    }
    for (const namespace of [agent, node]) {
      this.#ethtool(namespace, "wan", underlay);
      network.ip(namespace, "link", "set", "wan", "mtu", `${INNER_MTU + LONGEST_OUTER_HEADER}`);
    }
    const traffic = (home: string, ofAgent: string, behind: string) =>
      new TrafficProgram([node, home, agent, ofAgent, "0", correspondent, behind, "1"]);
    this.#traffic = {
      6: traffic(HOME_ADDRESS, HOME_AGENT, BEHIND),
      4: traffic(HOME_IPV4.address, AGENT_IPV4, BEHIND_IPV4),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#traffic[6].close(), this.#traffic[4].close()]);
    await this.stopCapture();
    run("ip", "netns", "del", this.#correspondent);
    this.#network[Symbol.dispose]();
  }

  #ethtool(namespace: string, device: string, settings: readonly string[]): void {
    if (settings.length > 0) run("ip", "netns", "exec", namespace, "ethtool", "-K", device, ...settings);
  }

  /** Home agent and mobile node with these offloads, for the time of a test. */
  async start(offloads: Offloads): Promise<OffloadMatrixPaths> {
    const network = this.#network;
    const open = async (side: "agent" | "node") => {
      const isAgent = side === "agent";
      const namespace = network[side];
      const name = isAgent ? AGENT_TUN : NODE_TUN;
      const addresses = isAgent
        ? [`${HOME_AGENT}/64`, `${AGENT_IPV4}/16`]
        : [`${HOME_ADDRESS}/128`, `${HOME_IPV4.address}/32`];
      const tun = network.tun(namespace, name, addresses, isAgent ? [] : ["::/0", "0.0.0.0/0"], offloads.tun);
      // Room for a burst of a whole test: what the kernel drops there, nobody would count.
      network.ip(namespace, "link", "set", name, "mtu", `${INNER_MTU}`, "txqueuelen", "10000");
      const udp = network.udp(namespace, isAgent ? 4191 : 0, { receiveMerged: offloads.udpReceive });
      const [raw, raw4] = [41, 4].map((protocol) => network.raw(namespace, protocol));
      const ipv6 = network.ipv6Sockets(namespace);
      const { sendFileDescriptor, rawIpv6FileDescriptor, rawIpv4FileDescriptor } = ipv6;
      const dataPath = await DataPath.start({
        ...isAgent ? { role: "homeAgent", homeAgentAddress: HOME_AGENT } : {
          role: "mobileNode",
          homeAddress: HOME_ADDRESS,
          homeAgentAddress: AGENT_V6,
          homeAgentIpv4Address: AGENT_V4,
        },
        tunFileDescriptor: tun.fileDescriptor,
        tunOffloads: tun.offloads,
        onSignalling: () => {},
        onFailure: (error) => {
          throw error;
        },
      });
      await dataPath.setSockets({
        ipv4: {
          udpFileDescriptor: udp.fileDescriptor,
          rawIpv6FileDescriptor: raw,
          rawIpv4FileDescriptor: raw4,
          outerSource: network.outerAddress(namespace),
          canSegment: offloads.udpSegment && udp.canSegment,
        },
        ipv6,
      });
      if (!isAgent) await dataPath.setIpv4HomeAddress(HOME_IPV4);
      const close = async () => {
        await dataPath.close();
        const ofIpv6 = [sendFileDescriptor, rawIpv6FileDescriptor, rawIpv4FileDescriptor];
        const all = [tun.fileDescriptor, udp.fileDescriptor, raw, raw4, ...ofIpv6];
        for (const descriptor of all) network.close(descriptor);
      };
      return { dataPath, port: udp.port, close };
    };
    const [agent, node] = await Promise.all([open("agent"), open("node")]);
    return new OffloadMatrixPaths(agent, node);
  }

  /** Traffic of this version inside. */
  async udp(version: Version): Promise<UdpReport> {
    return await this.#traffic[version].ask("udp");
  }

  /** Why the octets that came are not those that were sent; empty where they are. */
  async tcp(version: Version): Promise<string> {
    return (await this.#traffic[version].ask("tcp")).fault;
  }

  /** Resolves when packets of the correspondent's link are being written to the file. */
  async startCapture(file: string): Promise<void> {
    const tcpdump = ["tcpdump", "-Z", "root", "-i", "lan", "-B", "65536", "-w", file];
    const args = ["netns", "exec", this.#correspondent, ...tcpdump];
    const child = new Deno.Command("ip", { args, stderr: "piped" }).spawn();
    const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    for (let said = ""; !said.includes("listening on");) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`tcpdump: ${said}`);
      said += value;
    }
    this.#capture = { child, file, end: reader.read().then(() => reader.cancel()) };
  }

  /** The checksums of TCP and UDP that are in the capture: how many are good, and how many are not. */
  async stopCapture(): Promise<{ readonly good: number; readonly bad: number } | undefined> {
    if (this.#capture === undefined) return undefined;
    const { child, file, end } = this.#capture;
    this.#capture = undefined;
    child.kill("SIGINT");
    await Promise.all([child.status, end]);
    const check = ["tcp", "udp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
    const names = ["tcp.checksum.status", "udp.checksum.status", "tcp.checksum", "tcp.checksum_calculated"];
    const fields = ["-T", "fields", ...names.flatMap((name) => ["-e", name])];
    const args = ["-n", "-r", file, ...check, "-Y", "(tcp || udp) && !icmpv6", ...fields];
    const { stdout } = await new Deno.Command("tshark", { args, stderr: "null" }).output();
    const states = new TextDecoder().decode(stdout).split("\n").map((line) => {
      const [tcp, udp, checksum, calculated] = line.split("\t");
      // The kernel writes 0 as 0xffff, the other zero of one's complement; tshark wants TCP to have the first (RFC 1624).
      return checksum === "0xffff" && calculated === "0x0000" ? "1" : `${tcp}${udp}`;
    });
    // 0 is bad, 1 good; others could not be judged, as with a packet that the end of the capture cut.
    const having = (wanted: string) => states.filter((state) => state.split(",").includes(wanted)).length;
    return { good: having("1"), bad: having("0") };
  }
}

let count = 0;

/** The Python program, which does what it is asked, one thing after the other. */
class TrafficProgram {
  readonly #child: Deno.ChildProcess;
  readonly #answers: ReadableStreamDefaultReader<string>;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #answer = "";

  constructor(words: readonly string[]) {
    const args = [TRAFFIC, ...words];
    this.#child = new Deno.Command("python3", { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#commands = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  // deno-lint-ignore no-explicit-any -- the shape is that of the program's answers
  async ask(command: string): Promise<any> {
    await this.#commands.write(new TextEncoder().encode(`${command}\n`));
    while (!this.#answer.includes("\n")) {
      const { done, value } = await this.#answers.read();
      if (done) throw new Error("the traffic program has ended");
      this.#answer += value;
    }
    const [line, ...rest] = this.#answer.split("\n");
    this.#answer = rest.join("\n");
    return JSON.parse(line);
  }

  async close(): Promise<void> {
    await this.#commands.close();
    await this.#answers.cancel();
    await this.#child.status;
  }
}

interface Side {
  readonly dataPath: DataPath;
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** The two ends of a tunnel. */
export class OffloadMatrixPaths implements AsyncDisposable {
  readonly #agent: Side;
  readonly #node: Side;

  constructor(agent: Side, node: Side) {
    this.#agent = agent;
    this.#node = node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#agent.close(), this.#node.close()]);
  }

  connect(encapsulation: Encapsulation): void {
    const port = (side: Side) => encapsulation === "udp" ? side.port : 0;
    const [agent, node] = encapsulation === "ipv6InIpv6" ? [AGENT_V6, NODE_V6] : [AGENT_V4, NODE_V4];
    const toAgent = { encapsulation, address: agent, port: port(this.#agent) };
    const toNode = { encapsulation, address: node, port: port(this.#node) };
    this.#node.dataPath.setTunnel(toAgent, INNER_MTU);
    for (const address of [HOME_ADDRESS, HOME_IPV4.address]) {
      this.#agent.dataPath.bindings.set(address, toNode, INNER_MTU);
    }
  }

  counters(): { readonly agent: DataPathCounters; readonly node: DataPathCounters } {
    return { agent: this.#agent.dataPath.counters(), node: this.#node.dataPath.counters() };
  }
}
