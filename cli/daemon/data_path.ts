import type { UpwardRecord } from "../../core/forwarding/forwarder.ts";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import type { DropReasonName } from "../../core/forwarding/counters.ts";
import type { Ipv4Address, Ipv6Address } from "../../core/wire/address.ts";

export type DataPathOptions =
  & {
    /** Non-blocking, IFF_TUN | IFF_NO_PI. Stays the caller's: close it after close(). */
    readonly tunFileDescriptor: number;
    readonly onSignalling: (record: UpwardRecord) => void;
    /** The Worker has ended by itself: the TUN device is gone, or a bug. Called once. */
    readonly onFailure: (error: Error) => void;
  }
  & (
    | {
      readonly role: "homeAgent";
      /** Inner destination of signalling; source of Packet Too Big. */
      readonly homeAgentAddress: Ipv6Address;
      /** Default 65536. */
      readonly maximumBindings?: number;
    }
    | {
      readonly role: "mobileNode";
      readonly homeAddress: Ipv6Address;
      /** The only outer address that signalling is taken from. */
      readonly homeAgentIpv4Address: Ipv4Address;
    }
  );

export interface DataPathSockets {
  /** Non-blocking, with IP_RECVTOS. */
  readonly udpFileDescriptor: number;
  /** Non-blocking, protocol 41, with IP_HDRINCL. */
  readonly rawFileDescriptor: number;
  /** Outer source of protocol 41: the care-of address, or the home agent's. */
  readonly outerSource: Ipv4Address;
}

export interface DataPathCounters {
  /** Out through a socket; octets of inner packets. */
  readonly sent: { readonly packets: number; readonly octets: number };
  /** Into the TUN device. */
  readonly received: { readonly packets: number; readonly octets: number };
  readonly signallingPackets: number;
  readonly unboundReports: number;
  readonly packetTooBigSent: number;
  /** Errors that a socket reported for an earlier packet (ICMP errors). */
  readonly socketErrors: number;
  readonly dropped: Readonly<Partial<Record<DropReasonName, number>>>;
}

/** Packets between the TUN device and the outer sockets, in a Worker of their own. */
export class DataPath {
  static start(_options: DataPathOptions): Promise<DataPath> {
    throw new Error("not written yet");
  }
  readonly bindings: {
    /** @throws Error when the table is full */
    set(homeAddress: Ipv6Address, tunnel: TunnelEnd, innerMtu: number): void;
    remove(homeAddress: Ipv6Address): void;
  } = { set() {}, remove() {} };
  /** Resolves when the Worker has let go of the sockets it had: only then close them. */
  setSockets(_sockets: DataPathSockets): Promise<void> {
    throw new Error("not written yet");
  }
  /** No care-of address: what would leave is dropped (noSocket). Resolves like setSockets. */
  clearSockets(): Promise<void> {
    throw new Error("not written yet");
  }
  /** Mobile node: traffic of the home address goes this way. */
  setTunnel(_tunnel: TunnelEnd, _innerMtu: number): void {}
  clearTunnel(): void {}
  counters(): DataPathCounters {
    throw new Error("not written yet");
  }
  /** Ends the Worker. The descriptors stay open. */
  close(): Promise<void> {
    throw new Error("not written yet");
  }
}
