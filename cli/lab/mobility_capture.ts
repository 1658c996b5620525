import type { Lab } from "./lab.ts";
import { type Child, mustRun, pause } from "./process.ts";

/** A Binding Update or Acknowledgement, natively over IPv6 behind its extension headers, or in UDP. */
const FILTER =
  "(ip6 and (ip6[6] == 135 or ip6[6] == 60 or ip6[6] == 43)) or (udp port 4191 and udp[14] == 135)";
/** tcpdump writes each packet at once. */
const SETTLED_MS = 300;

/** What tshark says of the Binding Updates and Acknowledgements in a capture. */
export interface Judgement {
  readonly messages: number;
  /** The numbers of those that tshark finds something wrong with. */
  readonly faulty: readonly string[];
  /** The options that were seen among those asked for, by tshark's names of their fields. */
  readonly options: readonly string[];
}

/** What mobile nodes and home agent say to each other, captured at one node, for tshark to judge. */
export class MobilityCapture {
  private constructor(readonly lab: Lab, readonly file: string, readonly child: Child) {}

  static async start(lab: Lab, node: string): Promise<MobilityCapture> {
    const file = lab.path("mobility.pcap");
    // As root it would change the user, who could not write there.
    const command = ["tcpdump", "--immediate-mode", "-U", "-Z", "root", "-i", "any", "-w", file, FILTER];
    const child = lab.start(node, "mobility-capture", command);
    await child.said("listening on", 10_000, lab.signal);
    return new MobilityCapture(lab, file, child);
  }

  /** Ends the capture. @param options names of fields that tell of options, such as "mip6.ipv4ha.ha" */
  async end(options: readonly string[] = []): Promise<Judgement> {
    await pause(SETTLED_MS);
    await this.child.end("SIGTERM", 5000);
    const fields = ["frame.number", "_ws.malformed", "mip6.opt.len.invalid", ...options];
    const output = await mustRun([
      ...["tshark", "-n", "-r", this.file, "-d", "udp.port==4191,ipv6", "-Y", "mip6.mhtype in {5, 6}"],
      ...["-T", "fields", ...fields.flatMap((field) => ["-e", field])],
    ], { signal: this.lab.signal });
    const rows = output.split("\n").filter((line) => line !== "").map((line) => line.split("\t"));
    return {
      messages: rows.length,
      faulty: rows.filter(([, malformed, length]) => malformed !== "" || length !== "").map(([number]) =>
        number
      ),
      options: options.filter((_, index) => rows.some((row) => row[index + 3] !== "")),
    };
  }
}
