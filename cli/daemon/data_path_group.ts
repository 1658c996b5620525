import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import type { DropReasonName } from "../../core/forwarding/counters.ts";
import type { Bound } from "../../core/forwarding/bindings.ts";
import type { Ipv6Prefix } from "../../core/wire/address.ts";
import type { Tun } from "../../ffi/tun.ts";
import { DataPath, type DataPathCounters, type DataPathOptions } from "./data_path.ts";
import type { Ipv4Sockets, Ipv6Sockets } from "./data_path_sockets.ts";

/** Each kind of data path without what is different for each queue. */
type Shared<Options> = Options extends unknown ? Omit<Options, "tunFileDescriptor" | "tunOffloads"> : never;

/** Sockets for each member of a group. */
export interface SharedSockets {
  readonly ipv4?: readonly Ipv4Sockets[];
  readonly ipv6?: readonly Ipv6Sockets[];
  readonly retiring?: readonly (Ipv4Sockets | Ipv6Sockets)[];
}

/**
 * One data path for each queue of the TUN device, each with sockets, memory and a Worker of its own: the kernel gives all
 * packets of a flow to one of them, so that they keep their order. What control says goes to all.
 */
export class DataPathGroup {
  readonly #members: readonly DataPath[];

  /** Resolves when packets can flow. @throws Error when a Worker cannot start */
  static async start({ tuns, ...options }: Shared<DataPathOptions> & { readonly tuns: readonly Tun[] }) {
    const starts = await Promise.allSettled(
      tuns.map(({ fileDescriptor, offloads }) =>
        DataPath.start({ ...options, tunFileDescriptor: fileDescriptor, tunOffloads: offloads })
      ),
    );
    const members = starts.flatMap((start) => start.status === "fulfilled" ? [start.value] : []);
    const failed = starts.find((start) => start.status === "rejected");
    if (failed === undefined) return new DataPathGroup(members);
    await Promise.all(members.map((member) => member.close()));
    throw failed.reason;
  }

  private constructor(members: readonly DataPath[]) {
    this.#members = members;
  }

  /** As DataPath.setSockets, with sockets for each member. Resolves when all have let go of those that they had. */
  async setSockets({ ipv4, ipv6, retiring }: SharedSockets): Promise<void> {
    await Promise.all(
      this.#members.map((member, index) =>
        member.setSockets({ ipv4: ipv4?.[index], ipv6: ipv6?.[index], retiring: retiring?.[index] })
      ),
    );
  }

  /** Mobile node: as DataPath.holdTraffic. */
  async holdTraffic(isHeld: boolean): Promise<void> {
    await Promise.all(this.#members.map((member) => member.holdTraffic(isHeld)));
  }

  /** Mobile node: as DataPath.setIpv4HomeAddress. */
  async setIpv4HomeAddress(home: Ipv4HomeAddress | undefined): Promise<void> {
    await Promise.all(this.#members.map((member) => member.setIpv4HomeAddress(home)));
  }

  /** Mobile node: as DataPath.setMobileNetworkPrefixes. */
  async setMobileNetworkPrefixes(prefixes: readonly Ipv6Prefix[]): Promise<void> {
    await Promise.all(this.#members.map((member) => member.setMobileNetworkPrefixes(prefixes)));
  }

  /** As Forwarder.setSpis. @throws Error when the table is full */
  setSpis(spis: ReadonlySet<number>): void {
    for (const { bindings } of this.#members) bindings.setSpis(spis);
  }

  /** Home agent. @throws Error when the table is full */
  setBinding(bound: Bound, tunnel: TunnelEnd, innerMtu: number): void {
    for (const { bindings } of this.#members) bindings.set(bound, tunnel, innerMtu);
  }

  removeBinding(bound: Bound): void {
    for (const { bindings } of this.#members) bindings.remove(bound);
  }

  /** Mobile node. */
  setTunnel(tunnel: TunnelEnd, innerMtu: number): void {
    for (const member of this.#members) member.setTunnel(tunnel, innerMtu);
  }

  clearTunnel(): void {
    for (const member of this.#members) member.clearTunnel();
  }

  counters(): DataPathCounters {
    return this.#members.map((member) => member.counters()).reduce(sumOf);
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.close()));
  }
}

function sumOf(one: DataPathCounters, other: DataPathCounters): DataPathCounters {
  const dropped = { ...one.dropped };
  for (const [reason, count] of Object.entries(other.dropped) as [DropReasonName, number][]) {
    dropped[reason] = (dropped[reason] ?? 0) + count;
  }
  return {
    sent: {
      packets: one.sent.packets + other.sent.packets,
      octets: one.sent.octets + other.sent.octets,
    },
    received: {
      packets: one.received.packets + other.received.packets,
      octets: one.received.octets + other.received.octets,
    },
    signallingPackets: one.signallingPackets + other.signallingPackets,
    unboundReports: one.unboundReports + other.unboundReports,
    packetTooBigSent: one.packetTooBigSent + other.packetTooBigSent,
    socketErrors: one.socketErrors + other.socketErrors,
    dropped,
  };
}
