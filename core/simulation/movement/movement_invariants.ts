import { EtherType } from "../../control/movement/egress_event.ts";
import type { EgressEvent } from "../../control/movement/egress_event.ts";
import { decodeNeighborDiscoveryPacket } from "../../wire/neighbor_discovery.ts";
import { equalOctets } from "../../wire/octets.ts";
import type { OuterPacket } from "../packet.ts";
import { InvariantBroken, type Watcher } from "../watcher.ts";
import type { EgressPort } from "./egress_port.ts";
import type { MovementWorld } from "./movement_world.ts";

/** More events in one instant of virtual time are a circle. */
const MAXIMUM_EVENTS_AT_ONCE = 500;
/** Addresses on one interface: what the IPv6 half may make, its link-local one, and a lease. */
const MAXIMUM_ADDRESSES = 20;

/** How long an interface may be ahead of the mobile node's machine, milliseconds. */
const HOMELESS_MS = 5;

/** What always holds of a roaming mobile node, faults or not. */
export class MovementInvariants implements Watcher {
  readonly #world: MovementWorld;
  #instantMs = -1;
  #eventsAtOnce = 0;
  /** Since when no interface has the care-of address. */
  #homelessSinceMs = Infinity;

  constructor(world: MovementWorld) {
    this.#world = world;
    const { mobileNode } = world;
    mobileNode.onSent = (port, packet) => this.#checkSource(port, packet);
    for (const port of mobileNode.ports) port.onHandled = (event) => this.#checkDuplicate(port, event);
  }

  afterEvent(): void {
    this.#checkTime();
    const { mobileNode, homeAgent } = this.#world;
    if (homeAgent.table.size > 1) {
      throw new InvariantBroken("one binding for one home address", `${homeAgent.table.size} bindings`);
    }
    if (mobileNode.finished) return;
    if (mobileNode.careOfAddress !== undefined && mobileNode.deadlineMs() === Infinity) {
      throw new InvariantBroken("a mobile node with a care-of address waits for something", "no deadline");
    }
    this.#checkCareOfAddress();
    for (const port of mobileNode.ports) this.#checkPort(port);
  }

  #checkCareOfAddress(): void {
    const { mobileNode: { careOfAddress, ports }, nowMs } = this.#world;
    const isThere = careOfAddress === undefined || ports.some((port) => port.hasAddress(careOfAddress));
    this.#homelessSinceMs = isThere ? Infinity : Math.min(this.#homelessSinceMs, nowMs);
    if (nowMs - this.#homelessSinceMs > HOMELESS_MS) {
      throw new InvariantBroken("an interface has the care-of address", `none has ${careOfAddress}`);
    }
  }

  /** Where the carrier told of a move, what leaves is from an address of the link. */
  #checkSource({ link, isAnnounced, hardwareAddress }: EgressPort, { source }: OuterPacket): void {
    if (link === undefined || !isAnnounced || link.belongs(source, hardwareAddress)) return;
    throw new InvariantBroken("nothing is sent from an address of another link", `${source} on ${link.name}`);
  }

  #checkTime(): void {
    const { nowMs } = this.#world;
    this.#eventsAtOnce = nowMs === this.#instantMs ? this.#eventsAtOnce + 1 : 0;
    this.#instantMs = nowMs;
    if (this.#eventsAtOnce > MAXIMUM_EVENTS_AT_ONCE) {
      throw new InvariantBroken("time goes on", `${this.#eventsAtOnce} events at ${nowMs} ms`);
    }
  }

  #checkPort(port: EgressPort): void {
    if (port.addresses.size > MAXIMUM_ADDRESSES) {
      throw new InvariantBroken("an interface has few addresses", `${port.name}: ${port.addresses.size}`);
    }
    if (port.link !== undefined && port.deadlineMs() === Infinity) {
      throw new InvariantBroken("an egress on a link waits for something", `${port.name} has no deadline`);
    }
  }

  /** After somebody said that the address is his, the node does not have it (RFC 4862 section 5.4.5). */
  #checkDuplicate(port: EgressPort, event: EgressEvent): void {
    if (event.kind !== "frame" || event.etherType !== EtherType.ipv6 || port.link === undefined) return;
    if (!equalOctets(event.sourceHardwareAddress, port.link.squatter.hardwareAddress)) return;
    const packet = decodeNeighborDiscoveryPacket(event.payload);
    const message = packet.ok ? packet.value.message : undefined;
    if (message?.kind !== "neighborAdvertisement" || !port.addresses.has(message.target)) return;
    throw new InvariantBroken("a duplicate address is given up", message.target);
  }
}
