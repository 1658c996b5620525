import { dsmipCommand, type Lab } from "../lab.ts";
import { type Child, mustRun, pause } from "../process.ts";

/** tcpdump writes each packet at once. */
const SETTLED_MS = 300;

/** What a reader of the capture sees of one packet. */
export interface SeenPacket {
  /** Seconds since 1970. */
  readonly time: number;
  /** Undefined where it is not ESP. */
  readonly spi: number | undefined;
  /** The mobility header type; undefined where none is seen. */
  readonly mobilityMessage: number | undefined;
  /** Undefined where no ICMPv6 is seen. */
  readonly icmpv6Type: number | undefined;
  /** The outer source, "192.0.2.2:4191" or an IPv6 address. */
  readonly outerSource: string;
  readonly ipv4CareOfAddress: string | undefined;
}

/** An answer to traffic without a binding is not protected (RFC 3776 section 4.1). */
const BINDING_ERROR = 7;
const PREFIX_DISCOVERY: readonly number[] = [146, 147];

/** Can what ESP is for be read: a Binding Update, its answer, or a message of prefix discovery? */
export function isReadable({ mobilityMessage, icmpv6Type }: SeenPacket): boolean {
  return mobilityMessage !== undefined && mobilityMessage !== BINDING_ERROR ||
    PREFIX_DISCOVERY.includes(icmpv6Type ?? 0);
}

export function isEsp({ spi }: SeenPacket): boolean {
  return spi !== undefined;
}

const FIELDS = [
  "frame.time_epoch",
  "esp.spi",
  "mip6.mhtype",
  "icmpv6.type",
  "ip.src",
  "udp.srcport",
  "ipv6.src",
  "mip6.ipv4coa.addr",
] as const;

/** All that passes the home agent's interface to the Internet. */
export class WireCapture {
  private constructor(readonly lab: Lab, readonly file: string, readonly child: Child) {}

  static async start(lab: Lab): Promise<WireCapture> {
    const file = lab.path("wire.pcap");
    // As root it would change the user, who could not write there.
    const command = ["tcpdump", "--immediate-mode", "-U", "-Z", "root", "-i", "eth0", "-w", file];
    const child = lab.start("ha", "wire-capture", command);
    await child.said("listening on", 10_000, lab.signal);
    return new WireCapture(lab, file, child);
  }

  async end(): Promise<void> {
    await pause(SETTLED_MS);
    await this.child.end("SIGTERM", 5000);
  }

  /** What tshark sees, which has no keys. */
  withoutKeys(): Promise<SeenPacket[]> {
    return this.#read(["tshark", "-n", "-d", "udp.port==4191,ipv6", "-r", this.file, ...fields()]);
  }

  /** What `dsmip decode` sees with a file of keys. */
  withKeys(keys: string): Promise<SeenPacket[]> {
    return this.#read(dsmipCommand("decode", "--esp-sa", keys, ...fields(), this.file));
  }

  async #read(command: readonly string[]): Promise<SeenPacket[]> {
    const text = await mustRun(command, { signal: this.lab.signal, limitMs: 60_000 });
    return text.split("\n").filter((line) => line !== "").map(parsePacket);
  }
}

function fields(): string[] {
  const names = FIELDS.flatMap((field) => ["-e", field]);
  return ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=f", ...names];
}

/** One line, in the order of FIELDS. */
function parsePacket(line: string): SeenPacket {
  const [time, spi, mobilityMessage, icmpv6Type, ipv4, port, ipv6, ipv4CareOfAddress] = line.split("\t");
  const number = (cell: string) => cell === "" ? undefined : Number(cell);
  return {
    time: Number(time),
    spi: number(spi),
    mobilityMessage: number(mobilityMessage),
    icmpv6Type: number(icmpv6Type),
    outerSource: ipv4 === "" ? ipv6 : `${ipv4}${port === "" ? "" : `:${port}`}`,
    ipv4CareOfAddress: ipv4CareOfAddress === "" ? undefined : ipv4CareOfAddress,
  };
}
