import { formatIpv4, type Ipv4Address, parseIpv4 } from "../core/wire/address.ts";
import { cString, invalidInterfaceName } from "./c_string.ts";
import {
  adviseCapability,
  check,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EINTR,
  lastErrno,
  SystemError,
} from "./errno.ts";
import { closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";
import { attachSourceShare } from "./socket_filter.ts";

// <sys/socket.h>, <linux/in.h>, <asm-generic/socket.h>
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_IP = 0;
const IPPROTO_UDP = 17;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_BINDTODEVICE = 25;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const IP_HDRINCL = 3;
const IP_MTU_DISCOVER = 10;
const IP_RECVTOS = 13;
const IP_PMTUDISC_OMIT = 5;
// <linux/udp.h>
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;

const SOCKADDR_IN_OCTETS = 16;

/** struct sockaddr_in: family in host order, port and address in network order, 8 octets of zero. */
export function encodeSocketAddress(address: Ipv4Address, port: number): Uint8Array<ArrayBuffer> {
  const octets = parseIpv4(address);
  if (octets === undefined) throw new RangeError(`Not an IPv4 address: "${address}"`);
  const bytes = new Uint8Array(SOCKADDR_IN_OCTETS);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(octets, 4);
  return bytes;
}

export function decodeSocketAddress(bytes: Uint8Array): { address: Ipv4Address; port: number } {
  return { address: formatIpv4(bytes, 4), port: bytes[2] << 8 | bytes[3] };
}

export interface UdpSocketOptions {
  /** The address to bind to: always the care-of address, or the home agent's. */
  readonly address: Ipv4Address;
  /** 0 lets the kernel choose. */
  readonly port: number;
  /** Receive and send through this interface only. */
  readonly device?: string;
  readonly receiveBufferOctets: number;
  /** Let the kernel give several datagrams of one sender and length in one read (UDP_GRO): see UdpSocket. */
  readonly receiveMerged?: boolean;
  /** The port is that of a socket of ours that shares it: see sharePort(). */
  readonly isShared?: boolean;
}

export interface UdpSocket {
  readonly fileDescriptor: number;
  /** The port that it has got. */
  readonly port: number;
  /** What the kernel granted, octets of payload asked for: less than asked without CAP_NET_ADMIN. */
  readonly receiveBufferOctets: number;
  /** Can one message carry several datagrams that the kernel cuts (UDP_SEGMENT, Linux 4.18)? */
  readonly canSegment: boolean;
  /** Can one read give several datagrams (UDP_GRO, Linux 5.0)? False also where that was not asked for. */
  readonly canMerge: boolean;
}

/**
 * A non-blocking UDP socket over IPv4. The TOS octet comes with each received packet (IP_RECVTOS); packets
 * leave with DF clear and are fragmented where needed (static tunnel MTU, RFC 4213 section 3.2.1), whatever path MTU
 * an ICMP error names: anybody may have sent it (IP_PMTUDISC_OMIT, Linux 3.15).
 * @throws SystemError with what to do: port taken, address not of this host, no such device
 */
export function openUdpSocket(
  { address, port, device, receiveBufferOctets, receiveMerged = false, isShared = false }: UdpSocketOptions,
): UdpSocket {
  const fileDescriptor = check(
    libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP),
    "socket",
    "open a UDP socket",
  );
  return closingOnError(fileDescriptor, () => {
    if (device !== undefined) bindToDevice(fileDescriptor, device);
    setOption(fileDescriptor, IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS");
    setOption(fileDescriptor, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, "IP_MTU_DISCOVER");
    const granted = setReceiveBuffer(fileDescriptor, receiveBufferOctets);
    setSendBuffer(fileDescriptor, receiveBufferOctets);
    const canMerge = receiveMerged && hasOption(fileDescriptor, SOL_UDP, UDP_GRO, 1);
    if (isShared) sharePort(fileDescriptor);
    bindTo(fileDescriptor, address, port, `${address} port ${port}/udp`);
    return {
      fileDescriptor,
      port: boundAddress(fileDescriptor).port,
      receiveBufferOctets: granted,
      canSegment: hasOption(fileDescriptor, SOL_UDP, UDP_SEGMENT, 0),
      canMerge,
    };
  });
}

/** Lets other sockets of this user bind to the address and port of this one (SO_REUSEPORT). */
export function sharePort(fileDescriptor: number): void {
  setOption(fileDescriptor, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
}

export interface RawSocketOptions {
  /** IPv4 protocol number: 41 for IPv6 in IPv4, 4 for IPv4 in IPv4. */
  readonly protocol: number;
  /** Receives packets to this address only, and sends from it. */
  readonly address: Ipv4Address;
  readonly device?: string;
  readonly receiveBufferOctets: number;
  /** Of so many sockets like this one, it takes the packets whose source falls to number `index`. */
  readonly share?: { readonly index: number; readonly of: number };
}

/**
 * A non-blocking raw IPv4 socket: it receives and sends whole packets with their IPv4 header (IP_HDRINCL).
 * When sending, the kernel fills in total length and header checksum, and the identification where that
 * is 0; it never fragments: EMSGSIZE above the interface's MTU, and no ICMP error makes that less. (raw(7))
 * @throws SystemError with what to do
 */
export function openRawSocket(
  { protocol, address, device, receiveBufferOctets, share }: RawSocketOptions,
): { fileDescriptor: number; receiveBufferOctets: number } {
  const fileDescriptor = check(
    libc.socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
    "socket",
    `open a raw socket for protocol ${protocol}`,
    adviseCapability("CAP_NET_RAW"),
  );
  return closingOnError(fileDescriptor, () => {
    if (device !== undefined) bindToDevice(fileDescriptor, device);
    setOption(fileDescriptor, IPPROTO_IP, IP_HDRINCL, 1, "IP_HDRINCL");
    setOption(fileDescriptor, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, "IP_MTU_DISCOVER");
    const granted = setReceiveBuffer(fileDescriptor, receiveBufferOctets);
    setSendBuffer(fileDescriptor, receiveBufferOctets);
    if (share !== undefined && share.of > 1) attachSourceShare(fileDescriptor, share.index, share.of);
    bindTo(fileDescriptor, address, 0, `${address} protocol ${protocol}`);
    return { fileDescriptor, receiveBufferOctets: granted };
  });
}

/**
 * Sends one datagram. A failure is a value, because it is ordinary while a node moves: no route, address
 * gone, queue full (EAGAIN).
 * @returns undefined when the kernel took the datagram
 */
export function sendTo(
  fileDescriptor: number,
  bytes: Uint8Array,
  address: Ipv4Address,
  port: number,
): SystemError | undefined {
  const to = encodeSocketAddress(address, port);
  for (;;) {
    const sent = libc.sendto(
      fileDescriptor,
      bytes as Uint8Array<ArrayBuffer>,
      BigInt(bytes.length),
      0,
      to,
      SOCKADDR_IN_OCTETS,
    );
    if (sent >= 0) return undefined;
    const errno = lastErrno();
    if (errno !== EINTR) {
      return new SystemError("sendto", errno, `send ${bytes.length} octets to ${address} port ${port}`);
    }
  }
}

/** Receives one datagram into the buffer, from a socket of any family. Returns its octets; undefined when none is there. */
export function receive(fileDescriptor: number, buffer: Uint8Array<ArrayBuffer>): number | undefined {
  for (;;) {
    const octets = libc.recvfrom(fileDescriptor, buffer, BigInt(buffer.length), 0, null, null);
    if (octets >= 0) return octets;
    const errno = lastErrno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR) throw new SystemError("recvfrom", errno, "receive a datagram");
  }
}

/** Receive and send through this interface only. @throws RangeError, SystemError */
export function bindToDevice(fileDescriptor: number, device: string): void {
  const fault = invalidInterfaceName(device);
  if (fault !== undefined) throw new RangeError(`Cannot bind to an interface: the name "${device}" ${fault}`);
  const name = cString(device);
  check(
    libc.setsockopt(fileDescriptor, SOL_SOCKET, SO_BINDTODEVICE, name, name.length),
    "setsockopt SO_BINDTODEVICE",
    `bind a socket to interface ${device}`,
    adviseCapability("CAP_NET_RAW"),
  );
}

function bindTo(fileDescriptor: number, address: Ipv4Address, port: number, what: string): void {
  const attempt = `bind a socket to ${what}`;
  check(
    libc.bind(fileDescriptor, encodeSocketAddress(address, port), SOCKADDR_IN_OCTETS),
    "bind",
    attempt,
    adviseBind,
  );
}

/** What to do where a socket cannot be bound. */
export function adviseBind(errno: number): string | undefined {
  if (errno === EADDRINUSE) return "Another process has this port: see `ss -ulpn`";
  if (errno === EADDRNOTAVAIL) return "No interface of this host has the address: see `ip address`";
  return adviseCapability("CAP_NET_BIND_SERVICE")(errno);
}

function boundAddress(fileDescriptor: number): { address: Ipv4Address; port: number } {
  const bytes = new Uint8Array(SOCKADDR_IN_OCTETS);
  check(
    libc.getsockname(fileDescriptor, bytes, new Uint32Array([bytes.length])),
    "getsockname",
    "read the address of a socket",
  );
  return decodeSocketAddress(bytes);
}

/** Returns what was granted: the kernel keeps twice the value, for its own bookkeeping (socket(7)). */
export function setReceiveBuffer(fileDescriptor: number, octets: number): number {
  const value = new Int32Array([octets]);
  if (libc.setsockopt(fileDescriptor, SOL_SOCKET, SO_RCVBUFFORCE, value, 4) < 0) {
    setOption(fileDescriptor, SOL_SOCKET, SO_RCVBUF, octets, "SO_RCVBUF");
  }
  check(
    libc.getsockopt(fileDescriptor, SOL_SOCKET, SO_RCVBUF, value, new Uint32Array([4])),
    "getsockopt SO_RCVBUF",
    "read the size of a receive buffer",
  );
  return value[0] / 2;
}

/** Without CAP_NET_ADMIN, the system's maximum is what we get. */
export function setSendBuffer(fileDescriptor: number, octets: number): void {
  if (hasOption(fileDescriptor, SOL_SOCKET, SO_SNDBUFFORCE, octets)) return;
  setOption(fileDescriptor, SOL_SOCKET, SO_SNDBUF, octets, "SO_SNDBUF");
}

/** Sets an option that the kernel, or this process, may not have. */
function hasOption(fileDescriptor: number, level: number, option: number, value: number): boolean {
  return libc.setsockopt(fileDescriptor, level, option, new Int32Array([value]), 4) === 0;
}

export function setOption(
  fileDescriptor: number,
  level: number,
  option: number,
  value: number,
  name: string,
): void {
  check(
    libc.setsockopt(fileDescriptor, level, option, new Int32Array([value]), 4),
    `setsockopt ${name}`,
    `set the socket option ${name}`,
  );
}
