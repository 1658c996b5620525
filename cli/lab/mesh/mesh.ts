import { dsmipCommand, type Lab } from "../lab.ts";
import type { Child } from "../process.ts";
import type { MeshPlan } from "./plan.ts";
import { type MeshRecord, readMeshRecord } from "./record.ts";

const START_LIMIT_MS = 15_000;
/** Packets that are on their way when the sending ends have arrived after this time. */
const DRAIN_MS = 1000;

/** The running flows of a plan. */
export class Mesh {
  private constructor(readonly lab: Lab, readonly plan: MeshPlan, readonly child: Child) {}

  /** Resolves when something has arrived of every flow. */
  static async start(lab: Lab, plan: MeshPlan): Promise<Mesh> {
    const file = await lab.writeFile("mesh.json", JSON.stringify(plan));
    // It opens its sockets in the namespaces of the plan, wherever it is itself.
    const mesh = new Mesh(lab, plan, lab.start("core", "flow-mesh", dsmipCommand("lab", "mesh", file)));
    await lab.until("arrival of every flow", START_LIMIT_MS, () => mesh.silent().length === 0).catch(
      (error) => {
        lab.signal.throwIfAborted();
        throw new Error(
          `${error.message}; nothing arrives of ${mesh.silent().join(", ")}: ${mesh.child.log().slice(-500)}`,
        );
      },
    );
    return mesh;
  }

  /** What has become of the flows so far. */
  record(): MeshRecord {
    return readMeshRecord(this.child.log(), this.plan.flows.length);
  }

  /** Ends the sending, lets arrive what is on its way, and ends the program. Every flow of the record has its count. */
  async end(): Promise<MeshRecord> {
    this.child.tell("SIGUSR2");
    await this.child.said("sent ", 5000, this.lab.signal);
    await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
    await this.child.end("SIGTERM");
    return this.record();
  }

  /** Flows of which nothing has arrived, as "from to". */
  silent(): string[] {
    const { flows } = this.record();
    return this.plan.flows.filter((_, index) => flows[index].arrivals.length === 0)
      .map(({ from, to }) => `${from.address} to ${to.address}`);
  }
}
