import { INTERFACE_NAME_OCTETS, interfaceRequest, invalidInterfaceName } from "./c_string.ts";
import { adviseCapability, check, EAGAIN, EINTR, ENODEV, lastErrno, SystemError } from "./errno.ts";
import { closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";
import {
  AF_PACKET,
  CONTROL_HEADER_OCTETS,
  PACKET_ADD_MEMBERSHIP,
  PACKET_AUXDATA,
  PACKET_MREQ_OCTETS,
  PacketMessage,
  SOCKADDR_LL_OCTETS,
  SOL_PACKET,
} from "./packet_message.ts";
import { setReceiveBuffer } from "./socket.ts";

// <sys/socket.h>, <linux/if_packet.h>, <linux/if_ether.h>, <linux/sockios.h>
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_TIMESTAMPNS = 35;
const PACKET_MR_PROMISC = 1;
const PACKET_STATISTICS = 6;
const PACKET_OUTGOING = 4;
const ETH_P_ALL = 3;
const MSG_TRUNC = 0x20;
const SIOCGIFINDEX = 0x8933;
const SIOCGIFHWADDR = 0x8927;
const TP_STATUS_VLAN_VALID = 0x10;
const TP_STATUS_VLAN_TPID_VALID = 0x40;

// Room for control messages.
const CONTROL_OCTETS = 256;

const ETHERNET_ADDRESSES_OCTETS = 12;
const VLAN_TAG_OCTETS = 4;
const VLAN_ETHER_TYPE = 0x8100;

/** ARPHRD_LOOPBACK of <linux/if_arp.h>: it sees every packet twice, once as sent. */
export const HARDWARE_LOOPBACK = 772;

/** What a packet socket received last. */
export interface ReceivedPacket {
  /** A view of the socket's buffer: valid until the next receive(). */
  bytes: Uint8Array;
  /** Octets on the wire. */
  originalLength: number;
  seconds: number;
  nanoseconds: number;
}

/**
 * A non-blocking packet(7) socket that sees all packets of one interface, with the kernel's time stamps; VLAN tags
 * that the kernel took off stand in their place again.
 */
export class PacketSocket {
  readonly fileDescriptor: number;
  /** ARPHRD_* of <linux/if_arp.h>. */
  readonly hardwareType: number;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #message: PacketMessage;
  readonly #controlView: DataView;
  readonly #received: ReceivedPacket;

  /**
   * @param maximumOctets longer packets are cut
   * @throws SystemError with what to do: no such interface, no permission
   */
  constructor(
    interfaceName: string,
    { maximumOctets, receiveBufferOctets }: {
      readonly maximumOctets: number;
      readonly receiveBufferOctets: number;
    },
  ) {
    const fault = invalidInterfaceName(interfaceName);
    if (fault !== undefined) {
      throw new RangeError(`Cannot capture: the interface name "${interfaceName}" ${fault}`);
    }
    // Room in front for a VLAN tag.
    this.#buffer = new Uint8Array(VLAN_TAG_OCTETS + maximumOctets);
    this.#received = { bytes: this.#buffer, originalLength: 0, seconds: 0, nanoseconds: 0 };
    this.#message = new PacketMessage(this.#buffer.subarray(VLAN_TAG_OCTETS), CONTROL_OCTETS);
    this.#controlView = new DataView(this.#message.control.buffer);
    // Protocol 0: nothing arrives before the socket is bound to its interface.
    this.fileDescriptor = check(
      libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
      "socket",
      `capture from ${interfaceName}`,
      adviseCapability("CAP_NET_RAW"),
    );
    this.hardwareType = closingOnError(
      this.fileDescriptor,
      () => this.#open(interfaceName, receiveBufferOctets),
    );
  }

  #open(interfaceName: string, receiveBufferOctets: number): number {
    const index = this.#ask(SIOCGIFINDEX, "SIOCGIFINDEX", interfaceName).getInt32(
      INTERFACE_NAME_OCTETS,
      true,
    );
    const hardwareType = this.#ask(SIOCGIFHWADDR, "SIOCGIFHWADDR", interfaceName)
      .getUint16(INTERFACE_NAME_OCTETS, true);
    setReceiveBuffer(this.fileDescriptor, receiveBufferOctets);
    this.#setOption(SOL_SOCKET, SO_TIMESTAMPNS, new Int32Array([1]), "SO_TIMESTAMPNS");
    this.#setOption(SOL_PACKET, PACKET_AUXDATA, new Int32Array([1]), "PACKET_AUXDATA");
    const membership = new DataView(new ArrayBuffer(PACKET_MREQ_OCTETS));
    membership.setInt32(0, index, true);
    membership.setUint16(4, PACKET_MR_PROMISC, true);
    this.#setOption(
      SOL_PACKET,
      PACKET_ADD_MEMBERSHIP,
      new Uint8Array(membership.buffer),
      "PACKET_ADD_MEMBERSHIP",
    );
    const address = new DataView(new ArrayBuffer(SOCKADDR_LL_OCTETS));
    address.setUint16(0, AF_PACKET, true);
    address.setUint16(2, ETH_P_ALL);
    address.setInt32(4, index, true);
    check(
      libc.bind(this.fileDescriptor, new Uint8Array(address.buffer), SOCKADDR_LL_OCTETS),
      "bind",
      `capture from ${interfaceName}`,
    );
    return hardwareType;
  }

  #ask(request: number, name: string, interfaceName: string): DataView {
    const bytes = interfaceRequest(interfaceName);
    check(
      libc.ioctl(this.fileDescriptor, request, bytes),
      `ioctl ${name}`,
      `capture from ${interfaceName}`,
      (errno) => errno === ENODEV ? "See `ip link` for the interfaces of this host" : undefined,
    );
    return new DataView(bytes.buffer);
  }

  #setOption(
    level: number,
    option: number,
    value: Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>,
    name: string,
  ) {
    check(
      libc.setsockopt(this.fileDescriptor, level, option, value, value.byteLength),
      `setsockopt ${name}`,
      `set the socket option ${name}`,
    );
  }

  /**
   * The next packet that waits; undefined when none does.
   * @throws SystemError, ENETDOWN when the interface went down
   */
  receive(): ReceivedPacket | undefined {
    for (;;) {
      const octets = this.#message.receive(this.fileDescriptor, MSG_TRUNC);
      if (octets < 0) {
        const errno = lastErrno();
        if (errno === EINTR) continue;
        if (errno === EAGAIN) return undefined;
        throw new SystemError("recvmsg", errno, "receive captured packets");
      }
      if (this.hardwareType === HARDWARE_LOOPBACK && this.#message.name[10] === PACKET_OUTGOING) continue;
      return this.#describe(octets);
    }
  }

  /** Packets that the kernel dropped because nobody fetched them, since the last call. */
  takeDropped(): number {
    const statistics = new Uint32Array(2);
    check(
      libc.getsockopt(this.fileDescriptor, SOL_PACKET, PACKET_STATISTICS, statistics, new Uint32Array([8])),
      "getsockopt PACKET_STATISTICS",
      "read the statistics of a packet socket",
    );
    return statistics[1];
  }

  #describe(octets: number): ReceivedPacket {
    const received = this.#received;
    const end = Math.min(VLAN_TAG_OCTETS + octets, this.#buffer.length);
    received.bytes = this.#buffer.subarray(VLAN_TAG_OCTETS, end);
    received.originalLength = octets;
    const view = this.#controlView;
    const controlEnd = this.#message.controlOctets;
    for (let at = 0; at + CONTROL_HEADER_OCTETS <= controlEnd;) {
      const length = Number(view.getBigUint64(at, true));
      if (length < CONTROL_HEADER_OCTETS) break;
      const level = view.getInt32(at + 8, true);
      const type = view.getInt32(at + 12, true);
      const data = at + CONTROL_HEADER_OCTETS;
      if (level === SOL_SOCKET && type === SO_TIMESTAMPNS) {
        received.seconds = Number(view.getBigInt64(data, true));
        received.nanoseconds = Number(view.getBigInt64(data + 8, true));
      } else if (level === SOL_PACKET && type === PACKET_AUXDATA) this.#restoreTag(data, end);
      at += length + (-length & 7);
    }
    return received;
  }

  /** struct tpacket_auxdata: status at 0, vlan_tci at 16, vlan_tpid at 18. */
  #restoreTag(auxiliary: number, end: number): void {
    const view = this.#controlView;
    const status = view.getUint32(auxiliary, true);
    if ((status & TP_STATUS_VLAN_VALID) === 0 || end < VLAN_TAG_OCTETS + ETHERNET_ADDRESSES_OCTETS) return;
    const protocol = (status & TP_STATUS_VLAN_TPID_VALID) !== 0
      ? view.getUint16(auxiliary + 18, true)
      : VLAN_ETHER_TYPE;
    const buffer = this.#buffer;
    buffer.copyWithin(0, VLAN_TAG_OCTETS, VLAN_TAG_OCTETS + ETHERNET_ADDRESSES_OCTETS);
    const tag = new DataView(buffer.buffer, ETHERNET_ADDRESSES_OCTETS, VLAN_TAG_OCTETS);
    tag.setUint16(0, protocol);
    tag.setUint16(2, view.getUint16(auxiliary + 16, true));
    this.#received.bytes = buffer.subarray(0, end);
    this.#received.originalLength += VLAN_TAG_OCTETS;
  }
}
