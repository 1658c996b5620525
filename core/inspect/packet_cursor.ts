import { finishChecksum, onesComplementSum } from "../wire/checksum.ts";

import type { EspAssociation } from "./esp.ts";
import type { Reassembler } from "./reassembly.ts";

/** The tables that a layer may name to say what follows it: see registry.ts. */
export type RegistryName = "linkType" | "etherType" | "ipProtocol" | "udpPayload" | "laterFragment";

/** An IP header that carried another IP header: where its addresses lie, and how it carried. */
export interface Tunnel {
  kind: "UDP" | "41" | "4";
  ipVersion: 4 | 6;
  sourceOffset: number;
  destinationOffset: number;
  sourcePort: number;
  destinationPort: number;
}

/** What reads through fragments and encryption; to share by all that look at the same packets of one capture. */
export interface InspectionHelpers {
  readonly reassembler?: Reassembler;
  readonly espAssociations?: readonly EspAssociation[];
  /** See PacketCursor. */
  readonly legacy?: boolean;
}

/** Our own limit on headers in one packet, tunnels and extension headers together. */
export const MAXIMUM_LAYERS = 64;
/** A packet that an ICMP error quotes may be an ICMP error itself; deeper than this nobody looks. */
export const MAXIMUM_QUOTES = 2;

export const NONE = -1;

/** Two short addresses of IPv6 fit. */
const FIRST_ADDRESS_COLUMNS = 40;

/**
 * How far the inspection of one packet has come, and what the layers above have left for those below: one object
 * for a whole capture, because a million packets should not make ten million small ones. Offsets count octets in
 * `bytes`; NONE where there is nothing.
 */
export class PacketCursor {
  bytes: Uint8Array = new Uint8Array(0);
  /** The first octet of the layer that is next. */
  offset = 0;
  /** One after the last octet that this layer may have, as the headers above say; may lie beyond what was captured. */
  end = 0;
  /** One after the last octet that this layer may have and that was captured. */
  limit = 0;

  /** One after the last octet that the packet had when it was captured. */
  packetEnd = 0;

  nextRegistry: RegistryName = "linkType";
  nextNumber = 0;

  linkSourceOffset = NONE;
  linkDestinationOffset = NONE;
  vlan = NONE;

  /** The innermost IP header: 0 before the first. */
  ipVersion: 0 | 4 | 6 = 0;
  sourceOffset = NONE;
  destinationOffset = NONE;
  sourcePort = NONE;
  destinationPort = NONE;
  /** Of the Home Address option (RFC 6275 6.3) and of the type 2 routing header (6.4) of the innermost IP header. */
  homeAddressOffset = NONE;
  routingHomeAddressOffset = NONE;
  /** A routing header that still has to be processed and whose last address is not known: no checksum can be verified. */
  destinationUnknown = false;
  /** The fragment's offset in octets, NONE in a whole packet. */
  fragmentOffset = NONE;
  fragmentOctets = 0;
  fragmentIdentification = 0;
  moreFragments = false;
  /** Part of the packet is elsewhere (first fragment, or quoted by an ICMP error): lengths and checksums do not apply. */
  partial = false;

  /** Where fragments wait for one another; shared by all cursors that look at the same packets. */
  reassembler: Reassembler | undefined;
  /** How many fragments brought the octets that `bytes` holds now; 0 in a packet that came in one. */
  reassembledFrom = 0;

  /** Whose keys are known. */
  espAssociations: readonly EspAssociation[] = [];
  /** Of the innermost ESP header that could be read through. */
  espSpi = NONE;
  espSequenceNumber = 0;
  /** What was done last to get at the octets that `bytes` holds: "decrypted". */
  contentHow = "";

  /** The outer headers, the outermost first; only the first `tunnelCount` count. */
  readonly tunnels: Tunnel[] = [];
  tunnelCount = 0;

  /** The packet that an ICMP error quotes, from here up to `end`. */
  quoteOffset = NONE;
  /** The first thing that was wrong. */
  problem: string | undefined;
  /** Columns that source and destination take, so that the protocols of all lines stand below one another. */
  addressColumns = FIRST_ADDRESS_COLUMNS;
  /** The capture is from before RFC 5555: the codepoints of its drafts count, too. */
  legacy = false;
  /** The cursor for a quoted packet. */
  #quoted: PacketCursor | undefined;

  constructor(readonly quoteDepth = 0) {}

  use({ reassembler, espAssociations = [], legacy = false }: InspectionHelpers): void {
    this.legacy = legacy;
    this.reassembler = reassembler;
    this.espAssociations = espAssociations;
  }

  /** Begins another packet: `wireLength` octets long, of which `bytes` up to `limit` are there. */
  begin(
    bytes: Uint8Array,
    offset: number,
    limit: number,
    end: number,
    registry: RegistryName,
    number: number,
  ): void {
    this.bytes = bytes;
    this.offset = offset;
    this.limit = limit;
    this.end = end;
    this.packetEnd = end;
    this.linkSourceOffset = NONE;
    this.linkDestinationOffset = NONE;
    this.vlan = NONE;
    this.ipVersion = 0;
    this.sourceOffset = NONE;
    this.destinationOffset = NONE;
    this.sourcePort = NONE;
    this.destinationPort = NONE;
    this.homeAddressOffset = NONE;
    this.routingHomeAddressOffset = NONE;
    this.destinationUnknown = false;
    this.fragmentOffset = NONE;
    this.moreFragments = false;
    this.reassembledFrom = 0;
    this.espSpi = NONE;
    this.partial = this.quoteDepth > 0;
    this.tunnelCount = 0;
    this.quoteOffset = NONE;
    this.problem = undefined;
    this.follow(registry, number);
  }

  /** What comes at `offset`. */
  follow(registry: RegistryName, number: number): void {
    this.nextRegistry = registry;
    this.nextNumber = number;
  }

  /**
   * The layer that is next has these octets instead of those in the packet: they were in pieces, or encrypted.
   * `bytes` becomes the headers so far with them behind, so that all offsets stay right.
   */
  continueWith(content: Uint8Array, how: string): void {
    this.contentHow = how;
    const bytes = new Uint8Array(this.offset + content.length);
    bytes.set(this.bytes.subarray(0, this.offset));
    bytes.set(content, this.offset);
    this.bytes = bytes;
    this.end = bytes.length;
    this.limit = bytes.length;
    this.packetEnd = bytes.length;
  }

  /** Octets of the layer that were captured. */
  get available(): number {
    return Math.max(this.limit - this.offset, 0);
  }

  /** True when `octets` of the layer are there; otherwise says why not. */
  need(octets: number, what: string): boolean {
    if (this.offset + octets <= this.limit) return true;
    if (this.offset + octets > this.end && !this.partial) {
      this.complain(`${what} needs ${octets} bytes, ${Math.max(this.end - this.offset, 0)} are there`);
    }
    return false;
  }

  /** The layer says that it goes up to `end`, whatever comes behind is not its own (the padding of Ethernet). */
  narrow(end: number, what: string): void {
    if (end > this.end) {
      if (!this.partial) {
        this.complain(`${what} says ${end - this.offset} bytes, ${this.end - this.offset} are there`);
      }
      return;
    }
    this.end = end;
    this.limit = Math.min(this.limit, end);
  }

  complain(problem: string): void {
    this.problem ??= problem;
  }

  uint16(offset: number): number {
    return (this.bytes[offset] << 8) | this.bytes[offset + 1];
  }

  uint32(offset: number): number {
    const { bytes } = this;
    return ((bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) |
      bytes[offset + 3]) >>> 0;
  }

  /** An IP header begins; one that was there before becomes a tunnel. */
  enterIp(version: 4 | 6, sourceOffset: number, destinationOffset: number): void {
    if (this.ipVersion !== 0) this.#keepTunnel(version === 6 ? "41" : "4", this.ipVersion);
    this.ipVersion = version;
    this.sourceOffset = sourceOffset;
    this.destinationOffset = destinationOffset;
    this.sourcePort = NONE;
    this.destinationPort = NONE;
    this.homeAddressOffset = NONE;
    this.routingHomeAddressOffset = NONE;
    this.destinationUnknown = false;
  }

  #keepTunnel(protocol: "41" | "4", ipVersion: 4 | 6): void {
    const tunnel = this.tunnels[this.tunnelCount] ??= {
      kind: "UDP",
      ipVersion,
      sourceOffset: 0,
      destinationOffset: 0,
      sourcePort: 0,
      destinationPort: 0,
    };
    tunnel.kind = this.sourcePort === NONE ? protocol : "UDP";
    tunnel.ipVersion = ipVersion;
    tunnel.sourceOffset = this.sourceOffset;
    tunnel.destinationOffset = this.destinationOffset;
    tunnel.sourcePort = this.sourcePort;
    tunnel.destinationPort = this.destinationPort;
    this.tunnelCount++;
  }

  /** A cursor for the packet that this one quotes; undefined when that is too deep. */
  quote(): PacketCursor | undefined {
    if (this.quoteDepth >= MAXIMUM_QUOTES) return undefined;
    const quoted = this.#quoted ??= new PacketCursor(this.quoteDepth + 1);
    quoted.legacy = this.legacy;
    return quoted;
  }

  /** Whether all octets of the upper layer are there, so that a checksum over them says something. */
  get whole(): boolean {
    return !this.partial && this.limit === this.end && !this.destinationUnknown;
  }

  /**
   * The checksum that the upper layer from `offset` to `end` should carry at `checksumOffset`, with the pseudo-header
   * of RFC 8200 8.1 or RFC 768; the home address stands in it for the care-of address (RFC 6275 6.1.1).
   */
  upperLayerChecksum(protocol: number, checksumOffset: number): number {
    const { bytes } = this;
    const sum = onesComplementSum(bytes, this.offset, checksumOffset, this.pseudoHeaderSum(protocol));
    return finishChecksum(onesComplementSum(bytes, checksumOffset + 2, this.end, sum));
  }

  /** What goes into the checksum before the upper layer's own octets. */
  pseudoHeaderSum(protocol: number): number {
    const source = this.homeAddressOffset === NONE ? this.sourceOffset : this.homeAddressOffset;
    const destination = this.routingHomeAddressOffset === NONE
      ? this.destinationOffset
      : this.routingHomeAddressOffset;
    const octets = this.ipVersion === 6 ? 16 : 4;
    const { bytes } = this;
    const sum = onesComplementSum(bytes, source, source + octets, protocol + (this.end - this.offset));
    return onesComplementSum(bytes, destination, destination + octets, sum);
  }
}
