import type { CapturedPacket, CaptureTime } from "../capture/captured_packet.ts";
import { type InspectionHelpers, MAXIMUM_LAYERS, NONE, PacketCursor } from "../inspect/packet_cursor.ts";
import { Reassembler } from "../inspect/reassembly.ts";
import { nextLayer } from "../inspect/registry.ts";
import { formatIpv4, formatIpv6 } from "../wire/address.ts";
import { FIRST_REFUSAL_STATUS } from "../wire/binding_status.ts";
import { Protocol } from "../wire/constants.ts";
import { AddressTable } from "./address_table.ts";
import { DataFlow, type Direction, ENCAPSULATIONS, FROM_MOBILE_NODE, TO_MOBILE_NODE } from "./data_flow.ts";
import {
  MAXIMUM_EARLY_ADDRESSES,
  MAXIMUM_ENTRIES,
  MAXIMUM_EXTRA_ADDRESSES,
  MAXIMUM_MOBILE_NODES,
  MAXIMUM_PLOTTED,
  MAXIMUM_PREFIXES,
} from "./limits.ts";
import { type EntryBudget, equals, MobileNodeSession } from "./mobile_node_session.ts";
import type { MobileNodeReport } from "./session_record.ts";
import { MessageType, Signalling } from "./signalling.ts";

const UDP = ENCAPSULATIONS.indexOf("udp");
const IPV6_IN_IPV4 = ENCAPSULATIONS.indexOf("ipv6InIpv4");
const IPV4_IN_IPV4 = ENCAPSULATIONS.indexOf("ipv4InIpv4");
const IPV6_IN_IPV6 = ENCAPSULATIONS.indexOf("ipv6InIpv6");
const IPV4_IN_IPV6 = ENCAPSULATIONS.indexOf("ipv4InIpv6");
const ROUTE_OPTIMIZED = ENCAPSULATIONS.indexOf("routeOptimized");
const NOT_TUNNELLED = ENCAPSULATIONS.indexOf("none");

/** From the start of an IP header to its source address. */
const SOURCE_AT = { 4: 12, 6: 8 } as const;
/** A Home Address option in its header (RFC 6275 6.3), or a type 2 routing header (6.4). */
const ROUTE_OPTIMIZATION_OCTETS = 24;

interface PrefixTable {
  readonly bits: number;
  readonly table: AddressTable;
}

/** What the limits have cut off. */
export interface CutOff {
  /** Signalling messages of mobile nodes beyond the limit. */
  messages: number;
  /** Entries of mobile nodes that were counted and not kept. */
  readonly entries: number;
  /** Mobile nodes whose data are not in a plot. */
  readonly notPlotted: number;
}

export interface SessionTrackerOptions {
  /** Keep the points of the data of the first mobile nodes. */
  readonly plot?: boolean;
  /** What reads through fragments and encryption; by default fragments are put together. */
  readonly helpers?: InspectionHelpers;
}

/**
 * Follows the mobile nodes of a capture, packet by packet, with one cursor for all of them and no tree. Data packets
 * cost a look into a table or two; what a capture can make this keep is limited (limits.ts).
 */
export class SessionTracker {
  readonly #cursor = new PacketCursor();
  readonly #signalling = new Signalling();
  readonly #sessions: MobileNodeSession[] = [];
  readonly #flows: DataFlow[] = [];
  /** Home addresses, IPv4 home addresses too: which session. */
  readonly #homeAddresses = new AddressTable(MAXIMUM_MOBILE_NODES + MAXIMUM_EXTRA_ADDRESSES);
  readonly #prefixTables: PrefixTable[] = [];
  /** Ends of tunnelled packets that nobody has registered yet: which flow. */
  readonly #early = new AddressTable(MAXIMUM_EARLY_ADDRESSES);
  readonly #earlyFlows: DataFlow[] = [];
  readonly #budget: EntryBudget = { left: MAXIMUM_ENTRIES };
  readonly #plot: boolean;
  #origin: CaptureTime | undefined;
  #seconds = 0;
  #lastSeconds = 0;
  #packets = 0;
  #messagesNotFollowed = 0;

  constructor({ plot = false, helpers = { reassembler: new Reassembler() } }: SessionTrackerOptions = {}) {
    this.#plot = plot;
    this.#cursor.use(helpers);
  }

  add(packet: CapturedPacket): void {
    const { bytes, originalLength, linkType, number, time } = packet;
    this.#packets++;
    this.#setTime(time);
    const cursor = this.#cursor;
    cursor.reassembler?.startPacket(number, time?.seconds);
    cursor.begin(bytes, 0, bytes.length, originalLength, "linkType", linkType);
    for (let layers = 1; layers <= MAXIMUM_LAYERS; layers++) {
      if (cursor.nextRegistry === "ipProtocol" && cursor.nextNumber === Protocol.mobilityHeader) {
        return this.#addSignalling(number);
      }
      if (nextLayer(cursor).carry?.(cursor) !== true) break;
    }
    if (cursor.ipVersion !== 0 && this.#sessions.length + cursor.tunnelCount > 0) this.#addData();
  }

  get packets(): number {
    return this.#packets;
  }

  /** The time of the first packet: second 0 of all reports. */
  get origin(): CaptureTime | undefined {
    return this.#origin;
  }

  get durationSeconds(): number {
    return this.#lastSeconds;
  }

  get cutOff(): CutOff {
    return {
      messages: this.#messagesNotFollowed,
      entries: this.#sessions.reduce((sum, session) => sum + session.entriesNotKept, 0),
      notPlotted: this.#plot ? Math.max(this.#sessions.length - MAXIMUM_PLOTTED, 0) : 0,
    };
  }

  /** In the order in which they came up. */
  reports(): MobileNodeReport[] {
    return this.#sessions.map((session) => session.report());
  }

  /** For a plot: the reports with their data; the first MAXIMUM_PLOTTED only. */
  plotted(): { readonly report: MobileNodeReport; readonly data: DataFlow }[] {
    return this.#sessions.filter(({ data }) => data.plotted).map((session) => ({
      report: session.report(),
      data: session.data,
    }));
  }

  #setTime(time: CaptureTime | undefined): void {
    if (time === undefined) return;
    const origin = this.#origin ??= time;
    this.#seconds = time.seconds - origin.seconds + (time.nanoseconds - origin.nanoseconds) / 1e9;
    if (this.#seconds > this.#lastSeconds) this.#lastSeconds = this.#seconds;
  }

  #addSignalling(packet: number): void {
    const cursor = this.#cursor;
    const signalling = this.#signalling;
    if (cursor.ipVersion !== 6 || !signalling.read(cursor)) return;
    const session = this.#sessionOf(signalling);
    if (session === undefined) return;
    const seconds = this.#seconds;
    switch (signalling.type) {
      case MessageType.update:
        session.update(signalling, cursor, seconds, packet);
        break;
      case MessageType.acknowledgement:
        session.acknowledge(signalling, cursor, seconds, packet);
        break;
      case MessageType.error:
        session.error(signalling, seconds);
        break;
      default:
        session.refreshRequest(seconds);
    }
  }

  /** The mobile node that a message is from, to or about. */
  #sessionOf(signalling: Signalling): MobileNodeSession | undefined {
    const { bytes, homeAddressOffset, sourceOffset, routingHomeAddressOffset, destinationOffset } =
      this.#cursor;
    let offset = routingHomeAddressOffset === NONE ? destinationOffset : routingHomeAddressOffset;
    if (signalling.type === MessageType.update) {
      offset = homeAddressOffset === NONE ? sourceOffset : homeAddressOffset;
    } else if (signalling.type === MessageType.error) offset = signalling.errorHomeAddressOffset;
    let index = this.#homeAddresses.find(bytes, offset, 6);
    if (index < 0) index = this.#beginSession(offset);
    if (index < 0) {
      this.#messagesNotFollowed++;
      return undefined;
    }
    const session = this.#sessions[index];
    this.#noteAddresses(signalling, session, index);
    return session;
  }

  #beginSession(offset: number): number {
    const index = this.#sessions.length;
    if (index >= MAXIMUM_MOBILE_NODES) return NONE;
    const { bytes } = this.#cursor;
    this.#homeAddresses.set(bytes, offset, 6, index);
    const early = this.#early.find(bytes, offset, 6);
    const flow = early < 0 ? new DataFlow() : this.#earlyFlows[early];
    if (this.#plot && index < MAXIMUM_PLOTTED) flow.keepSeries();
    this.#flows.push(flow);
    this.#sessions.push(new MobileNodeSession(formatIpv6(bytes, offset), flow, this.#budget));
    return index;
  }

  /** What else belongs to the mobile node: its IPv4 home address, its mobile network prefixes. */
  #noteAddresses(signalling: Signalling, session: MobileNodeSession, index: number): void {
    const { bytes } = this.#cursor;
    if (signalling.status >= FIRST_REFUSAL_STATUS) return;
    const { ipv4HomeAddressOffset } = signalling;
    if (
      ipv4HomeAddressOffset !== NONE && this.#homeAddresses.find(bytes, ipv4HomeAddressOffset, 4) !== index
    ) {
      this.#homeAddresses.set(bytes, ipv4HomeAddressOffset, 4, index);
      session.noteIpv4HomeAddress(formatIpv4(bytes, ipv4HomeAddressOffset));
    }
    for (let prefix = 0; prefix < signalling.prefixCount; prefix++) {
      const offset = signalling.prefixOffsets[prefix];
      const bits = signalling.prefixLengths[prefix];
      const table = this.#prefixTable(bits);
      // Who comes first has it: two mobile nodes that claim one prefix must not fight over it here.
      if (bits === 0 || table === undefined || table.find(bytes, offset, 6, bits) >= 0) continue;
      if (table.set(bytes, offset, 6, index, bits)) {
        session.notePrefix(`${formatIpv6(bytes, offset)}/${bits}`);
      }
    }
  }

  #prefixTable(bits: number): AddressTable | undefined {
    const known = this.#prefixTables.find((entry) => entry.bits === bits);
    if (known !== undefined || this.#prefixTables.length >= MAXIMUM_PREFIXES) return known?.table;
    const table = new AddressTable(MAXIMUM_EXTRA_ADDRESSES);
    this.#prefixTables.push({ bits, table });
    // The longest prefix wins.
    this.#prefixTables.sort((one, other) => other.bits - one.bits);
    return table;
  }

  #addData(): void {
    const cursor = this.#cursor;
    const { homeAddressOffset, routingHomeAddressOffset, ipVersion } = cursor;
    if (ipVersion === 0 || cursor.fragmentOffset !== NONE) return;
    const sourceOffset = homeAddressOffset === NONE ? cursor.sourceOffset : homeAddressOffset;
    const destinationOffset = routingHomeAddressOffset === NONE
      ? cursor.destinationOffset
      : routingHomeAddressOffset;
    const source = this.#find(sourceOffset, ipVersion);
    const destination = this.#find(destinationOffset, ipVersion);
    if (source >= 0 && destination >= 0) {
      // Between two mobile nodes: on its way to the home agent, or on from there.
      if (cursor.tunnelCount === 0 || this.#goesToHomeAgent(source)) {
        this.#count(this.#flows[source], FROM_MOBILE_NODE);
      }
      if (cursor.tunnelCount === 0 || !this.#goesToHomeAgent(source)) {
        this.#count(this.#flows[destination], TO_MOBILE_NODE);
      }
    } else if (source >= 0) this.#count(this.#flows[source], FROM_MOBILE_NODE);
    else if (destination >= 0) this.#count(this.#flows[destination], TO_MOBILE_NODE);
    else if (cursor.tunnelCount > 0 && ipVersion === 6) {
      this.#countEarly(sourceOffset, FROM_MOBILE_NODE);
      this.#countEarly(destinationOffset, TO_MOBILE_NODE);
    }
  }

  #find(offset: number, version: 4 | 6): number {
    const { bytes } = this.#cursor;
    const index = this.#homeAddresses.find(bytes, offset, version);
    if (index >= 0 || version === 4) return index;
    for (const { bits, table } of this.#prefixTables) {
      const owner = table.find(bytes, offset, 6, bits);
      if (owner >= 0) return owner;
    }
    return NONE;
  }

  #goesToHomeAgent(index: number): boolean {
    const { bytes, tunnels, tunnelCount } = this.#cursor;
    const { homeAgentOuter } = this.#sessions[index];
    return homeAgentOuter === undefined ||
      equals(homeAgentOuter, bytes, tunnels[tunnelCount - 1].destinationOffset);
  }

  /** A tunnel between two that have not registered yet in this capture: either may be a mobile node. */
  #countEarly(offset: number, direction: Direction): void {
    const { bytes } = this.#cursor;
    let index = this.#early.find(bytes, offset, 6);
    if (index < 0) {
      index = this.#earlyFlows.length;
      if (!this.#early.set(bytes, offset, 6, index)) return;
      this.#earlyFlows.push(new DataFlow());
    }
    this.#count(this.#earlyFlows[index], direction);
  }

  #count(flow: DataFlow, direction: Direction): void {
    const cursor = this.#cursor;
    const { tunnels, tunnelCount, ipVersion } = cursor;
    const innerStart = cursor.sourceOffset - SOURCE_AT[ipVersion as 4 | 6];
    const outerStart = tunnelCount === 0
      ? innerStart
      : tunnels[0].sourceOffset - SOURCE_AT[tunnels[0].ipVersion];
    const encapsulation = this.#encapsulation();
    const overhead = innerStart - outerStart +
      (encapsulation === ROUTE_OPTIMIZED ? ROUTE_OPTIMIZATION_OCTETS : 0);
    flow.add(direction, encapsulation, cursor.end - outerStart, overhead, this.#seconds);
    if (!flow.plotted) return;
    const isUdp = cursor.nextRegistry === "udpPayload";
    const ports = isUdp ? cursor.sourcePort * 65_536 + cursor.destinationPort : NONE;
    const payload = isUdp ? cursor.offset : NONE;
    flow.addPoint(direction, encapsulation, this.#seconds, cursor.bytes, payload, cursor.limit, ports);
  }

  #encapsulation(): number {
    const { tunnels, tunnelCount, ipVersion, homeAddressOffset, routingHomeAddressOffset } = this.#cursor;
    if (tunnelCount === 0) {
      return homeAddressOffset === NONE && routingHomeAddressOffset === NONE
        ? NOT_TUNNELLED
        : ROUTE_OPTIMIZED;
    }
    const tunnel = tunnels[tunnelCount - 1];
    if (tunnel.kind === "UDP") return UDP;
    if (tunnel.ipVersion === 4) return ipVersion === 6 ? IPV6_IN_IPV4 : IPV4_IN_IPV4;
    return ipVersion === 6 ? IPV6_IN_IPV6 : IPV4_IN_IPV6;
  }
}
