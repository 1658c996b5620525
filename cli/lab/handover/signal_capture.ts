import type { Lab } from "../lab.ts";
import { type Child, pause } from "../process.ts";
import { readSignals, type Signal } from "./signal.ts";
import { EGRESSES } from "./topology.ts";

/** Enough for a DHCP message up to its type, and for a Binding Update in any tunnel. */
const SNAP_OCTETS = 512;
/** dumpcap takes packets from the kernel in blocks: so long it may keep one. */
const BLOCK_MS = 1500;

/** What passes the mobile router's egress interfaces, in one capture file with the kernel's times. */
export class SignalCapture {
  private constructor(readonly child: Child, readonly path: string) {}

  static async start(lab: Lab, name: string): Promise<SignalCapture> {
    const path = lab.path(`mr-${name}.pcapng`);
    const interfaces = EGRESSES.flatMap((egress) => ["-i", egress]);
    const command = ["dumpcap", "-q", "-s", String(SNAP_OCTETS), ...interfaces, "-w", path];
    const child = lab.start("mr", `capture-${name}`, command);
    await child.said("File:", 10_000, lab.signal);
    return new SignalCapture(child, path);
  }

  /** Ends the capture and reads the signalling in it. */
  async end(): Promise<Signal[]> {
    await pause(BLOCK_MS);
    await this.child.end("SIGTERM");
    return readSignals(await Deno.readFile(this.path)).sort((one, other) => one.timeMs - other.timeMs);
  }
}
