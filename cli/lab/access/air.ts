import type { Lab } from "../lab.ts";
import { type AccessNetwork, routerPort } from "./access_network.ts";

/** A change of a port in "air": attached to a network's bridge and up, or not. */
export interface PortChange {
  readonly timeMs: number;
  /** That of an egress interface, or a router's. */
  readonly port: string;
  /** The bridge that the port belongs to; undefined while it is down or in none. */
  readonly network: string | undefined;
}

/** How long a cable is out of its socket when it is moved. */
export const UNPLUGGED_MS = 100;

/**
 * Where the mobile routers' cables end: each egress interface has a port in the namespace "air". The kernel's own
 * messages about the ports, read from `ip monitor`, say when a move has happened.
 */
export class Air {
  readonly #log: () => string;

  private constructor(readonly lab: Lab, log: () => string) {
    this.#log = log;
  }

  static async open(lab: Lab): Promise<Air> {
    const monitor = lab.start("air", "air-ports", ["ip", "-ts", "monitor", "link"]);
    const air = new Air(lab, () => monitor.log());
    // The monitor does not say when it begins to listen: it has begun once it shows a change.
    await lab.until("message of ip monitor", 5000, async () => {
      await lab.network.batch("air", ["link set lo down", "link set lo up"]);
      return monitor.log() !== "";
    });
    return air;
  }

  /** Takes the cable out where it is in a network. */
  async detach(port: string): Promise<void> {
    if (this.networkOf(port) !== undefined) await this.cut(port);
  }

  /** Takes the cable out, which must be in or new: both ends lose their carrier. */
  cut(port: string): Promise<PortChange> {
    return this.#change(port, undefined, [`link set ${port} down`, `link set ${port} nomaster`]);
  }

  /** Puts the cable into a network. Where it was in another one before, the mobile router sees no link event. */
  attach(port: string, { name }: AccessNetwork): Promise<PortChange> {
    return this.#change(port, name, [`link set ${port} master ${name}`, `link set ${port} up`]);
  }

  /** Takes the router out of its network: the links of all others stay up. */
  cutRouter({ name }: AccessNetwork): Promise<PortChange> {
    const port = routerPort(name);
    return this.#change(port, undefined, [`link set ${port} nomaster`]);
  }

  /** Puts the router back where it was. */
  attachRouter({ name }: AccessNetwork): Promise<void> {
    return this.lab.network.batch("air", [`link set ${routerPort(name)} master ${name}`]);
  }

  /** The network that the cable was put into last; undefined when it is out. */
  networkOf(port: string): string | undefined {
    return this.changes().findLast((change) => change.port === port)?.network;
  }

  async #change(port: string, network: string | undefined, lines: readonly string[]): Promise<PortChange> {
    const before = this.changes().length;
    await this.lab.network.batch("air", lines);
    return await this.lab.until(
      `change of ${port}`,
      2000,
      () => this.changes().slice(before).find((change) => change.port === port && change.network === network),
    );
  }

  /** Every change of a port so far, in order. */
  changes(): PortChange[] {
    return parsePortChanges(this.#log());
  }
}

const CHANGE = /^\[([0-9T:.-]+)\] \d+: (\w+)@\S+ .* state (\S+)/;
const MASTER = / master (\S+)/;

/** Reads what `ip -ts monitor link` says of ports. Its times are local ones. */
export function parsePortChanges(text: string): PortChange[] {
  return text.split("\n").flatMap((line) => {
    const [, time, port, state] = CHANGE.exec(line) ?? [];
    if (time === undefined) return [];
    const [second, fraction = "0"] = time.split(".");
    const timeMs = Date.parse(second) + Number(`0.${fraction}`) * 1000;
    return [{ timeMs, port, network: state === "UP" ? MASTER.exec(line)?.[1] : undefined }];
  });
}
