import type { Encapsulation } from "../core/control/tunnel.ts";
import type { ReceivedDatagram, TunPacket } from "../core/forwarding/forwarder.ts";
import type { TunHeader } from "../core/forwarding/tun_header.ts";
import { formatIpv4, formatIpv6, type IpAddress, ipv4Octets, ipv6Octets } from "../core/wire/address.ts";
import * as map from "./memory_map.ts";

/** A datagram that the kernel would send. */
export interface SentDatagram {
  readonly bytes: Uint8Array;
  /** The slot in which the end of it lies. */
  readonly slot: number;
}

/** What one message to a socket becomes. */
export interface SentMessage {
  readonly address: IpAddress;
  /** 0 with a raw socket. */
  readonly port: number;
  readonly typeOfService: number;
  readonly datagrams: readonly SentDatagram[];
}

/** One write to the TUN device. */
export interface TunWrite {
  readonly header: TunHeader | undefined;
  readonly bytes: Uint8Array;
  /** Where the pieces of `bytes` lie: the first packet, and the payloads of those merged with it. */
  readonly places: readonly number[];
  /** What the forwarder would count if the kernel did not take it: packets, and their octets. */
  readonly packets: number;
  readonly innerOctets: number;
}

/** A stretch of the memory: struct iovec. */
interface Piece {
  readonly start: number;
  readonly octets: number;
}

const GSO_TYPES: Readonly<Record<TunHeader["segmentation"], number>> = {
  none: map.GSO_NONE,
  tcpv4: map.GSO_TCPV4,
  tcpv6: map.GSO_TCPV6,
  udp: map.GSO_UDP,
};
/** Where messages of each encapsulation come in. */
const RECEIVE_MESSAGES: Readonly<Record<Encapsulation, number>> = {
  udp: map.UDP_RECEIVE_MESSAGES,
  ipv6InIpv4: map.RAW_IPV4_RECEIVE_MESSAGES,
  ipv6InIpv6: map.RAW_IPV6_RECEIVE_MESSAGES,
};
const TCP_FLAGS_OFFSET = 13;
const TCP_CWR = 0x80;

/** The slot to which a place belongs, its headroom included. */
export function slotOf(place: number): number {
  return Math.floor((place - map.SLOTS) / map.SLOT_STRIDE);
}

/** Next header. */
const FRAGMENT = 44;
/** In the field of flags and offset. */
const IPV4_MORE_FRAGMENTS = 0x2000;

/** Where the packet of a slot begins. */
export function packetAt(slot: number): number {
  return map.SLOTS + map.HEADROOM + slot * map.SLOT_STRIDE;
}

/**
 * The kernel's side of the shared memory, without a kernel: writes what system calls would have left there, and reads
 * what they would take, with the checks that the kernel would make.
 */
export class KernelView {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  /** As read() from the TUN device leaves a packet. */
  placeTunPacket(slot: number, { bytes, header }: TunPacket): void {
    const octets = bytes.subarray(0, map.SLOT_CAPACITY);
    this.#bytes.set(octets, packetAt(slot));
    this.#view.setUint32(map.SLOT_LENGTHS + 4 * slot, octets.length, true);
    if (this.#hasTunHeader()) this.#placeTunHeader(packetAt(slot) - map.TUN_HEADER, header, octets);
    else if (header !== undefined) throw new Error("a TUN device without headers leaves nothing to do");
  }

  /** As recvmmsg() leaves a message. */
  placeDatagram(encapsulation: Encapsulation, slot: number, datagram: ReceivedDatagram): void {
    const octets = datagram.bytes.subarray(0, map.SLOT_CAPACITY);
    this.#bytes.set(octets, packetAt(slot));
    const message = RECEIVE_MESSAGES[encapsulation] + slot * map.MESSAGE_OCTETS;
    this.#view.setUint32(message + map.MESSAGE_LENGTH, octets.length, true);
    if (encapsulation === "udp") this.#placeNameAndControls(message, datagram);
    if (encapsulation === "ipv6InIpv6") this.#placeIpv6NameAndControls(message, datagram);
  }

  setClock(nowMs: number): void {
    this.#view.setBigInt64(map.CLOCK, BigInt(Math.floor(nowMs / 1000)), true);
    this.#view.setBigInt64(map.CLOCK + 8, BigInt(nowMs % 1000 * 1_000_000), true);
  }

  /** What sendmmsg() makes of a message to the UDP socket. */
  udpMessage(index: number): SentMessage {
    const message = map.UDP_SEND_MESSAGES + index * map.MESSAGE_OCTETS;
    const { typeOfService, segmentOctets } = this.#sendControls(message);
    const pieces = this.#messagePieces(message);
    const octets = pieces.reduce((sum, piece) => sum + piece.octets, 0);
    check(octets <= map.MESSAGE_MAXIMUM_OCTETS, "the message is too long");
    check(segmentOctets === undefined || segmentOctets < octets, "nothing to segment");
    const datagrams = this.#cut(pieces, segmentOctets ?? octets);
    check(datagrams.length <= map.MESSAGE_DATAGRAMS, "too many datagrams in a message");
    this.#checkNotes(map.UDP_SEND_NOTES + 8 * index, datagrams.length, octets);
    return { ...this.#name(message), typeOfService, datagrams };
  }

  /** What sendmmsg() makes of a message to the raw IPv4 socket. */
  rawIpv4Message(index: number): SentMessage {
    const message = map.RAW_IPV4_SEND_MESSAGES + index * map.MESSAGE_OCTETS;
    const [datagram] = this.#cut(this.#messagePieces(message), Infinity);
    const { bytes } = datagram;
    this.#checkNotes(map.RAW_IPV4_SEND_NOTES + 8 * index, ...innerPacketIn(bytes));
    const datagrams = [{ bytes, slot: this.#slotOf(message, datagram) }];
    return { ...this.#name(message), typeOfService: bytes[1], datagrams };
  }

  /** What sendmmsg() makes of a message to the raw IPv6 socket. */
  rawIpv6Message(index: number): SentMessage {
    const message = map.RAW_IPV6_SEND_MESSAGES + index * map.MESSAGE_OCTETS;
    const [datagram] = this.#cut(this.#messagePieces(message), Infinity);
    const { bytes } = datagram;
    this.#checkNotes(map.RAW_IPV6_SEND_NOTES + 8 * index, ...innerPacketIn(bytes));
    const typeOfService = (bytes[0] & 0x0f) << 4 | bytes[1] >> 4;
    const datagrams = [{ bytes, slot: this.#slotOf(message, datagram) }];
    return { address: this.#ipv6Name(message), port: 0, typeOfService, datagrams };
  }

  /** The first of two fragments may consist of copied headers alone: it is of the slot that the second is of. */
  #slotOf(message: number, { bytes, slot }: SentDatagram): number {
    const [lostPackets] = innerPacketIn(bytes);
    if (lostPackets > 0) return slot;
    return this.#cut(this.#messagePieces(message + map.MESSAGE_OCTETS), Infinity)[0].slot;
  }

  /** What writev() hands to the TUN device. */
  tunWrite(index: number): TunWrite {
    const vectors = map.TUN_WRITE_VECTORS + index * map.TUN_WRITE_VECTORS_OCTETS;
    const notes = map.TUN_WRITE_NOTES + index * map.NOTE_OCTETS;
    const pieces = this.#pieces(vectors, this.#view.getUint32(notes + map.NOTE_VECTOR_COUNT, true));
    const headerPiece = this.#hasTunHeader() ? pieces.shift() : undefined;
    check(
      headerPiece === undefined || headerPiece.octets === map.TUN_HEADER,
      "not a header of the TUN device",
    );
    const bytes = this.#gather(pieces);
    const header = headerPiece && this.#readTunHeader(headerPiece.start);
    check(header === undefined || header.headersLength <= bytes.length, "headers go past the end");
    return {
      header,
      bytes,
      places: pieces.map(({ start }) => start),
      packets: this.#view.getUint32(notes + map.NOTE_PACKETS, true),
      innerOctets: this.#view.getUint32(notes + map.NOTE_INNER_OCTETS, true),
    };
  }

  #hasTunHeader(): boolean {
    return this.#view.getUint32(map.TUN_HEADER_OCTETS, true) !== 0;
  }

  #placeTunHeader(at: number, header: TunHeader | undefined, packet: Uint8Array): void {
    const view = this.#view;
    this.#bytes.fill(0, at, at + map.TUN_HEADER);
    if (header === undefined) return;
    const { segmentation, checksumStart } = header;
    const isTcp = segmentation === "tcpv4" || segmentation === "tcpv6";
    const hasCwr = isTcp && (packet[checksumStart + TCP_FLAGS_OFFSET] & TCP_CWR) !== 0;
    view.setUint8(at + map.TUN_FLAGS, header.needsChecksum ? map.TUN_NEEDS_CHECKSUM : 0);
    view.setUint8(at + map.TUN_GSO_TYPE, GSO_TYPES[segmentation] | (hasCwr ? map.GSO_ECN : 0));
    view.setUint16(at + map.TUN_HEADERS_LENGTH, header.headersLength, true);
    view.setUint16(at + map.TUN_GSO_SIZE, header.segmentOctets, true);
    view.setUint16(at + map.TUN_CHECKSUM_START, checksumStart, true);
    view.setUint16(at + map.TUN_CHECKSUM_OFFSET, header.checksumOffset, true);
  }

  #readTunHeader(at: number): TunHeader | undefined {
    const view = this.#view;
    if (this.#bytes.subarray(at, at + map.TUN_HEADER).every((octet) => octet === 0)) return undefined;
    const type = view.getUint8(at + map.TUN_GSO_TYPE);
    const found = Object.entries(GSO_TYPES).find(([, value]) => value === type);
    if (found === undefined) throw new Error(`no such segmentation: ${type}`);
    return {
      needsChecksum: view.getUint8(at + map.TUN_FLAGS) === map.TUN_NEEDS_CHECKSUM,
      segmentation: found[0] as TunHeader["segmentation"],
      headersLength: view.getUint16(at + map.TUN_HEADERS_LENGTH, true),
      segmentOctets: view.getUint16(at + map.TUN_GSO_SIZE, true),
      checksumStart: view.getUint16(at + map.TUN_CHECKSUM_START, true),
      checksumOffset: view.getUint16(at + map.TUN_CHECKSUM_OFFSET, true),
    };
  }

  #placeNameAndControls(message: number, { source, typeOfService, datagramOctets }: ReceivedDatagram): void {
    const view = this.#view;
    const name = this.#pointer(message + map.MESSAGE_NAME);
    view.setUint16(name + map.NAME_PORT, source.port);
    this.#bytes.set(ipv4Octets(source.address), name + map.NAME_ADDRESS);
    const control = this.#controlReady(message);
    this.#placeControl(control, map.IPPROTO_IP, map.IP_TOS, 1);
    view.setUint8(control + map.CONTROL_DATA, typeOfService);
    const hasSeveral = datagramOctets !== undefined;
    if (hasSeveral) {
      this.#placeControl(control + map.CONTROL_SPACE, map.SOL_UDP, map.UDP_GRO, 4);
      view.setInt32(control + map.CONTROL_SPACE + map.CONTROL_DATA, datagramOctets, true);
    }
    const used = BigInt(map.CONTROL_SPACE * (hasSeveral ? 2 : 1));
    view.setBigUint64(message + map.MESSAGE_CONTROL_LENGTH, used, true);
  }

  #placeIpv6NameAndControls(message: number, { source, typeOfService }: ReceivedDatagram): void {
    const name = this.#pointer(message + map.MESSAGE_NAME);
    this.#bytes.set(ipv6Octets(source.address), name + map.NAME_IPV6_ADDRESS);
    const control = this.#controlReady(message);
    this.#placeControl(control, map.IPPROTO_IPV6, map.IPV6_TCLASS, 4);
    this.#view.setInt32(control + map.CONTROL_DATA, typeOfService, true);
    this.#view.setBigUint64(message + map.MESSAGE_CONTROL_LENGTH, BigInt(map.CONTROL_SPACE), true);
  }

  /** Where the control messages of a message go that is ready to receive. */
  #controlReady(message: number): number {
    const room = this.#pointer(message + map.MESSAGE_CONTROL_LENGTH);
    check(room === map.CONTROL_OCTETS, `message not ready to receive: room for ${room} octets`);
    return this.#pointer(message + map.MESSAGE_CONTROL);
  }

  #placeControl(control: number, level: number, type: number, octets: number): void {
    const view = this.#view;
    view.setBigUint64(control + map.CONTROL_LENGTH, BigInt(map.CONTROL_HEADER_OCTETS + octets), true);
    view.setUint32(control + map.CONTROL_LEVEL, level, true);
    view.setUint32(control + map.CONTROL_TYPE, type, true);
  }

  #name(message: number): { readonly address: IpAddress; readonly port: number } {
    const name = this.#pointer(message + map.MESSAGE_NAME);
    check(this.#view.getUint16(name + map.NAME_FAMILY, true) === map.AF_INET, "not AF_INET");
    return {
      address: formatIpv4(this.#bytes, name + map.NAME_ADDRESS),
      port: this.#view.getUint16(name + map.NAME_PORT),
    };
  }

  #ipv6Name(message: number): IpAddress {
    const name = this.#pointer(message + map.MESSAGE_NAME);
    check(this.#view.getUint16(name + map.NAME_FAMILY, true) === map.AF_INET6, "not AF_INET6");
    check(this.#pointer(message + map.MESSAGE_NAME_LENGTH) === map.NAME_IPV6_OCTETS, "not a sockaddr_in6");
    return formatIpv6(this.#bytes, name + map.NAME_IPV6_ADDRESS);
  }

  /** What the kernel would make of the control messages of a message to send. */
  #sendControls(message: number): { typeOfService: number; segmentOctets: number | undefined } {
    const view = this.#view;
    const found: { typeOfService: number; segmentOctets: number | undefined } = {
      typeOfService: 0,
      segmentOctets: undefined,
    };
    let at = this.#pointer(message + map.MESSAGE_CONTROL);
    const end = at + this.#pointer(message + map.MESSAGE_CONTROL_LENGTH);
    for (; at < end; at += map.CONTROL_SPACE) {
      const level = view.getUint32(at + map.CONTROL_LEVEL, true);
      const type = view.getUint32(at + map.CONTROL_TYPE, true);
      const octets = this.#pointer(at + map.CONTROL_LENGTH) - map.CONTROL_HEADER_OCTETS;
      if (level === map.IPPROTO_IP && type === map.IP_TOS && octets === 4) {
        found.typeOfService = view.getInt32(at + map.CONTROL_DATA, true);
      } else if (level === map.SOL_UDP && type === map.UDP_SEGMENT && octets === 2) {
        found.segmentOctets = view.getUint16(at + map.CONTROL_DATA, true);
      } else throw new Error(`a control message of level ${level}, type ${type}, ${octets} octets`);
    }
    check(at === end, "control messages go past their end");
    return found;
  }

  #checkNotes(notes: number, datagrams: number, innerOctets: number): void {
    const noted = [this.#view.getUint32(notes, true), this.#view.getUint32(notes + 4, true)];
    check(
      noted[0] === datagrams && noted[1] === innerOctets,
      `notes ${noted}, not ${datagrams},${innerOctets}`,
    );
  }

  #messagePieces(message: number): Piece[] {
    return this.#pieces(
      this.#pointer(message + map.MESSAGE_VECTORS),
      this.#pointer(message + map.MESSAGE_VECTOR_COUNT),
    );
  }

  #pieces(vectors: number, count: number): Piece[] {
    return Array.from({ length: count }, (_, index) => this.#piece(vectors + index * map.VECTOR_OCTETS));
  }

  #piece(vector: number): Piece {
    return {
      start: this.#pointer(vector + map.VECTOR_BASE),
      octets: this.#pointer(vector + map.VECTOR_LENGTH),
    };
  }

  /** Datagrams of so many octets; no piece belongs to two of them. */
  #cut(pieces: readonly Piece[], octets: number): SentDatagram[] {
    const datagrams: SentDatagram[] = [];
    for (let next = 0; next < pieces.length;) {
      const first = next;
      let found = 0;
      while (next < pieces.length && found < octets) found += pieces[next++].octets;
      check(found <= octets || octets === Infinity, "a piece belongs to two datagrams");
      datagrams.push({
        bytes: this.#gather(pieces.slice(first, next)),
        slot: slotOf(pieces[next - 1].start),
      });
    }
    return datagrams;
  }

  #gather(pieces: readonly Piece[]): Uint8Array {
    const whole = new Uint8Array(pieces.reduce((sum, { octets }) => sum + octets, 0));
    let at = 0;
    for (const { start, octets } of pieces) {
      whole.set(this.#bytes.subarray(start, start + octets), at);
      at += octets;
    }
    return whole;
  }

  /** A pointer or a length: 64 bits. */
  #pointer(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }
}

/**
 * Inner packets that are lost with an outer packet, and their octets: with the first of two fragments, none; with the last,
 * the whole packet.
 */
function innerPacketIn(outer: Uint8Array): [packets: number, octets: number] {
  if (outer[0] >> 4 === 4) {
    const field = outer[6] << 8 | outer[7];
    return field === IPV4_MORE_FRAGMENTS ? [0, 0] : [1, 8 * field + outer.length - 20];
  }
  if (outer[6] !== FRAGMENT) return [1, outer.length - 40];
  const field = outer[42] << 8 | outer[43];
  return field === 1 ? [0, 0] : [1, field + outer.length - 48];
}

function check(isRight: boolean, fault: string): void {
  if (!isRight) throw new Error(fault);
}
