import { assignedOptionType } from "../inspect/mobility_names.ts";
import type { PacketCursor } from "../inspect/packet_cursor.ts";
import { NONE } from "../inspect/packet_cursor.ts";
import { MOBILITY_MESSAGES } from "../wire/mobility_message_table.ts";
import { MOBILITY_OPTIONS } from "../wire/mobility_option_table.ts";
import { MAXIMUM_PREFIXES } from "./limits.ts";

const HEAD_OCTETS = 6;
const PAD1 = 0;
const NAT_FORCE_UDP = 0x80;

const { bindingRefreshRequest, bindingUpdate, bindingAcknowledgement, bindingError } = MOBILITY_MESSAGES;
const FIXED_OCTETS: ReadonlyMap<number, number> = new Map(
  [bindingRefreshRequest, bindingUpdate, bindingAcknowledgement, bindingError].map((
    { type, fixedOctets },
  ) => [type, fixedOctets]),
);

export const MessageType = {
  refreshRequest: bindingRefreshRequest.type,
  update: bindingUpdate.type,
  acknowledgement: bindingAcknowledgement.type,
  error: bindingError.type,
} as const;

/**
 * What the sessions want to know of a mobility header, read where it stands: offsets into the packet, NONE for what
 * is not there. One object for a whole capture.
 */
export class Signalling {
  type = 0;
  checksum = 0;
  sequenceNumber = 0;
  /** Of an acknowledgement and of an error. */
  status = 0;
  lifetimeUnits = 0;
  acknowledge = false;
  homeRegistration = false;
  forceUdp = false;
  /** The home address inside of a Binding Error. */
  errorHomeAddressOffset = NONE;
  alternateCareOfAddressOffset = NONE;
  ipv4CareOfAddressOffset = NONE;
  ipv4HomeAddressOffset = NONE;
  identifierOffset = NONE;
  identifierEnd = NONE;
  bindingId = NONE;
  /** The care-of address inside of a Binding Identifier option, 4 or 16 octets. */
  bindingCareOfAddressOffset = NONE;
  bindingCareOfAddressOctets = 0;
  /** -1 without a NAT detection option. */
  natRefreshSeconds = NONE;
  natForceUdp = false;
  /** The care-of address that an update is about: of an option, or else where it comes from. */
  careOfAddressOffset = NONE;
  careOfAddressVersion: 4 | 6 = 6;
  prefixCount = 0;
  readonly prefixOffsets = new Int32Array(MAXIMUM_PREFIXES);
  readonly prefixLengths = new Int32Array(MAXIMUM_PREFIXES);

  /** Reads the mobility header at the cursor; false where it is none of the messages that make sessions, or is cut. */
  read(cursor: PacketCursor): boolean {
    const { bytes, offset, limit } = cursor;
    if (offset + HEAD_OCTETS + 2 > limit) return false;
    this.type = bytes[offset + 2];
    const fixedOctets = FIXED_OCTETS.get(this.type);
    const data = offset + HEAD_OCTETS;
    const end = Math.min(offset + 8 * (bytes[offset + 1] + 1), limit);
    if (fixedOctets === undefined || data + fixedOctets > end) return false;
    this.#clear();
    this.checksum = cursor.uint16(offset + 4);
    if (this.type === MessageType.update) this.#readUpdate(cursor, data);
    else if (this.type === MessageType.acknowledgement) this.#readAcknowledgement(cursor, data);
    else if (this.type === MessageType.error) {
      this.status = bytes[data];
      this.errorHomeAddressOffset = data + 2;
    }
    this.#readOptions(cursor, data + fixedOctets, end);
    if (this.type === MessageType.update) this.#chooseCareOfAddress(cursor);
    return true;
  }

  #clear(): void {
    this.status = 0;
    this.sequenceNumber = 0;
    this.lifetimeUnits = 0;
    this.errorHomeAddressOffset = NONE;
    this.alternateCareOfAddressOffset = NONE;
    this.ipv4CareOfAddressOffset = NONE;
    this.ipv4HomeAddressOffset = NONE;
    this.identifierOffset = NONE;
    this.bindingId = NONE;
    this.bindingCareOfAddressOffset = NONE;
    this.natRefreshSeconds = NONE;
    this.prefixCount = 0;
  }

  #readUpdate(cursor: PacketCursor, data: number): void {
    const flags = cursor.uint16(data + 2);
    this.sequenceNumber = cursor.uint16(data);
    this.acknowledge = (flags & 0x8000) !== 0;
    this.homeRegistration = (flags & 0x4000) !== 0;
    this.forceUdp = (flags & 0x0100) !== 0;
    this.lifetimeUnits = cursor.uint16(data + 4);
  }

  #readAcknowledgement(cursor: PacketCursor, data: number): void {
    this.status = cursor.bytes[data];
    this.sequenceNumber = cursor.uint16(data + 2);
    this.lifetimeUnits = cursor.uint16(data + 4);
  }

  #chooseCareOfAddress({ bytes, sourceOffset }: PacketCursor): void {
    if (this.bindingCareOfAddressOffset !== NONE) {
      this.#setCareOfAddress(this.bindingCareOfAddressOffset, this.bindingCareOfAddressOctets === 4 ? 4 : 6);
    } else if (this.ipv4CareOfAddressOffset !== NONE) this.#setCareOfAddress(this.ipv4CareOfAddressOffset, 4);
    else if (this.alternateCareOfAddressOffset !== NONE) {
      this.#setCareOfAddress(this.alternateCareOfAddressOffset, 6);
    } else this.#setCareOfAddress(sourceOffset, 6);
    const offset = this.careOfAddressOffset;
    if (this.careOfAddressVersion === 6 && isIpv4Mapped(bytes, offset)) {
      this.#setCareOfAddress(offset + 12, 4);
    }
  }

  #setCareOfAddress(offset: number, version: 4 | 6): void {
    this.careOfAddressOffset = offset;
    this.careOfAddressVersion = version;
  }

  #readOptions(cursor: PacketCursor, start: number, end: number): void {
    const { bytes } = cursor;
    for (let option = start; option + 1 < end;) {
      const type = bytes[option];
      if (type === PAD1) {
        option++;
        continue;
      }
      const data = option + 2;
      const octets = bytes[option + 1];
      if (data + octets > end) return;
      this.#readOption(cursor, assignedOptionType(type, cursor.legacy), data, octets);
      option = data + octets;
    }
  }

  #readOption(cursor: PacketCursor, type: number, data: number, octets: number): void {
    const { bytes } = cursor;
    switch (type) {
      case MOBILITY_OPTIONS.alternateCareOfAddress.type:
        if (octets === 16) this.alternateCareOfAddressOffset = data;
        return;
      case MOBILITY_OPTIONS.mobileNetworkPrefix.type:
        if (octets !== 18 || bytes[data + 1] > 128 || this.prefixCount === MAXIMUM_PREFIXES) return;
        this.prefixLengths[this.prefixCount] = bytes[data + 1];
        this.prefixOffsets[this.prefixCount++] = data + 2;
        return;
      case MOBILITY_OPTIONS.mobileNodeIdentifier.type:
        if (octets < 2 || this.identifierOffset !== NONE) return;
        this.identifierOffset = data + 1;
        this.identifierEnd = data + octets;
        return;
      case MOBILITY_OPTIONS.ipv4HomeAddress.type:
      case MOBILITY_OPTIONS.ipv4AddressAcknowledgement.type:
        if (octets === 6 && cursor.uint32(data + 2) !== 0) this.ipv4HomeAddressOffset = data + 2;
        return;
      case MOBILITY_OPTIONS.natDetection.type:
        if (octets !== 6) return;
        this.natForceUdp = (bytes[data] & NAT_FORCE_UDP) !== 0;
        this.natRefreshSeconds = cursor.uint32(data + 2);
        return;
      case MOBILITY_OPTIONS.ipv4CareOfAddress.type:
        if (octets === 6) this.ipv4CareOfAddressOffset = data + 2;
        return;
      case MOBILITY_OPTIONS.bindingIdentifier.type:
        if (octets < 4 || this.bindingId !== NONE) return;
        this.bindingId = cursor.uint16(data);
        if (octets !== 8 && octets !== 20) return;
        this.bindingCareOfAddressOffset = data + 4;
        this.bindingCareOfAddressOctets = octets - 4;
    }
  }
}

function isIpv4Mapped(bytes: Uint8Array, offset: number): boolean {
  for (let index = 0; index < 10; index++) if (bytes[offset + index] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}
