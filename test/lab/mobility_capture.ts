import { assert, assertEquals } from "@std/assert";
import type { Lab } from "../../cli/lab/lab.ts";
import type { Child } from "../../cli/lab/process.ts";
import { hasTshark, tsharkFields } from "../inspect/tshark.ts";
import { hasProgram } from "./support.ts";

const CAN_CAPTURE = hasTshark && hasProgram("tcpdump");
const SETTLED_MS = 300;

/** What the daemons say to each other at one node, for tshark to judge. */
export class MobilityCapture {
  private constructor(readonly file: string, readonly child: Child | undefined) {}

  /** Captures nothing where tshark or tcpdump is not there. */
  static async start(lab: Lab, node: string): Promise<MobilityCapture> {
    const file = lab.path("mobility.pcap");
    if (!CAN_CAPTURE) return new MobilityCapture(file, undefined);
    const child = lab.start(node, "mobility-capture", [
      ...["tcpdump", "--immediate-mode", "-U", "-i", "any", "-Q", "inout", "-w", file, "-Z", "root"],
    ]);
    await child.said("listening on", 10_000, lab.signal);
    return new MobilityCapture(file, child);
  }

  /**
   * tshark finds nothing wrong with any Binding Update or Acknowledgement.
   * @param options tshark's fields of the options that have to be seen
   */
  async judge(options: readonly string[]): Promise<void> {
    if (this.child === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    await this.child.end("SIGTERM", 5000);
    const fields = ["frame.number", "_ws.malformed", "mip6.opt.len.invalid", ...options];
    const rows = await tsharkFields(this.file, fields, ["-Y", "mip6.mhtype in {5, 6}"]);
    assert(rows.length >= 4, `${rows.length} Binding Updates and Acknowledgements`);
    const faulty = rows.filter(([, malformed, length]) => malformed.length > 0 || length.length > 0);
    assertEquals(faulty.map(([number]) => number.join()), []);
    for (const [index, option] of options.entries()) {
      assert(rows.some((row) => row[index + 3].length > 0), `no update or answer has ${option}`);
    }
  }
}
