import { ArpOperation, type ArpPacket, decodeArp } from "../../wire/arp.ts";
import { decodeDhcpMessage, DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from "../../wire/dhcpv4.ts";
import { decodeIpv4Datagram } from "../../wire/ipv4_datagram.ts";
import { describeWireError } from "../../wire/result.ts";
import type { IpAddress, Ipv4Address } from "../../wire/address.ts";
import { equalOctets } from "../../wire/octets.ts";
import type { Report } from "../action.ts";
import type { Now } from "../now.ts";
import { AddressConflictDetector } from "./address_conflict.ts";
import { arpReply, arpRequest, type ArpSender } from "./arp_frame.ts";
import type { CareOfAddressCandidate } from "./candidate.ts";
import { DhcpClient } from "./dhcp_client.ts";
import type { EgressAction } from "./egress_action.ts";
import { type EgressEvent, EtherType } from "./egress_event.ts";
import type { Lease } from "./lease.ts";
import { LeaseMemory, type RememberedLease } from "./lease_memory.ts";
import { RouterReachability } from "./router_reachability.ts";

/** What every host takes (RFC 791 section 3.2); a server that says less is not believed. */
const MINIMUM_LINK_MTU = 576;
const HARDWARE_OCTETS = 6;
/** Packets may still come to the care-of address that is left; our own limit. */
const LEAVING_MS = 3000;

export interface Ipv4ConfigurationSettings {
  readonly interfaceName: string;
  /** How often the default router of the care-of address is asked whether it is there; 0: never. */
  readonly routerProbeMs: number;
}

export interface MovementEnvironment {
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** A link that carries packets. */
interface Attachment {
  readonly hardwareAddress: Uint8Array;
  readonly mtu: number;
}

/**
 * The IPv4 half of an egress interface: DHCP (RFC 2131), the network known by its router (RFC 4436), address
 * conflicts (RFC 5227). The lease is a candidate as soon as it is there; its address and routes are on the interface
 * only while it is the care-of address, and shortly after. Pure: events and the time go in, actions come out.
 */
export class Ipv4Configuration {
  readonly #settings: Ipv4ConfigurationSettings;
  readonly #client: DhcpClient;
  readonly #conflicts: AddressConflictDetector;
  readonly #router: RouterReachability;
  readonly #memory = new LeaseMemory();
  #attachment: Attachment | undefined;
  #chosen: IpAddress | undefined;
  /** What was the care-of address before stays on the interface until then. */
  #leftAtMs: number | undefined;
  #finished = false;
  /** Leases whose routers were asked whether this is their network, and may still answer. */
  #tested: readonly RememberedLease[] = [];
  /** The lease that conflicts and router were told of. */
  #lease: Lease | undefined;
  /** What is on the interface. */
  #installed: Lease | undefined;
  /** As last announced. */
  #candidates: readonly CareOfAddressCandidate[] = [];

  constructor(settings: Ipv4ConfigurationSettings, environment: MovementEnvironment) {
    this.#settings = settings;
    this.#client = new DhcpClient(environment.random);
    this.#conflicts = new AddressConflictDetector(environment.random);
    this.#router = new RouterReachability(environment.random, settings.routerProbeMs);
  }

  handle(event: EgressEvent, now: Now): EgressAction[] {
    if (this.#finished) return [];
    const nowMs = now.monotonicMs;
    const actions = this.#handle(event, nowMs);
    return [...actions, ...this.#reconcile(nowMs)].map((action) => this.#withInterface(action));
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    const parts = [this.#client, this.#conflicts, this.#router].map((part) => part.nextDeadline());
    const set = [...parts, this.#leftAtMs].filter((atMs) => atMs !== undefined);
    return set.length === 0 ? undefined : Math.min(...set);
  }

  candidates(): CareOfAddressCandidate[] {
    const lease = this.#client.lease;
    if (lease === undefined || this.#attachment === undefined || this.#router.absent) return [];
    const { address, prefixLength, gateway, interfaceMtu } = lease;
    const { mtu } = this.#attachment;
    const linkMtu = Math.min(mtu, Math.max(MINIMUM_LINK_MTU, interfaceMtu ?? mtu));
    return [{ interfaceName: this.#settings.interfaceName, address, prefixLength, gateway, linkMtu }];
  }

  // Events

  #handle(event: EgressEvent, nowMs: number): EgressAction[] {
    switch (event.kind) {
      case "link":
        return this.#changeLink(event, nowMs);
      case "linkGone":
        // Its addresses and routes went with it.
        this.#installed = undefined;
        return this.#detach();
      case "frame":
        return this.#receiveFrame(event, nowMs);
      case "addressDuplicate":
        return event.address === this.#client.lease?.address ? this.#decline(nowMs) : [];
      case "addressReady":
      case "home":
        return [];
      case "chosen":
        if (this.#chosen !== event.address) this.#leftAtMs = nowMs + LEAVING_MS;
        this.#chosen = event.address;
        return [];
      case "doubt":
        return [...this.#router.probe(nowMs), ...this.#client.hurry(nowMs)];
      case "deadline":
        return this.#passTime(nowMs);
      case "stop":
        return this.#stop();
    }
  }

  #changeLink(event: EgressEvent & { kind: "link" }, nowMs: number): EgressAction[] {
    const { hardwareAddress, mtu } = event;
    const usable = event.up && event.carrier && hardwareAddress.length === HARDWARE_OCTETS;
    if (!usable) return this.#attachment === undefined ? [] : this.#detach();
    const before = this.#attachment;
    this.#attachment = { hardwareAddress: new Uint8Array(hardwareAddress), mtu };
    if (before !== undefined && equalOctets(before.hardwareAddress, hardwareAddress)) return [];
    this.#router.forget();
    const known = this.#memory.valid(nowMs)[0]?.lease;
    return [...this.#testKnownNetworks(nowMs), ...this.#client.start(hardwareAddress, known, nowMs)];
  }

  #detach(): EgressAction[] {
    this.#attachment = undefined;
    this.#tested = [];
    this.#client.stop();
    this.#router.forget();
    return [];
  }

  #stop(): EgressAction[] {
    this.#finished = true;
    const released = this.#installed === undefined ? [] : this.#client.release();
    return [...released, ...this.#detach()];
  }

  #passTime(nowMs: number): EgressAction[] {
    const router = this.#router.passTime(nowMs);
    return [
      ...this.#client.passTime(nowMs),
      ...this.#conflicts.passTime(nowMs),
      ...router.actions,
      ...(router.lost ? this.#searchAnew(nowMs) : []),
    ];
  }

  /** The router is gone: this may be another network, though the link says nothing. */
  #searchAnew(nowMs: number): EgressAction[] {
    const attachment = this.#attachment;
    const lease = this.#client.lease;
    if (attachment === undefined || lease === undefined) return [];
    return [
      report("info", "default router does not answer", { gateway: lease.gateway ?? "none" }),
      ...this.#testKnownNetworks(nowMs),
      ...this.#client.start(attachment.hardwareAddress, undefined, nowMs),
    ];
  }

  #decline(nowMs: number): EgressAction[] {
    const lease = this.#client.lease;
    if (lease === undefined) return [];
    this.#memory.forget(lease);
    this.#tested = [];
    return [
      report("warning", "another host has the address", { address: lease.address }),
      ...this.#client.decline(nowMs),
    ];
  }

  // Frames

  #receiveFrame(event: EgressEvent & { kind: "frame" }, nowMs: number): EgressAction[] {
    if (this.#attachment === undefined) return [];
    const { etherType, payload, sourceHardwareAddress } = event;
    if (etherType === EtherType.arp) {
      const packet = decodeArp(payload);
      if (!packet.ok) return [unreadable("ARP packet", describeWireError(packet.error))];
      return this.#receiveArp(packet.value, this.#attachment, nowMs);
    }
    if (etherType !== EtherType.ipv4) return [];
    const datagram = decodeIpv4Datagram(payload);
    if (!datagram.ok) return [unreadable("IPv4 packet", describeWireError(datagram.error))];
    const { sourcePort, destinationPort, data } = datagram.value;
    if (sourcePort !== DHCP_SERVER_PORT || destinationPort !== DHCP_CLIENT_PORT) {
      return [unreadable("DHCP message", `ports ${sourcePort} and ${destinationPort}`)];
    }
    const message = decodeDhcpMessage(data);
    if (!message.ok) return [unreadable("DHCP message", describeWireError(message.error))];
    const held = this.#client.lease;
    const { actions, denied } = this.#client.receive(message.value, sourceHardwareAddress, nowMs);
    if (denied !== undefined) this.#forgetDenied(denied, held);
    return [...actions];
  }

  /** One that was only asked for may be good in the network that it came from. */
  #forgetDenied(denied: Lease, held: Lease | undefined): void {
    this.#tested = this.#tested.filter(({ lease }) => lease.address !== denied.address);
    if (denied === held) this.#memory.forget(denied);
  }

  #receiveArp(packet: ArpPacket, attachment: Attachment, nowMs: number): EgressAction[] {
    if (equalOctets(packet.senderHardwareAddress, attachment.hardwareAddress)) return [];
    const conflict = this.#conflicts.receive(packet, nowMs);
    if (conflict === "conflict") return this.#decline(nowMs);
    const confirmed = this.#confirmNetwork(packet, nowMs);
    return [...conflict, ...confirmed, ...this.#router.receive(packet, nowMs), ...this.#answer(packet)];
  }

  /** Asks the routers of known networks, each by its hardware address (RFC 4436 section 2.1). */
  #testKnownNetworks(nowMs: number): EgressAction[] {
    this.#tested = this.#memory.valid(nowMs);
    return this.#tested.map(({ lease, gatewayHardwareAddress }) =>
      arpRequest(this.#senderOf(lease.address), lease.gateway, gatewayHardwareAddress)
    );
  }

  /** The answer has to come from the router's address by its hardware address, to the lease's address. */
  #confirmNetwork(packet: ArpPacket, nowMs: number): EgressAction[] {
    if (packet.operation !== ArpOperation.reply || this.#client.lease !== undefined) return [];
    const known = this.#tested.find(({ lease, gatewayHardwareAddress }) =>
      packet.senderAddress === lease.gateway && packet.targetAddress === lease.address &&
      equalOctets(packet.senderHardwareAddress, gatewayHardwareAddress) && lease.expiresAtMs > nowMs
    );
    if (known === undefined) return [];
    this.#client.confirm(known.lease);
    const { address, gateway } = known.lease;
    return [report("info", "known network", { address, gateway }), ...this.#tellLease(nowMs)];
  }

  /** While the address is not on the interface, nobody else answers for it, and servers ask before they renew. */
  #answer(packet: ArpPacket): EgressAction[] {
    const lease = this.#client.lease;
    const asked = packet.operation === ArpOperation.request && packet.targetAddress === lease?.address &&
      packet.senderAddress !== lease.address;
    if (!asked || this.#installed?.address === lease.address) return [];
    return [arpReply(this.#senderOf(lease.address), packet)];
  }

  #senderOf(address: Ipv4Address): ArpSender {
    return { address, hardwareAddress: this.#attachment?.hardwareAddress ?? new Uint8Array(HARDWARE_OCTETS) };
  }

  // What follows from the state

  #reconcile(nowMs: number): EgressAction[] {
    const actions = this.#tellLease(nowMs);
    const lease = this.#client.lease;
    const before = this.#installed;
    const isChosen = lease !== undefined && lease.address === this.#chosen;
    const isBeingLeft = lease?.address === before?.address && nowMs < (this.#leftAtMs ?? -Infinity);
    const wanted = isChosen || isBeingLeft ? lease : undefined;
    if (isChosen || wanted === undefined) this.#leftAtMs = undefined;
    this.#installed = wanted;
    actions.push(...this.#router.setPeriodic(isChosen, nowMs));
    const hardwareAddress = this.#router.hardwareAddress;
    if (lease !== undefined && hardwareAddress !== undefined) this.#memory.remember(lease, hardwareAddress);
    return [...actions, ...changesOfInterface(before, wanted, this.#announce())];
  }

  /** Conflict detection and router detection follow the lease. */
  #tellLease(nowMs: number): EgressAction[] {
    const lease = this.#client.lease;
    const before = this.#lease;
    if (lease === before) return [];
    this.#lease = lease;
    if (lease === undefined) {
      this.#conflicts.stop();
      return this.#router.watch(undefined, nowMs);
    }
    const sender = this.#senderOf(lease.address);
    const { gateway } = lease;
    const asked = this.#router.watch(gateway === undefined ? undefined : { gateway, sender }, nowMs);
    return lease.address === before?.address ? asked : [...asked, ...this.#conflicts.start(sender, nowMs)];
  }

  /** A report says which interface it is about. */
  #withInterface(action: EgressAction): EgressAction {
    if (action.kind !== "report") return action;
    return { ...action, details: { interface: this.#settings.interfaceName, ...action.details } };
  }

  #announce(): EgressAction[] {
    const candidates = this.candidates();
    if (sameRecords(candidates, this.#candidates)) return [];
    this.#candidates = candidates;
    return [{ kind: "candidates", candidates }];
  }
}

/** What is new goes on before it is announced, what is old comes off after. */
function changesOfInterface(
  before: Lease | undefined,
  wanted: Lease | undefined,
  announcement: readonly EgressAction[],
): EgressAction[] {
  const sameAddress = before?.address === wanted?.address && before?.prefixLength === wanted?.prefixLength;
  const actions: EgressAction[] = [];
  if (wanted !== undefined && !sameAddress) {
    actions.push({ kind: "addAddress", address: wanted.address, prefixLength: wanted.prefixLength });
  }
  if (!sameAddress || !sameRecords(before?.routes ?? [], wanted?.routes ?? [])) {
    actions.push({ kind: "setRoutes", family: 4, routes: wanted?.routes ?? [] });
  }
  actions.push(...announcement);
  if (before !== undefined && !sameAddress) {
    actions.push({ kind: "removeAddress", address: before.address, prefixLength: before.prefixLength });
  }
  return actions;
}

/** Records made in one way, so that equal ones have equal text. */
function sameRecords(one: readonly unknown[], other: readonly unknown[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function unreadable(what: string, reason: string): Report {
  return report("debug", `${what} refused`, { reason });
}

function report(level: Report["level"], message: string, details: Report["details"]): Report {
  return { kind: "report", level, message, details };
}
