import type { CapturedPacket } from "../../capture/captured_packet.ts";
import { HOME_ADDRESS_ROUTING_TYPE, Ipv6OptionType } from "../../wire/constants.ts";
import { destinationOptions, hopByHopOptions, routingHeader } from "../extension_header.ts";
import { ICMP_HEADER_OCTETS } from "../icmp.ts";
import { icmpv4 } from "../icmpv4.ts";
import { icmpv6 } from "../icmpv6.ts";
import type { Layer } from "../layer.ts";
import { mobilityHeader } from "../mobility_header.ts";
import { type InspectionHelpers, MAXIMUM_LAYERS, NONE, PacketCursor } from "../packet_cursor.ts";
import { beginQuoted } from "../packet_line.ts";
import { nextLayer } from "../registry.ts";
import type { CaptureClock } from "./capture_clock.ts";
import { take, wanted } from "./field_slot.ts";
import type { FieldSlot, Slots, WantedPlace } from "./field_slot.ts";
import {
  HOME_ADDRESS_OPTION,
  HOME_AGENT_ADDRESS,
  ICMP_PLACES,
  IPV6_OPTION_LENGTH,
  IPV6_OPTION_TYPE,
  LAYER_PLACES,
  ROUTING_HOME_ADDRESS,
} from "./layer_fields.ts";
import { MobilityExtractor } from "./mobility_extractor.ts";
import { NEIGHBOR_OPTIONS_AT, NeighborOptionExtractor } from "./neighbor_fields.ts";

const ADDRESS_OCTETS = 16;
const TYPE_2_ROUTING_OCTETS = 24;
/** RFC 6275 6.6: the addresses of home agents follow the header. */
const AGENT_DISCOVERY_REPLY = 145;

/** Errors, whose data is the packet that caused them. */
const ICMPV4_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const ICMPV6_ERRORS: ReadonlySet<number> = new Set([1, 2, 3, 4]);

/**
 * Takes the fields that somebody asked for out of packets, and nothing else: one walk over the headers, no tree.
 * Which places to look at is settled beforehand, header by header.
 */
export class FieldExtractor {
  readonly slots: readonly FieldSlot[];
  readonly #cursor = new PacketCursor();
  readonly #frame: ReadonlyMap<string, FieldSlot>;
  readonly #layers: ReadonlyMap<Layer, readonly WantedPlace[]>;
  readonly #icmp: ReadonlyMap<Layer, ReadonlyMap<number, readonly WantedPlace[]>>;
  readonly #mobility: MobilityExtractor;
  readonly #neighborOptions: NeighborOptionExtractor;
  readonly #ipv6Option: readonly WantedPlace[];
  readonly #homeAddressOption: readonly WantedPlace[];
  readonly #routingHomeAddress: readonly WantedPlace[];
  readonly #homeAgentAddress: readonly WantedPlace[];

  /** No two slots for one field. */
  constructor(slotsInOrder: readonly FieldSlot[], helpers: InspectionHelpers = {}) {
    this.#cursor.use(helpers);
    this.slots = slotsInOrder;
    const slots: Slots = new Map(this.slots.map((slot) => [slot.spec.name, slot]));
    this.#frame = new Map([...slots].filter(([name]) => name.startsWith("frame.")));
    this.#layers = new Map([...LAYER_PLACES].map(([layer, places]) => [layer, wanted(places, slots)]));
    this.#icmp = new Map(
      [...ICMP_PLACES].map(([layer, messages]) => [
        layer,
        new Map([...messages].map(([type, places]) => [type, wanted(places, slots)])),
      ]),
    );
    this.#mobility = new MobilityExtractor(slots);
    this.#neighborOptions = new NeighborOptionExtractor(slots);
    this.#ipv6Option = wanted([IPV6_OPTION_TYPE, IPV6_OPTION_LENGTH], slots);
    this.#homeAddressOption = wanted([HOME_ADDRESS_OPTION], slots);
    this.#routingHomeAddress = wanted([ROUTING_HOME_ADDRESS], slots);
    this.#homeAgentAddress = wanted([HOME_AGENT_ADDRESS], slots);
  }

  /** Fills the slots with what this packet says; what they held before is gone. */
  read(packet: CapturedPacket, clock: CaptureClock): void {
    for (let index = 0; index < this.slots.length; index++) this.slots[index].count = 0;
    if (this.#frame.size > 0) this.#readFrame(packet, clock);
    const { bytes, number, time, originalLength, linkType } = packet;
    this.#cursor.reassembler?.startPacket(number, time?.seconds);
    this.#cursor.begin(bytes, 0, bytes.length, originalLength, "linkType", linkType);
    this.#walk(this.#cursor);
  }

  #readFrame(
    { number, bytes, originalLength, time }: CapturedPacket,
    clock: CaptureClock,
  ): void {
    const slots = this.#frame;
    slots.get("frame.number")?.add(bytes, number, 0);
    slots.get("frame.len")?.add(bytes, originalLength, 0);
    slots.get("frame.cap_len")?.add(bytes, bytes.length, 0);
    if (time === undefined) return;
    slots.get("frame.time_epoch")?.add(bytes, time.seconds, time.nanoseconds);
    slots.get("frame.time_relative")?.add(bytes, clock.relative.seconds, clock.relative.nanoseconds);
    slots.get("frame.time_delta")?.add(bytes, clock.delta.seconds, clock.delta.nanoseconds);
  }

  #walk(cursor: PacketCursor): void {
    for (let layers = 1; layers <= MAXIMUM_LAYERS; layers++) {
      const layer = nextLayer(cursor);
      const { bytes, offset, limit } = cursor;
      if (offset < limit) {
        const places = this.#layers.get(layer);
        if (places !== undefined && places.length > 0) take(places, bytes, offset, limit);
        if (layer === mobilityHeader) this.#mobility.read(bytes, offset, limit, cursor.legacy);
        else if (layer === destinationOptions || layer === hopByHopOptions) {
          this.#readIpv6Options(bytes, offset, limit);
        } else if (layer === routingHeader) this.#readRoutingHeader(bytes, offset, limit);
        else if (layer === icmpv4 || layer === icmpv6) return this.#readIcmp(cursor, layer);
      }
      if (layer.carry?.(cursor) !== true || isPieceOfWhole(cursor)) return;
    }
  }

  #readIcmp(cursor: PacketCursor, layer: Layer): void {
    const { bytes, offset, limit } = cursor;
    const type = bytes[offset];
    const places = this.#icmp.get(layer)?.get(type);
    if (places !== undefined) take(places, bytes, offset, limit);
    const optionsAt = layer === icmpv6 ? NEIGHBOR_OPTIONS_AT.get(type) : undefined;
    if (optionsAt !== undefined) this.#neighborOptions.read(bytes, offset + optionsAt, limit);
    const body = offset + ICMP_HEADER_OCTETS;
    if (layer === icmpv6 && type === AGENT_DISCOVERY_REPLY) {
      for (let at = body; at + ADDRESS_OCTETS <= limit; at += ADDRESS_OCTETS) {
        take(this.#homeAgentAddress, bytes, at, limit);
      }
    }
    if (!(layer === icmpv4 ? ICMPV4_ERRORS : ICMPV6_ERRORS).has(type) || body >= limit) return;
    const quoted = cursor.quote();
    if (quoted === undefined) return;
    cursor.quoteOffset = body;
    beginQuoted(cursor, quoted);
    this.#walk(quoted);
  }

  #readRoutingHeader(bytes: Uint8Array, offset: number, limit: number): void {
    const octets = 8 * (bytes[offset + 1] + 1);
    if (bytes[offset + 2] !== HOME_ADDRESS_ROUTING_TYPE || octets !== TYPE_2_ROUTING_OCTETS) return;
    take(this.#routingHomeAddress, bytes, offset, limit);
  }

  #readIpv6Options(bytes: Uint8Array, offset: number, limit: number): void {
    if (this.#ipv6Option.length === 0 && this.#homeAddressOption.length === 0) return;
    const end = Math.min(limit, offset + 8 * (bytes[offset + 1] + 1));
    for (let option = offset + 2; option < end;) {
      if (bytes[option] === Ipv6OptionType.pad1) {
        take(this.#ipv6Option, bytes, option, option + 1);
        option++;
        continue;
      }
      const next = option + 2 + bytes[option + 1];
      if (option + 2 > end || next > end) return;
      take(this.#ipv6Option, bytes, option, next);
      if (bytes[option] === Ipv6OptionType.homeAddress && next - option === ADDRESS_OCTETS + 2) {
        take(this.#homeAddressOption, bytes, option, next);
      }
      option = next;
    }
  }
}

/** A fragment that can be put together with others: what it holds is shown with the last of them, as tshark has it. */
function isPieceOfWhole({ fragmentOffset, quoteDepth, limit, end }: PacketCursor): boolean {
  return fragmentOffset !== NONE && quoteDepth === 0 && limit === end;
}
