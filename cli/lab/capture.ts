import { IPV6_HEADER_OCTETS } from "../../core/wire/ipv6.ts";
import type { Lab } from "./lab.ts";
import { type Child, mustRun } from "./process.ts";

/**
 * Bulk TCP would fill the disk: of TCP, outside or inside a tunnel, only SYN, FIN and RST are captured.
 * Lengths come first, because a look beyond a packet's end would leave that packet out.
 */
const WITHOUT_BULK = [
  "not (ip proto 6 and tcp[13] & 7 == 0)",
  "not (ip6 proto 6 and ip6[53] & 7 == 0)",
  "not (ip proto 41 and ip[2:2] >= 80 and ip[26] == 6 and ip[73] & 7 == 0)",
  "not (udp port 4191 and udp[4:2] >= 68 and udp[14] == 6 and udp[61] & 7 == 0)",
].join(" and ");

const MARK_LIMIT_MS = 3000;
const UDP_OCTETS = 8;

/** What passes one interface of a node, written to a pcap file by dumpcap, the capture program of tshark. */
export class Capture {
  private constructor(
    readonly lab: Lab,
    readonly node: string,
    readonly neighbour: string,
    readonly path: string,
    readonly child: Child,
  ) {}

  /** `neighbour` is an IPv4 address behind the interface that answers pings. */
  static async start(lab: Lab, node: string, interfaceName: string, neighbour: string): Promise<Capture> {
    const path = lab.path(`${node}.pcap`);
    const command = ["dumpcap", "-P", "-q", "-i", interfaceName, "-f", WITHOUT_BULK, "-w", path];
    const child = lab.start(node, `capture-${node}`, command);
    await child.said("File:", 10_000, lab.signal);
    return new Capture(lab, node, neighbour, path, child);
  }

  /** Ends the capture: all that passed before is in the file afterwards. */
  async stop(): Promise<void> {
    if (!this.child.running) return;
    await this.#waitForMark();
    await this.child.end("SIGTERM");
  }

  /** dumpcap forgets what it has not read yet when it ends: a marked ping in the file says that it has read all. */
  async #waitForMark(): Promise<void> {
    const mark = crypto.getRandomValues(new Uint8Array(16));
    await this.lab.exec(this.node, ["ping", "-c", "1", "-W", "2", "-p", mark.toHex(), this.neighbour]);
    await this.lab.until(`mark in ${this.path}`, MARK_LIMIT_MS, () => endsWithin(this.path, mark));
  }
}

/** Whether the last 64 KiB of a file hold these octets. */
function endsWithin(path: string, octets: Uint8Array): boolean {
  using file = Deno.openSync(path);
  const { size } = file.statSync();
  file.seekSync(Math.max(0, size - 65536), Deno.SeekMode.Start);
  const tail = new Uint8Array(65536);
  let length = 0;
  for (
    let read = file.readSync(tail);
    read !== null && read > 0;
    read = file.readSync(tail.subarray(length))
  ) {
    length += read;
  }
  const text = new TextDecoder("latin1");
  return text.decode(tail.subarray(0, length)).includes(text.decode(octets));
}

/** One packet as tshark reads it: for each field the values from the outermost header to the innermost. */
export interface SeenPacket {
  readonly number: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly ipv4Source: string | undefined;
  readonly ipv4Destination: string | undefined;
  readonly ipv6Source: string | undefined;
  readonly ipv6Destination: string | undefined;
  /** UDP ports of the outermost UDP header. */
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
  /** "ipv6InIpv4" (protocol 41), "udp" (port 4191) or none. */
  readonly tunnel: "ipv6InIpv4" | "udp" | undefined;
  /** How many packets it is on the wire: what the kernel cuts on its way out (UDP_SEGMENT) is captured before that. */
  readonly packets: number;
  readonly mobilityMessage: number | undefined;
  readonly lifetime: number | undefined;
  readonly status: number | undefined;
  readonly sequenceNumber: number | undefined;
  readonly ipv4CareOfAddress: string | undefined;
  /** Of the NAT detection option; undefined where there is none. */
  readonly natRefreshSeconds: number | undefined;
  readonly icmpv4Type: number | undefined;
  readonly icmpv6Type: number | undefined;
  readonly malformed: boolean;
}

const FIELDS = [
  "frame.number",
  "frame.time_epoch",
  "ip.src",
  "ip.dst",
  "ip.proto",
  "udp.srcport",
  "udp.dstport",
  "udp.length",
  "ipv6.plen",
  "ipv6.src",
  "ipv6.dst",
  "mip6.mhtype",
  "mip6.bu.lifetime",
  "mip6.ba.lifetime",
  "mip6.ba.status",
  "mip6.bu.seqnr",
  "mip6.ba.seqnr",
  "mip6.ipv4coa.addr",
  "mip6.natd.refresh_t",
  "icmp.type",
  "icmpv6.type",
  "frame.protocols",
  "_ws.malformed",
  "_ws.expert.group",
] as const;

/**
 * What the lab sends, in tshark's names. It takes a payload for another protocol where a port that was drawn at random belongs
 * to that one: what it then says of the form means nothing.
 */
const OWN_PROTOCOLS = new Set(
  "eth sll raw ethertype arp ip ipv6 ipv6.hopopts ipv6.dstopts ipv6.routing ipv6.fraghdr icmp icmpv6 igmp udp tcp dhcp mipv6 esp data"
    .split(" "),
);

/** Groups of tshark's remarks that speak of a packet's form: "malformed" and "protocol" (`tshark -G values`). */
const FAULTS_OF_FORM: ReadonlySet<string> = new Set(["117440512", "150994944"]);

/** Reads a capture with tshark, which knows nothing of UDP 4191 by itself. */
export async function readCapture(path: string, signal?: AbortSignal): Promise<SeenPacket[]> {
  const command = ["tshark", "-n", "-r", path, "-d", "udp.port==4191,ipv6", "-T", "fields"];
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const separators = ["-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=;"];
  const text = await mustRun([...command, ...separators, ...fields], { signal, limitMs: 60_000 });
  return text.split("\n").filter((line) => line !== "").map(parsePacket);
}

/** One line of tshark's output, in the order of FIELDS. */
function parsePacket(line: string): SeenPacket {
  const cells = line.split("\t");
  const all = (field: typeof FIELDS[number]): string[] => {
    const cell = cells[FIELDS.indexOf(field)] ?? "";
    return cell === "" ? [] : cell.split(";");
  };
  const number = (field: typeof FIELDS[number]): number | undefined => {
    const [first] = all(field);
    return first === undefined ? undefined : Number(first);
  };
  const ports = [number("udp.srcport"), number("udp.dstport")];
  const protocol = number("ip.proto");
  const inner = all("ipv6.src").length > 0;
  const tunnel = !inner ? undefined : protocol === 41 ? "ipv6InIpv4" : protocol === 17 ? "udp" : undefined;
  const inUdp = (number("udp.length") ?? 0) - UDP_OCTETS;
  const ofOne = IPV6_HEADER_OCTETS + (number("ipv6.plen") ?? 0);
  // An ICMP error quotes a packet: what it quotes is not what was sent.
  const quotes = number("icmp.type") !== undefined;
  const isOwn = all("frame.protocols").flatMap((names) => names.split(":")).every((name) =>
    OWN_PROTOCOLS.has(name) || name.startsWith("_ws.")
  );
  return {
    number: Number(all("frame.number")[0]),
    time: Number(all("frame.time_epoch")[0]),
    ipv4Source: all("ip.src")[0],
    ipv4Destination: all("ip.dst")[0],
    ipv6Source: all("ipv6.src")[0],
    ipv6Destination: all("ipv6.dst")[0],
    sourcePort: ports[0],
    destinationPort: ports[1],
    tunnel,
    packets: tunnel === "udp" ? Math.ceil(inUdp / ofOne) : 1,
    mobilityMessage: quotes ? undefined : number("mip6.mhtype"),
    lifetime: number("mip6.bu.lifetime") ?? number("mip6.ba.lifetime"),
    status: number("mip6.ba.status"),
    sequenceNumber: number("mip6.bu.seqnr") ?? number("mip6.ba.seqnr"),
    ipv4CareOfAddress: all("mip6.ipv4coa.addr")[0],
    natRefreshSeconds: number("mip6.natd.refresh_t"),
    icmpv4Type: number("icmp.type"),
    icmpv6Type: number("icmpv6.type"),
    malformed: isOwn && (all("_ws.malformed").length > 0 ||
      all("_ws.expert.group").some((group) => FAULTS_OF_FORM.has(group))),
  };
}
