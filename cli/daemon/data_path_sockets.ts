import {
  type Ipv4Address,
  type Ipv6Address,
  UNSPECIFIED_IPV4,
  UNSPECIFIED_IPV6,
} from "../../core/wire/address.ts";
import { addressKey, ipv4Word } from "../../wasm/forwarder_memory.ts";
import * as map from "../../wasm/memory_map.ts";

const NO_SOCKET = -1;

/** Sockets of one outer IPv4 address, non-blocking. */
export interface Ipv4Sockets {
  /** With IP_RECVTOS. */
  readonly udpFileDescriptor: number;
  /** Likewise, for mobility messages only: received from before the others. */
  readonly signallingFileDescriptor?: number;
  /** Protocol 41, with IP_HDRINCL. */
  readonly rawIpv6FileDescriptor: number;
  /** The same for protocol 4; left out, no IPv4 comes in without UDP. */
  readonly rawIpv4FileDescriptor?: number;
  /** Outer source of protocols 41 and 4: the care-of address, or the home agent's. */
  readonly outerSource: Ipv4Address;
  /** May messages to the UDP socket hold several datagrams (UDP_SEGMENT)? Default: no. */
  readonly canSegment?: boolean;
}

/** Sockets of one outer IPv6 address, non-blocking. */
export interface Ipv6Sockets {
  /** IPPROTO_RAW: whole packets. */
  readonly sendFileDescriptor: number;
  /** Protocols 41 and 4, with IPV6_RECVTCLASS. */
  readonly rawIpv6FileDescriptor: number;
  readonly rawIpv4FileDescriptor: number;
  /** The care-of address, or the home agent's. */
  readonly outerSource: Ipv6Address;
}

/** All sockets of a data path; none: what would leave is dropped (noSocket). */
export interface DataPathSockets {
  /** What packets over IPv4 and IPv6 leave by, and come in by. */
  readonly ipv4?: Ipv4Sockets;
  readonly ipv6?: Ipv6Sockets;
  /** Packets come in by these, too: of a care-of address that is being left. */
  readonly retiring?: Ipv4Sockets | Ipv6Sockets;
}

/** Names the sockets that the Worker is to take, as part of a command (map.COMMAND_*). */
export function writeSockets(memory: WebAssembly.Memory, sockets: DataPathSockets): void {
  const { ipv4, ipv6 } = sockets;
  const words = new Int32Array(memory.buffer);
  words[map.COMMAND_UDP_DESCRIPTOR / 4] = ipv4?.udpFileDescriptor ?? NO_SOCKET;
  words[map.COMMAND_RAW_IPV4_DESCRIPTOR / 4] = ipv4?.rawIpv6FileDescriptor ?? NO_SOCKET;
  words[map.COMMAND_OUTER_IPV4_SOURCE / 4] = ipv4Word(ipv4?.outerSource ?? UNSPECIFIED_IPV4);
  words[map.COMMAND_SOCKET_OFFLOADS / 4] = ipv4?.canSegment ? map.OFFLOAD_UDP_SEGMENT : 0;
  words[map.COMMAND_RAW_IPV6_DESCRIPTOR / 4] = ipv6?.sendFileDescriptor ?? NO_SOCKET;
  const octets = new Uint8Array(memory.buffer);
  octets.set(addressKey(ipv6?.outerSource ?? UNSPECIFIED_IPV6), map.COMMAND_OUTER_IPV6_SOURCE);
  const received = receivedFrom(sockets);
  words[map.COMMAND_RECEIVE_COUNT / 4] = received.length;
  for (const [index, [fileDescriptor, kind]] of received.entries()) {
    words.set([fileDescriptor, kind], (map.COMMAND_RECEIVE + index * map.RECEIVE_OCTETS) / 4);
  }
}

/** Descriptors and what is received from them (RECEIVE_*); sockets for signalling first. */
function receivedFrom({ ipv4, ipv6, retiring }: DataPathSockets): (readonly [number, number])[] {
  const all = [ipv4, ipv6, retiring].filter((sockets) => sockets !== undefined);
  return all.flatMap(descriptorsOf).filter(([fileDescriptor]) => fileDescriptor !== NO_SOCKET)
    .toSorted(([, one], [, other]) => one - other);
}

function descriptorsOf(sockets: Ipv4Sockets | Ipv6Sockets): (readonly [number, number])[] {
  if ("sendFileDescriptor" in sockets) {
    return [
      [sockets.rawIpv6FileDescriptor, map.RECEIVE_IPV6_IN_IPV6],
      [sockets.rawIpv4FileDescriptor, map.RECEIVE_IPV4_IN_IPV6],
    ];
  }
  return [
    [sockets.signallingFileDescriptor ?? NO_SOCKET, map.RECEIVE_SIGNALLING],
    [sockets.udpFileDescriptor, map.RECEIVE_UDP],
    [sockets.rawIpv6FileDescriptor, map.RECEIVE_RAW_IPV4],
    [sockets.rawIpv4FileDescriptor ?? NO_SOCKET, map.RECEIVE_RAW_IPV4],
  ];
}
