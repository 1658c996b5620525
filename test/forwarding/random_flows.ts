import type { ReceivedDatagram, TunPacket } from "../../core/forwarding/forwarder.ts";
import type { TunHeader } from "../../core/forwarding/tun_header.ts";
import { concat, CORRESPONDENT, CORRESPONDENT_IPV4, extension, ipv4, ipv6, MOBILITY } from "./packets.ts";
import { HOME_ADDRESSES, IPV4_HOME_ADDRESSES, type Random, randomInner } from "./random_packets.ts";
import {
  ACK,
  damaged,
  FIN,
  icmp,
  type IpFields,
  partial,
  PSH,
  superPacket,
  tcp,
  type TcpFields,
  udp,
  type UdpFields,
  type Version,
} from "./transport_packets.ts";

const TIMESTAMPS = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2);
/** Payload octets of a full packet. */
const SIZES = [1, 40, 100, 100, 536, 1388];
const TCP_FLAGS = [ACK | FIN, ACK | FIN | PSH, 0x02, 0x04, ACK | 0x40, ACK | 0x80, ACK | 0x20, 0xff, 0];

export interface FlowOptions {
  /** To the mobile node, or from it. */
  readonly isToNode: boolean;
  /** Home addresses that the other side sends from, or to. */
  readonly isHomeAgent: boolean;
}

/** Packets of one TCP connection, of one stream of datagrams, or pings: as they would come, with some trouble. */
export class RandomFlow {
  readonly #random: Random;
  readonly #kind: "tcp" | "udp" | "icmp";
  readonly #version: Version;
  readonly #size: number;
  readonly #ports: { readonly sourcePort: number; readonly destinationPort: number };
  #ip: IpFields;
  #tcp: TcpFields = { flags: ACK };
  #sequence: number;
  #identification: number;

  constructor(random: Random, { isToNode, isHomeAgent }: FlowOptions) {
    this.#random = random;
    this.#kind = random.pick(["tcp", "tcp", "tcp", "udp", "udp", "icmp"]);
    this.#version = random.pick([4, 6]);
    this.#size = random.pick(SIZES);
    this.#ports = { sourcePort: random.pick([1, 4000, 4001]), destinationPort: random.pick([53, 80]) };
    this.#sequence = random.chance(20) ? 2 ** 32 - random.below(5000) : random.below(2 ** 32);
    this.#identification = random.below(65_536);
    const homeAddresses = this.#version === 6 ? HOME_ADDRESSES : IPV4_HOME_ADDRESSES;
    const node = isHomeAgent ? random.pick(homeAddresses) : homeAddresses[0];
    const peer = this.#version === 6 ? CORRESPONDENT : CORRESPONDENT_IPV4;
    this.#ip = {
      version: this.#version,
      source: isToNode ? peer : node,
      destination: isToNode ? node : peer,
      typeOfService: random.pick([0, 0, 1, 2, 3, 0xb8, 0xba]),
      timeToLive: 60,
      fragment: random.chance(70) ? 0x4000 : 0,
    };
  }

  /** The next packet as it comes out of a tunnel. */
  next(): Uint8Array {
    const random = this.#random;
    if (random.chance(3)) this.#changeIp();
    const packet = this.#kind === "tcp"
      ? this.#segment()
      : this.#kind === "udp"
      ? this.#datagram()
      : icmp(this.#header());
    return this.#spoil(packet);
  }

  /** The next packet as the kernel gives it to the TUN device's reader. */
  nextFromTun(): TunPacket {
    const random = this.#random;
    if (this.#kind === "icmp" || random.chance(30)) return { bytes: this.next() };
    const header = this.#header();
    const isLarge = random.chance(70);
    const payload = randomPayload(random, 1 + random.below(isLarge ? 30 * this.#size : this.#size));
    const flags = random.pick([ACK, ACK | PSH, ACK | PSH | FIN, ACK | 0x80, 0xff]);
    const whole = this.#kind === "tcp"
      ? tcp(header, { ...this.#tcp, ...this.#ports, sequence: this.#sequence, flags, payload })
      : udp(header, { ...this.#ports, payload });
    this.#sequence = (this.#sequence + payload.length) % 2 ** 32;
    const packet = isLarge ? superPacket(whole, this.#size) : partial(whole);
    return random.chance(96) ? packet : { bytes: packet.bytes, header: spoilHeader(random, packet.header) };
  }

  #header(): IpFields {
    const step = this.#random.chance(95) ? 1 : this.#random.below(3);
    this.#identification = this.#identification + step & 0xffff;
    return { ...this.#ip, identification: this.#identification };
  }

  #changeIp(): void {
    const random = this.#random;
    const changes: Partial<IpFields>[] = [
      { timeToLive: random.below(256) },
      { typeOfService: random.below(256) },
      { flowLabel: random.below(3) },
      { fragment: random.pick([0x4000, 0, 0x8000, 0xc000]) },
    ];
    this.#ip = { ...this.#ip, ...random.pick(changes) };
  }

  #segment(): Uint8Array {
    const random = this.#random;
    if (random.chance(2)) this.#tcp = { ...this.#tcp, acknowledgement: random.below(3) };
    if (random.chance(1)) this.#tcp = { ...this.#tcp, window: random.below(3) };
    if (random.chance(1)) {
      this.#tcp = { ...this.#tcp, options: random.pick([undefined, TIMESTAMPS, damaged(TIMESTAMPS, 7)]) };
    }
    const fields = { ...this.#tcp, ...this.#ports };
    if (random.chance(4)) {
      return tcp(this.#header(), { ...fields, sequence: this.#sequence, payload: new Uint8Array() });
    }
    const jump = random.chance(95) ? 0 : random.pick([-this.#size, this.#size, -1, 1]);
    const sequence = (this.#sequence + jump + 2 ** 32) % 2 ** 32;
    const flags = random.chance(93) ? ACK : random.chance(80) ? ACK | PSH : random.pick(TCP_FLAGS);
    const payload = randomPayload(random, random.chance(95) ? this.#size : random.below(this.#size + 2));
    this.#sequence = (sequence + payload.length) % 2 ** 32;
    return tcp(this.#header(), { ...fields, sequence, flags, payload });
  }

  #datagram(): Uint8Array {
    const random = this.#random;
    const payload = randomPayload(random, random.chance(92) ? this.#size : random.below(this.#size + 2));
    const fields: UdpFields = { ...this.#ports, payload };
    if (random.chance(1)) {
      return udp(this.#header(), { ...fields, length: random.below(payload.length + 20) });
    }
    const packet = udp(this.#header(), fields);
    if (random.chance(2)) packet.set([0, 0], packet.length - payload.length - 2);
    return packet;
  }

  /** Most packets stay as they are. */
  #spoil(packet: Uint8Array): Uint8Array {
    const random = this.#random;
    if (random.chance(94)) return packet;
    const headerOctets = this.#version === 6 ? 40 : 20;
    const upper = packet.subarray(headerOctets);
    const ip = this.#header();
    switch (random.below(7)) {
      case 0:
        return damaged(packet, random.below(packet.length));
      case 1:
        return damaged(packet, this.#version === 6 ? 7 : 10);
      case 2:
        return Uint8Array.of(packet[0] & 0xf0 | random.below(16), ...packet.subarray(1));
      case 3:
        return concat(packet, random.octets(random.below(4)));
      case 4:
        return packet.subarray(0, random.below(packet.length + 1));
      case 5:
        return this.#version === 6
          ? ipv6Extended(packet, random.pick([0, 43, 44, 51, 60]))
          : ipv4({ ...ip, protocol: packet[9], options: Uint8Array.of(1, 1, 1, 0), payload: upper });
      default:
        return this.#version === 6
          ? packet
          : ipv4({ ...ip, protocol: packet[9], fragment: random.pick([0x2000, 0x2001, 1]), payload: upper });
    }
  }
}

/** With an extension header in front of the upper layer. */
function ipv6Extended(packet: Uint8Array, type: number): Uint8Array {
  const bytes = concat(packet.subarray(0, 40), extension(packet[6], 8, packet.subarray(40)));
  bytes[6] = type;
  new DataView(bytes.buffer).setUint16(4, bytes.length - 40);
  return bytes;
}

function spoilHeader(random: Random, header: TunHeader): TunHeader {
  const changes: Partial<TunHeader>[] = [
    { needsChecksum: false },
    { segmentation: random.pick(["none", "tcpv4", "tcpv6", "udp"]) },
    { segmentOctets: random.pick([0, 1, 2, 5000, 65_535]) },
    { checksumStart: random.pick([0, 19, 20, 24, 39, 40, 41, 100, 1500, 65_535]) },
    { checksumOffset: random.pick([0, 2, 6, 16, 17, 100, 65_535]) },
  ];
  return { ...header, ...random.pick(changes) };
}

let noise: Uint8Array | undefined;

function randomPayload(random: Random, octets: number): Uint8Array {
  noise ??= random.octets(1 << 17);
  const start = random.below(noise.length - octets);
  return noise.subarray(start, start + octets);
}

/** Packets of these flows, in runs, with some that come late, twice, or are no packets at all. */
export function mixed<Packet>(
  random: Random,
  flows: readonly RandomFlow[],
  count: number,
  next: (flow: RandomFlow) => Packet,
  junk: () => Packet,
): Packet[] {
  const packets: Packet[] = [];
  let flow = random.pick(flows);
  while (packets.length < count) {
    if (random.chance(20)) flow = random.pick(flows);
    if (random.chance(3)) packets.push(junk());
    else packets.push(next(flow));
    const last = packets.length - 1;
    const trouble = last === 0 ? 100 : random.below(100);
    if (trouble < 2) packets.push(packets[last]);
    else if (trouble < 4) packets.push(packets.splice(last - 1, 1)[0]);
  }
  return packets;
}

/** As the socket gives them: packets of one length that follow each other may come in one read (UDP_GRO). */
export function readsOf(
  random: Random,
  packets: readonly Uint8Array[],
  about: Omit<ReceivedDatagram, "bytes">,
): ReceivedDatagram[] {
  const reads: ReceivedDatagram[] = [];
  for (let next = 0; next < packets.length;) {
    const datagramOctets = packets[next].length;
    const read: Uint8Array[] = [packets[next++]];
    let isOpen = datagramOctets > 0 && random.chance(70);
    while (isOpen && next < packets.length && packets[next].length <= datagramOctets && read.length < 40) {
      isOpen = packets[next].length === datagramOctets;
      if (packets[next].length === 0) break;
      read.push(packets[next++]);
    }
    reads.push(
      read.length > 1 ? { ...about, bytes: concat(...read), datagramOctets } : { ...about, bytes: read[0] },
    );
  }
  return reads;
}

/** No packet of a flow: anything, or a mobility message that is too long to go up. */
export function junkPacket(random: Random, own: string): Uint8Array {
  if (random.chance(95)) return randomInner(random);
  return ipv6({
    destination: own,
    nextHeader: MOBILITY,
    payload: randomPayload(random, 3900 + random.below(400)),
  });
}
