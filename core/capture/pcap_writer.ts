import type { CaptureTime } from "./captured_packet.ts";

/** How a pcap file is written; the defaults are what this machine's tools write: little endian, microseconds. */
export interface PcapFormat {
  /** A number of the LINKTYPE_ registry: see link_type.ts. */
  readonly linkType: number;
  readonly resolution?: "microseconds" | "nanoseconds";
  readonly byteOrder?: "littleEndian" | "bigEndian";
  /** Octets kept of each packet; longer ones are cut. Default 262144. */
  readonly snapLength?: number;
}

const DEFAULT_SNAP_LENGTH = 262_144;

/** The header that begins a pcap file: 24 octets, draft-ietf-opsawg-pcap section 4. */
export function encodePcapHeader(format: PcapFormat): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  const little = format.byteOrder !== "bigEndian";
  view.setUint32(0, format.resolution === "nanoseconds" ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, format.snapLength ?? DEFAULT_SNAP_LENGTH, little);
  view.setUint32(20, format.linkType, little);
  return header;
}

/** One packet with its record header: 16 octets and the packet, cut at the snap length. */
export function encodePcapRecord(format: PcapFormat, time: CaptureTime, packet: Uint8Array): Uint8Array {
  const captured = Math.min(packet.length, format.snapLength ?? DEFAULT_SNAP_LENGTH);
  const record = new Uint8Array(16 + captured);
  const view = new DataView(record.buffer);
  const little = format.byteOrder !== "bigEndian";
  const fraction = format.resolution === "nanoseconds"
    ? time.nanoseconds
    : Math.floor(time.nanoseconds / 1000);
  view.setUint32(0, time.seconds, little);
  view.setUint32(4, fraction, little);
  view.setUint32(8, captured, little);
  view.setUint32(12, packet.length, little);
  record.set(packet.subarray(0, captured), 16);
  return record;
}
