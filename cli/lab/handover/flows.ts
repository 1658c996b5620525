import { dsmipCommand, type Lab } from "../lab.ts";
import type { Child } from "../process.ts";
import type { Arrival } from "./measure.ts";
import { CORRESPONDENT } from "../access/internet.ts";
import { MOBILE_NETWORK_NODE } from "./topology.ts";

const PACKET_OCTETS = 250;
const INTERVAL_MS = 5;
/** More than any scenario needs: flows end with it. */
const MAXIMUM_PACKETS = 1_000_000;
const START_LIMIT_MS = 15_000;

const WAYS = {
  up: { from: "mnn", to: "cn", address: CORRESPONDENT, port: 9001 },
  down: { from: "cn", to: "mnn", address: MOBILE_NETWORK_NODE, port: 9002 },
} as const;

/** The paper's traffic between mobile network node and correspondent, both ways, and what arrives of it. */
export class Flows {
  private constructor(readonly senders: readonly Child[], readonly recorders: Record<"up" | "down", Child>) {}

  /** Resolves when packets flow; whether they arrive is another matter. `name` tells the logs apart. */
  static async start(lab: Lab, name: string): Promise<Flows> {
    const octets = ["--octets", String(PACKET_OCTETS)];
    const start = (way: keyof typeof WAYS) => {
      const { from, to, address, port } = WAYS[way];
      const common = ["--port", String(port), ...octets];
      const recorder = lab.start(to, `flow-${way}-${name}`, dsmipCommand("lab", "flow-record", ...common));
      const sending = [
        "--to",
        address,
        "--count",
        String(MAXIMUM_PACKETS),
        "--interval-ms",
        String(INTERVAL_MS),
      ];
      const sender = lab.start(
        from,
        `flow-${way}-sender-${name}`,
        dsmipCommand("lab", "flow-send", ...common, ...sending),
      );
      return { recorder, sender };
    };
    const [up, down] = [start("up"), start("down")];
    const flows = new Flows([up.sender, down.sender], { up: up.recorder, down: down.recorder });
    await lab.until(
      "flow both ways",
      START_LIMIT_MS,
      () => flows.arrived("up").length > 0 && flows.arrived("down").length > 0,
    );
    return flows;
  }

  /** What has arrived so far. */
  arrived(way: "up" | "down"): Arrival[] {
    return parseArrivals(this.recorders[way].log());
  }

  async end(): Promise<void> {
    const { up, down } = this.recorders;
    for (const child of [...this.senders, up, down]) await child.end("SIGTERM");
  }
}

/** Reads a recorder's lines, "sequence sent arrived"; a line that is not whole yet is left out. */
export function parseArrivals(text: string): Arrival[] {
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").flatMap((line) => {
    const [sequence, sentMs, arrivedMs] = line.split(" ").map(Number);
    return Number.isFinite(arrivedMs) ? [{ sequence, sentMs, arrivedMs }] : [];
  });
}
