import type { Lab } from "./lab.ts";
import { type Child, mustRun } from "./process.ts";

/** Bulk TCP would fill the disk: of TCP, outside or inside a tunnel, only SYN, FIN and RST are captured. */
const WITHOUT_BULK = [
  "not (tcp and tcp[13] & 7 == 0)",
  "not (ip proto 41 and ip[26] == 6 and ip[73] & 7 == 0)",
  "not (udp port 4191 and udp[14] == 6 and udp[61] & 7 == 0)",
].join(" and ");

/** What passes one interface of a node, written to a pcap file by dumpcap, the capture program of tshark. */
export class Capture {
  private constructor(readonly path: string, readonly child: Child) {}

  static async start(lab: Lab, node: string, interfaceName: string): Promise<Capture> {
    const path = lab.path(`${node}.pcap`);
    const command = ["dumpcap", "-P", "-q", "-i", interfaceName, "-f", WITHOUT_BULK, "-w", path];
    const child = lab.start(node, `capture-${node}`, command);
    await child.said("File:", 10_000, lab.signal);
    return new Capture(path, child);
  }

  /** Ends the capture: all that passed before is in the file afterwards. */
  async stop(): Promise<void> {
    await this.child.end("SIGTERM");
  }
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
  readonly mobilityMessage: number | undefined;
  readonly mobilityOptions: readonly number[];
  readonly lifetime: number | undefined;
  readonly status: number | undefined;
  readonly sequenceNumber: number | undefined;
  readonly ipv4CareOfAddress: string | undefined;
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
  "ipv6.src",
  "ipv6.dst",
  "mip6.mhtype",
  "mip6.mobility_opt",
  "mip6.bu.lifetime",
  "mip6.ba.lifetime",
  "mip6.ba.status",
  "mip6.bu.seqnr",
  "mip6.ba.seqnr",
  "mip6.ipv4coa.addr",
  "mip6.natd.refresh_t",
  "icmp.type",
  "icmpv6.type",
  "_ws.malformed",
] as const;

/** Reads a capture with tshark, which knows nothing of UDP 4191 by itself. */
export async function readCapture(path: string, signal: AbortSignal): Promise<SeenPacket[]> {
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
  // An ICMP error quotes a packet: what it quotes is not what was sent.
  const quotes = number("icmp.type") !== undefined;
  return {
    number: Number(all("frame.number")[0]),
    time: Number(all("frame.time_epoch")[0]),
    ipv4Source: all("ip.src")[0],
    ipv4Destination: all("ip.dst")[0],
    ipv6Source: all("ipv6.src")[0],
    ipv6Destination: all("ipv6.dst")[0],
    sourcePort: ports[0],
    destinationPort: ports[1],
    tunnel: !inner ? undefined : protocol === 41 ? "ipv6InIpv4" : protocol === 17 ? "udp" : undefined,
    mobilityMessage: quotes ? undefined : number("mip6.mhtype"),
    mobilityOptions: all("mip6.mobility_opt").map(Number),
    lifetime: number("mip6.bu.lifetime") ?? number("mip6.ba.lifetime"),
    status: number("mip6.ba.status"),
    sequenceNumber: number("mip6.bu.seqnr") ?? number("mip6.ba.seqnr"),
    ipv4CareOfAddress: all("mip6.ipv4coa.addr")[0],
    natRefreshSeconds: number("mip6.natd.refresh_t"),
    icmpv4Type: number("icmp.type"),
    icmpv6Type: number("icmpv6.type"),
    malformed: all("_ws.malformed").length > 0,
  };
}
