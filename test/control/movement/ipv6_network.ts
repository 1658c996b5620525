import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import { type EgressEvent, EtherType } from "../../../core/control/movement/egress_event.ts";
import { Ipv6Configuration } from "../../../core/control/movement/ipv6_configuration.ts";
import type { Ipv6Settings } from "../../../core/control/movement/ipv6_settings.ts";
import {
  decodeNeighborDiscoveryPacket,
  encodeNeighborDiscoveryPacket,
  type NeighborDiscoveryMessage,
  type NeighborDiscoveryPacket,
  type RouterAdvertisement,
} from "../../../core/wire/neighbor_discovery.ts";
import type {
  NeighborDiscoveryOption,
  PrefixInformation,
} from "../../../core/wire/neighbor_discovery_option.ts";
import { valueOf } from "../../wire/decoded.ts";
import { octetsOf } from "../../wire/octets.ts";
import { at, hmac } from "../script.ts";

/** Words for tests of the IPv6 half of an egress interface that read as a script. */

export const HARDWARE_ADDRESS = octetsOf("020000000001");

export interface TestRouter {
  readonly address: string;
  readonly hardwareAddress: Uint8Array;
  readonly prefix: string;
}

export const routerA: TestRouter = {
  address: "fe80::a",
  hardwareAddress: octetsOf("0200000000aa"),
  prefix: "2001:db8:a::",
};
export const routerB: TestRouter = {
  address: "fe80::b",
  hardwareAddress: octetsOf("0200000000bb"),
  prefix: "2001:db8:b::",
};

const LIFETIMES = { validLifetimeSeconds: 86_400, preferredLifetimeSeconds: 14_400 };

export function prefixOption(prefix: string, changes: Partial<PrefixInformation> = {}): PrefixInformation {
  return {
    kind: "prefixInformation",
    prefix,
    prefixLength: 64,
    onLink: true,
    autonomous: true,
    routerAddress: false,
    ...LIFETIMES,
    ...changes,
  };
}

export interface AdvertisementChanges extends Partial<Omit<RouterAdvertisement, "options">> {
  readonly prefixes?: readonly PrefixInformation[];
  readonly more?: readonly NeighborDiscoveryOption[];
}

export function advertisement(router: TestRouter, changes: AdvertisementChanges = {}): EgressEvent {
  const { prefixes = [prefixOption(router.prefix)], more = [], ...fields } = changes;
  const { hardwareAddress } = router;
  return frameFrom(hardwareAddress, {
    source: router.address,
    destination: "ff02::1",
    message: {
      kind: "routerAdvertisement",
      currentHopLimit: 64,
      managedAddresses: false,
      otherConfiguration: false,
      homeAgent: false,
      preference: "medium",
      routerLifetimeSeconds: 1800,
      reachableTimeMs: 0,
      retransmissionTimerMs: 0,
      ...fields,
      options: [{ kind: "sourceLinkLayerAddress", hardwareAddress }, ...prefixes, ...more],
    },
  });
}

/** A router's answer to the node's probe. */
export function routerIsThere(
  router: TestRouter,
  changes: { router?: boolean; solicited?: boolean; options?: readonly NeighborDiscoveryOption[] } = {},
): EgressEvent {
  return frameFrom(router.hardwareAddress, {
    source: router.address,
    destination: "fe80::1",
    message: {
      kind: "neighborAdvertisement",
      router: true,
      solicited: true,
      override: true,
      target: router.address,
      options: [{ kind: "targetLinkLayerAddress", hardwareAddress: router.hardwareAddress }],
      ...changes,
    },
  });
}

/** Another node that has the address already. */
export function hasAlready(address: string): EgressEvent {
  return frameFrom(octetsOf("0200000000ee"), {
    source: address,
    destination: "ff02::1",
    message: {
      kind: "neighborAdvertisement",
      router: false,
      solicited: false,
      override: true,
      target: address,
      options: [],
    },
  });
}

export function frameFrom(sourceHardwareAddress: Uint8Array, packet: NeighborDiscoveryPacket): EgressEvent {
  const payload = encodeNeighborDiscoveryPacket(packet);
  return { kind: "frame", etherType: EtherType.ipv6, sourceHardwareAddress, payload };
}

export function link(changes: Partial<Extract<EgressEvent, { kind: "link" }>> = {}): EgressEvent {
  return { kind: "link", up: true, carrier: true, mtu: 1500, hardwareAddress: HARDWARE_ADDRESS, ...changes };
}

/** An interface and a clock: what it does, said in short words. */
export class Node {
  readonly machine: Ipv6Configuration;
  nowMs = 0;
  /** Of the last event. */
  actions: EgressAction[] = [];

  constructor(settings: Partial<Ipv6Settings> = {}, random = () => 0.5) {
    const stableSecret = new Uint8Array(16).fill(7);
    this.machine = new Ipv6Configuration(
      { interfaceName: "eg0", interfaceIdentifier: "stable", stableSecret, routerProbeMs: 0, ...settings },
      { hmac, random },
    );
  }

  hears(event: EgressEvent, afterMs = 0): this {
    this.waits(afterMs);
    this.actions = this.machine.handle(event, at(this.nowMs));
    return this;
  }

  /** Lets time pass; `actions` are then all those of the deadlines in between. */
  waits(ms: number): this {
    const endMs = this.nowMs + ms;
    this.actions = [];
    for (;;) {
      const deadline = this.machine.nextDeadline();
      if (deadline === undefined || deadline > endMs) break;
      this.nowMs = deadline;
      this.actions.push(...this.machine.handle({ kind: "deadline" }, at(deadline)));
    }
    this.nowMs = endMs;
    return this;
  }

  get candidates(): string[] {
    return this.machine.candidates().map(({ address }) => address);
  }

  /** The candidates' prefixes, best first. */
  get prefixes(): string[] {
    return this.candidates.map((address) => `${address.split(":").slice(0, 3).join(":")}::`);
  }

  ofKind<Kind extends EgressAction["kind"]>(kind: Kind): Extract<EgressAction, { kind: Kind }>[] {
    return this.actions.filter((action) => action.kind === kind) as Extract<EgressAction, { kind: Kind }>[];
  }

  get sent(): NeighborDiscoveryPacket[] {
    return this.ofKind("sendFrame").map(({ payload }) => valueOf(decodeNeighborDiscoveryPacket(payload)));
  }

  /** "routerSolicitation to ff02::2", "neighborSolicitation of fe80::a". */
  get said(): string[] {
    return this.sent.map(({ destination, message }) => `${message.kind} ${aim(destination, message)}`);
  }

  get reports(): string[] {
    return this.ofKind("report").map(({ message }) => message);
  }
}

function aim(destination: string, message: NeighborDiscoveryMessage): string {
  return "target" in message ? `of ${message.target}` : `to ${destination}`;
}
