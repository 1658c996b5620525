import { NONE, PacketCursor } from "../inspect/packet_cursor.ts";
import { DSMIPV6_PORT } from "../wire/constants.ts";
import { formatIpv4, formatIpv6 } from "../wire/address.ts";
import {
  type AnyMobilityMessageEntry,
  fixedOctetsAt,
  mobilityMessageEntryAt,
} from "../wire/mobility_message_table.ts";

/** RFC 6275 6.1.1: what every mobility header begins with; the message data follow. */
const HEAD_OCTETS = 6;
const UNIT_OCTETS = 8;
const PAD1 = 0;

export const UPDATE = 5;
export const ACKNOWLEDGEMENT = 6;

/** Of a Binding Update's flags (RFC 6275 6.1.7, RFC 5213, RFC 5555 3.1.3). */
export const UpdateFlag = { acknowledge: 0x8000, home: 0x4000, proxy: 0x0200, forceUdp: 0x0100 } as const;
/** Of a Binding Acknowledgement's flags (RFC 5213). */
export const ACKNOWLEDGEMENT_PROXY_FLAG = 0x20;

/** Where a mobility option stands; padding counts as an option here. */
export interface OptionPlace {
  readonly type: number;
  /** Of the type octet, in the packet. */
  readonly offset: number;
  /** Of the data. */
  readonly data: number;
  readonly octets: number;
}

/** How the innermost IP packet with the mobility header came. */
export type Carriage = "ipv6" | "ipv4Udp" | "ipv4Plain" | "control";

/** What the rules look at: the cursor at one header of the packet, and the mobility header taken apart. */
export class LintView {
  readonly cursor = new PacketCursor();
  /** Of the packet, in milliseconds; undefined where the capture has no times. */
  timeMs: number | undefined;
  /** The header that the rules of its layer look at. */
  headerOffset = 0;
  /** Home Address options that the innermost IPv6 header has. */
  homeAddressOptions = 0;

  type = 0;
  /** One after the mobility header's last octet, as its length field says. */
  end = 0;
  /** Octets of the mobility header that the IP packet has room for. */
  room = 0;
  entry: AnyMobilityMessageEntry | undefined;
  /** Of the message data. */
  data = 0;
  /** The whole fixed part and all options are there. */
  readable = false;
  readonly options: OptionPlace[] = [];
  /** Of the option that goes past the end of the header; NONE when all fit. */
  brokenOption = NONE;

  /** Takes the mobility header at the cursor apart; false when less of it was captured than it says. */
  readMobilityHeader(): boolean {
    const { cursor, options } = this;
    const { bytes, offset } = cursor;
    options.length = 0;
    this.brokenOption = NONE;
    this.readable = false;
    this.room = cursor.end - offset;
    if (cursor.partial || cursor.limit < cursor.end || this.room < UNIT_OCTETS) return false;
    this.type = bytes[offset + 2];
    this.end = offset + UNIT_OCTETS * (bytes[offset + 1] + 1);
    this.data = offset + HEAD_OCTETS;
    if (this.end > cursor.limit) return true;
    this.entry = mobilityMessageEntryAt(bytes, offset);
    if (this.entry === undefined) return true;
    const start = this.data + fixedOctetsAt(this.entry, bytes, this.data);
    if (start > this.end) return true;
    this.readable = true;
    this.#readOptions(start);
    return true;
  }

  #readOptions(start: number): void {
    const { bytes } = this.cursor;
    for (let offset = start; offset < this.end;) {
      const type = bytes[offset];
      if (type === PAD1) {
        offset++;
        continue;
      }
      const data = offset + 2;
      if (data > this.end || data + bytes[offset + 1] > this.end) {
        this.brokenOption = offset;
        return;
      }
      const octets = bytes[offset + 1];
      this.options.push({ type, offset, data, octets });
      offset = data + octets;
    }
  }

  /** The first option of a type. */
  option(type: number): OptionPlace | undefined {
    return this.options.find((option) => option.type === type);
  }

  /** A Binding Update that can be read, from a mobile node itself: not from a proxy (RFC 5213). */
  get isUpdate(): boolean {
    return this.readable && this.type === UPDATE && (this.updateFlags & UpdateFlag.proxy) === 0;
  }

  /** As isUpdate, to a home agent. */
  get isHomeUpdate(): boolean {
    return this.isUpdate && (this.updateFlags & UpdateFlag.home) !== 0;
  }

  get isAcknowledgement(): boolean {
    return this.readable && this.type === ACKNOWLEDGEMENT &&
      (this.cursor.bytes[this.data + 1] & ACKNOWLEDGEMENT_PROXY_FLAG) === 0;
  }

  get updateFlags(): number {
    return this.cursor.uint16(this.data + 2);
  }

  /** Of a Binding Acknowledgement. */
  get status(): number {
    return this.cursor.bytes[this.data];
  }

  /** Of a Binding Update or Acknowledgement. */
  get sequenceNumber(): number {
    return this.cursor.uint16(this.type === UPDATE ? this.data : this.data + 2);
  }

  /** Of a Binding Update or Acknowledgement, in units of 4 s. */
  get lifetimeUnits(): number {
    return this.cursor.uint16(this.data + 4);
  }

  get carriage(): Carriage {
    const { cursor } = this;
    if (cursor.sourcePort !== NONE || cursor.ipVersion !== 6) return "control";
    if (cursor.tunnelCount === 0) return "ipv6";
    const outer = cursor.tunnels[cursor.tunnelCount - 1];
    if (outer.ipVersion === 6) return "ipv6";
    return outer.kind === "UDP" ? "ipv4Udp" : "ipv4Plain";
  }

  get overIpv4(): boolean {
    const { carriage } = this;
    return carriage === "ipv4Udp" || carriage === "ipv4Plain";
  }

  /** What vouches for the sender, as far as the capture shows it. */
  get authenticated(): boolean {
    return this.cursor.espSpi !== NONE || this.option(5) !== undefined || this.option(9) !== undefined;
  }

  /** The port that a tunnel's end at the home agent has to have. */
  get homeAgentPort(): number {
    return DSMIPV6_PORT;
  }

  ipv6(offset: number): string {
    return formatIpv6(this.cursor.bytes, offset);
  }

  ipv4(offset: number): string {
    return formatIpv4(this.cursor.bytes, offset);
  }
}
