import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import { type EgressEvent, EtherType } from "../../../core/control/movement/egress_event.ts";
import { Ipv4Configuration } from "../../../core/control/movement/ipv4_configuration.ts";
import { type ArpPacket, decodeArp, encodeArp } from "../../../core/wire/arp.ts";
import {
  decodeDhcpMessage,
  type DhcpMessage,
  DhcpMessageType,
  encodeDhcpMessage,
} from "../../../core/wire/dhcpv4.ts";
import type { DhcpOptions } from "../../../core/wire/dhcpv4_option.ts";
import {
  decodeIpv4Datagram,
  encodeIpv4Datagram,
  type Ipv4Datagram,
} from "../../../core/wire/ipv4_datagram.ts";
import { at } from "../script.ts";
import { valueOf } from "../../wire/decoded.ts";
import { octetsOf } from "../../wire/octets.ts";

/** Words for tests of the IPv4 half of an egress interface that read as a script. */

export const OUR_HARDWARE = octetsOf("020000000001");
export const ROUTER_HARDWARE = octetsOf("020000000099");
export const OTHER_HARDWARE = octetsOf("020000000055");
export const ADDRESS = "192.0.2.7";
export const ROUTER = "192.0.2.1";

export const LINK: EgressEvent = {
  kind: "link",
  up: true,
  carrier: true,
  mtu: 1500,
  hardwareAddress: OUR_HARDWARE,
};

/** What a DHCP server says of its network. */
export const GRANT: DhcpOptions = {
  serverIdentifier: ROUTER,
  subnetMask: "255.255.255.0",
  routers: [ROUTER],
  leaseSeconds: 3600,
};

/** A network with a router that is its DHCP server. */
export interface Network {
  readonly address: string;
  readonly router: string;
  readonly hardwareAddress: Uint8Array;
}

export const HERE: Network = { address: ADDRESS, router: ROUTER, hardwareAddress: ROUTER_HARDWARE };
export const THERE: Network = {
  address: "198.51.100.9",
  router: "198.51.100.1",
  hardwareAddress: octetsOf("020000000088"),
};

/** One that has sent a DHCP message. */
export interface SentMessage extends Ipv4Datagram {
  readonly message: DhcpMessage;
  readonly to: Uint8Array;
}

export function sentMessages(actions: readonly EgressAction[]): SentMessage[] {
  return actions.flatMap((action) => {
    if (action.kind !== "sendFrame" || action.etherType !== EtherType.ipv4) return [];
    const datagram = valueOf(decodeIpv4Datagram(action.payload));
    const message = valueOf(decodeDhcpMessage(datagram.data));
    return [{ ...datagram, message, to: action.destinationHardwareAddress }];
  });
}

/** The only DHCP message among the actions. */
export function sentMessage(actions: readonly EgressAction[]): SentMessage {
  const all = sentMessages(actions);
  if (all.length !== 1) throw new Error(`expected one DHCP message, got ${all.length}`);
  return all[0];
}

/** The ARP packets among the actions, with where they go. */
export function sentArp(actions: readonly EgressAction[]): (ArpPacket & { to: Uint8Array })[] {
  return actions.flatMap((action) =>
    action.kind === "sendFrame" && action.etherType === EtherType.arp
      ? [{ ...valueOf(decodeArp(action.payload)), to: action.destinationHardwareAddress }]
      : []
  );
}

/** Kinds of what is not sent, in order: "addAddress", "candidates". */
export function doings(actions: readonly EgressAction[]): string[] {
  return actions.filter(({ kind }) => kind !== "sendFrame" && kind !== "report").map(({ kind }) => kind);
}

export function reasons(actions: readonly EgressAction[]): string[] {
  return actions.flatMap((action) =>
    action.kind === "report" ? [String(action.details.reason ?? action.message)] : []
  );
}

export function arpFrame(packet: ArpPacket): EgressEvent {
  return {
    kind: "frame",
    etherType: EtherType.arp,
    sourceHardwareAddress: packet.senderHardwareAddress,
    payload: encodeArp(packet),
  };
}

/** The router's answer to a question by us. */
export function routerReply(network: Network = HERE, targetAddress = network.address): EgressEvent {
  return arpFrame({
    operation: 2,
    senderHardwareAddress: network.hardwareAddress,
    senderAddress: network.router,
    targetHardwareAddress: OUR_HARDWARE,
    targetAddress,
  });
}

/** Another host asks, says or probes something. */
export function otherArp(changes: Partial<ArpPacket>): EgressEvent {
  return arpFrame({
    operation: 1,
    senderHardwareAddress: OTHER_HARDWARE,
    senderAddress: "192.0.2.55",
    targetHardwareAddress: new Uint8Array(6),
    targetAddress: ADDRESS,
    ...changes,
  });
}

/** A server's message, as a frame; it answers `request`. */
export function serverMessage(
  request: DhcpMessage,
  messageType: number,
  changes: {
    readonly message?: Partial<DhcpMessage>;
    readonly options?: DhcpOptions;
    readonly network?: Network;
  } = {},
): EgressEvent {
  const network = changes.network ?? HERE;
  const grant = messageType === DhcpMessageType.nak ? {} : GRANT;
  const message: DhcpMessage = {
    ...request,
    operation: 2,
    yourAddress: messageType === DhcpMessageType.nak ? "0.0.0.0" : network.address,
    ...changes.message,
    options: {
      ...grant,
      ...(messageType === DhcpMessageType.nak ? {} : { routers: [network.router] }),
      serverIdentifier: network.router,
      messageType,
      ...changes.options,
    },
  };
  const payload = encodeIpv4Datagram({
    source: network.router,
    destination: "255.255.255.255",
    sourcePort: 67,
    destinationPort: 68,
    data: encodeDhcpMessage(message),
  });
  return {
    kind: "frame",
    etherType: EtherType.ipv4,
    sourceHardwareAddress: network.hardwareAddress,
    payload,
  };
}

export function newConfiguration(routerProbeMs = 1000, random = () => 0): Ipv4Configuration {
  return new Ipv4Configuration({ interfaceName: "eg0", routerProbeMs }, { random });
}

/** Plays a configuration on one clock. */
export class Player {
  readonly configuration: Ipv4Configuration;
  nowMs = 1000;

  constructor(configuration = newConfiguration()) {
    this.configuration = configuration;
  }

  handle(event: EgressEvent): EgressAction[] {
    return this.configuration.handle(event, at(this.nowMs));
  }

  /** Waits for the next deadline. */
  wait(): EgressAction[] {
    const next = this.configuration.nextDeadline();
    if (next === undefined) throw new Error("there is no deadline");
    this.nowMs = next;
    return this.handle({ kind: "deadline" });
  }

  /** Lets time pass, and returns all that was done meanwhile. */
  pass(durationMs: number): EgressAction[] {
    const endMs = this.nowMs + durationMs;
    const actions: EgressAction[] = [];
    for (let next = this.configuration.nextDeadline(); next !== undefined && next <= endMs;) {
      this.nowMs = Math.max(this.nowMs, next);
      actions.push(...this.handle({ kind: "deadline" }));
      next = this.configuration.nextDeadline();
    }
    this.nowMs = endMs;
    return actions;
  }

  /** The server answers the only message with an acknowledgement. */
  acknowledge(actions: readonly EgressAction[], network = HERE, options: DhcpOptions = {}): EgressAction[] {
    const { message } = sentMessage(actions);
    const rapidCommit = message.options.rapidCommit ? { rapidCommit: true } as const : {};
    return this.handle(
      serverMessage(message, DhcpMessageType.ack, { network, options: { ...rapidCommit, ...options } }),
    );
  }

  /** A lease, whose router has answered. */
  attach(network = HERE, options: DhcpOptions = {}): EgressAction[] {
    const bound = this.acknowledge(this.handle(LINK), network, options);
    return [...bound, ...this.handle(routerReply(network))];
  }

  detach(): EgressAction[] {
    return this.handle({ ...LINK, carrier: false } as EgressEvent);
  }

  get candidate(): string | undefined {
    return this.configuration.candidates()[0]?.address;
  }
}
