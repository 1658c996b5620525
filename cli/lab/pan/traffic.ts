import { type Family, INNER_FAMILIES } from "../families.ts";
import { dsmipCommand, type Lab } from "../lab.ts";
import { Mesh } from "../mesh/mesh.ts";
import { bothWays } from "../mesh/plan.ts";
import type { FlowRecord, MeshRecord } from "../mesh/record.ts";
import type { Child } from "../process.ts";
import { type DownloadRecord, readDownload, readPings, readSession, type SessionRecord } from "./record.ts";
import { PAN_NODES } from "./topology.ts";

export const UDP_INTERVAL_MS = 10;
export const PING_INTERVAL_MS = 50;
export const OCTETS_PER_SECOND = 250_000;
const UDP_PORT = 9001;
const START_LIMIT_MS = 15_000;
/** A download that an outage has held up catches up; this is for the last octets. */
const END_LIMIT_MS = 30_000;

/** What became of the traffic of one family. */
export interface FamilyRecord {
  readonly family: Family;
  readonly session: SessionRecord;
  readonly download: DownloadRecord;
  readonly up: FlowRecord;
  readonly down: FlowRecord;
  readonly pings: ReturnType<typeof readPings>;
}

interface Programs {
  readonly family: Family;
  readonly node: Child;
  readonly ping: Child;
}

/** The traffic of the personal area network, from before the first move until after the last. */
export class PanTraffic {
  #meshRecord: MeshRecord | undefined;

  private constructor(readonly lab: Lab, readonly programs: readonly Programs[], readonly mesh: Mesh) {}

  /** Resolves when everything flows. `seconds`: how long the downloads take at least; `addresses`: of the nodes. */
  static async start(
    lab: Lab,
    { seconds, addresses }: {
      readonly seconds: number;
      readonly addresses: Readonly<Record<Family, string>>;
    },
  ): Promise<PanTraffic> {
    const correspondent = lab.start("cn", "pan-cn", dsmipCommand("lab", "pan-correspondent"));
    await correspondent.said("ready", START_LIMIT_MS, lab.signal);
    const download = ["--octets", OCTETS_PER_SECOND * seconds, "--rate", OCTETS_PER_SECOND].map(String);
    const programs = INNER_FAMILIES.map((family): Programs => {
      const { node, correspondent } = PAN_NODES[family];
      const command = dsmipCommand("lab", "pan-node", "--to", correspondent, ...download);
      const interval = String(PING_INTERVAL_MS / 1000);
      return {
        family,
        node: lab.start(node, `pan-${node}`, command),
        ping: lab.start(node, `ping-${node}`, ["ping", "-n", "-D", "-i", interval, correspondent]),
      };
    });
    const mesh = await Mesh.start(lab, {
      intervalMs: UDP_INTERVAL_MS,
      flows: INNER_FAMILIES.flatMap((family) => {
        const { node, correspondent } = PAN_NODES[family];
        return bothWays(
          { namespace: lab.network.namespace(node), address: addresses[family], port: UDP_PORT },
          { namespace: lab.network.namespace("cn"), address: correspondent, port: UDP_PORT + family },
        );
      }),
    });
    const traffic = new PanTraffic(lab, programs, mesh);
    await lab.until(
      "session, download and pings of every node",
      START_LIMIT_MS,
      () =>
        traffic.records().every(({ session, download, pings }) =>
          [session.echoes, download.parts, pings].every((arrivals) => arrivals.length > 0)
        ),
    );
    return traffic;
  }

  /** What has become of it so far, family by family. */
  records(): FamilyRecord[] {
    const mesh = this.#meshRecord ?? this.mesh.record();
    return this.programs.map(({ family, node, ping }, index) => {
      const text = node.log();
      return {
        family,
        session: readSession(text),
        download: readDownload(text),
        up: mesh.flows[2 * index],
        down: mesh.flows[2 * index + 1],
        pings: readPings(ping.log()),
      };
    });
  }

  /** UDP packets that are none of ours, or were changed on their way. */
  get damaged(): number {
    return (this.#meshRecord ?? this.mesh.record()).damaged;
  }

  /** Ends flows and sessions, and waits for the end of the downloads. What does not come to its end is in the records. */
  async end(): Promise<void> {
    this.#meshRecord = await this.mesh.end();
    for (const { node, ping } of this.programs) {
      node.tell("SIGUSR2");
      await ping.end("SIGINT");
    }
    const deadline = performance.now() + END_LIMIT_MS;
    while (this.programs.some(({ node }) => node.running) && performance.now() < deadline) {
      this.lab.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
