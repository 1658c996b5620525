import { adviseCapability, check, EAGAIN, EINTR, lastErrno, SystemError } from "./errno.ts";
import { closeFileDescriptor, closingOnError } from "./file_descriptor.ts";
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

// <sys/socket.h>, <linux/if_packet.h>
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const PACKET_MR_ALLMULTI = 2;
const TP_STATUS_CSUMNOTREADY = 0x8;
/** The interface is switched off, or has gone: told once, and receiving goes on when it is back. */
const ENETDOWN = 100;
const ENXIO = 6;

// struct sockaddr_ll: u16 family, u16 protocol (network order), s32 index, u16 hardware type, u8 packet type,
// u8 address length, 8 octets of address
const HARDWARE_ADDRESS_OFFSET = 12;
const HARDWARE_ADDRESS_OCTETS = 8;
const CONTROL_OCTETS = 64;

/** Octets of the largest packet that the kernel gives in one read (it joins what belongs together). */
const MAXIMUM_PACKET_OCTETS = 64 * 1024;

export interface NetworkLayerSocketOptions {
  /** EtherType of <linux/if_ether.h>; 3 (ETH_P_ALL) for all. */
  readonly etherType: number;
  /** 0 for all interfaces. */
  readonly interfaceIndex: number;
  /** Receive all multicast of the link, not only that of groups which this host has joined. */
  readonly allMulticast?: boolean;
  readonly receiveBufferOctets: number;
  /** Attaches a packet filter, before the first packet comes. */
  readonly attachFilter: (fileDescriptor: number) => void;
}

/** A packet as a network layer socket received it. */
export interface NetworkLayerPacket {
  readonly etherType: number;
  readonly interfaceIndex: number;
  /** Six octets on Ethernet; none on a link without such addresses. */
  readonly sourceHardwareAddress: Uint8Array;
  /** From the network layer header on. A copy: it stays what it is. */
  readonly payload: Uint8Array;
  /** The sender's kernel left the transport checksum to a network card that there was not (virtual links). */
  readonly isChecksumMissing: boolean;
}

/** A non-blocking packet(7) socket for whole packets of the network layer, without their link header. */
export class NetworkLayerSocket implements Disposable {
  readonly fileDescriptor: number;
  readonly #interfaceIndex: number;
  readonly #buffer = new Uint8Array(MAXIMUM_PACKET_OCTETS);
  readonly #message = new PacketMessage(this.#buffer, CONTROL_OCTETS);
  readonly #nameView = new DataView(this.#message.name.buffer);

  /** @throws SystemError with what to do: no such interface, no permission */
  constructor(options: NetworkLayerSocketOptions) {
    const { etherType, interfaceIndex, allMulticast = false, receiveBufferOctets, attachFilter } = options;
    this.#interfaceIndex = interfaceIndex;
    // Protocol 0: nothing arrives before the filter is there and the socket is bound.
    this.fileDescriptor = check(
      libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
      "socket",
      "open a packet socket",
      adviseCapability("CAP_NET_RAW"),
    );
    closingOnError(this.fileDescriptor, () => {
      attachFilter(this.fileDescriptor);
      setReceiveBuffer(this.fileDescriptor, receiveBufferOctets);
      this.#setOption(PACKET_AUXDATA, new Uint8Array([1, 0, 0, 0]), "PACKET_AUXDATA");
      if (allMulticast) {
        const membership = new DataView(new ArrayBuffer(PACKET_MREQ_OCTETS));
        membership.setInt32(0, interfaceIndex, true);
        membership.setUint16(4, PACKET_MR_ALLMULTI, true);
        this.#setOption(PACKET_ADD_MEMBERSHIP, new Uint8Array(membership.buffer), "PACKET_ADD_MEMBERSHIP");
      }
      const address = linkLayerAddress(etherType, interfaceIndex, new Uint8Array());
      check(
        libc.bind(this.fileDescriptor, address, address.length),
        "bind",
        `bind a packet socket to interface ${interfaceIndex}`,
      );
    });
  }

  /**
   * The next packet that waits; undefined when none does, or the interface has just gone down.
   * @throws SystemError
   */
  receive(): NetworkLayerPacket | undefined {
    for (;;) {
      const octets = this.#message.receive(this.fileDescriptor, 0);
      if (octets >= 0) return this.#describe(octets);
      const errno = lastErrno();
      if (errno === EAGAIN || errno === ENETDOWN || errno === ENXIO) return undefined;
      if (errno !== EINTR) throw new SystemError("recvmsg", errno, "receive from a packet socket");
    }
  }

  /**
   * Sends a whole network layer packet to a neighbour. A failure is a value, because it is ordinary while a node moves:
   * interface down or gone, queue full.
   */
  send(
    { etherType, destinationHardwareAddress, payload }: {
      readonly etherType: number;
      readonly destinationHardwareAddress: Uint8Array;
      readonly payload: Uint8Array;
    },
  ): SystemError | undefined {
    const to = linkLayerAddress(etherType, this.#interfaceIndex, destinationHardwareAddress);
    const bytes = payload as Uint8Array<ArrayBuffer>;
    for (;;) {
      if (libc.sendto(this.fileDescriptor, bytes, BigInt(bytes.length), 0, to, to.length) >= 0) {
        return undefined;
      }
      const errno = lastErrno();
      if (errno !== EINTR) return new SystemError("sendto", errno, `send ${bytes.length} octets on the link`);
    }
  }

  close(): void {
    closeFileDescriptor(this.fileDescriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #describe(octets: number): NetworkLayerPacket {
    const start = HARDWARE_ADDRESS_OFFSET;
    const addressOctets = Math.min(this.#message.name[11], HARDWARE_ADDRESS_OCTETS);
    return {
      etherType: this.#nameView.getUint16(2),
      interfaceIndex: this.#nameView.getInt32(4, true),
      sourceHardwareAddress: this.#message.name.slice(start, start + addressOctets),
      payload: this.#buffer.slice(0, octets),
      isChecksumMissing: this.#isChecksumMissing(),
    };
  }

  /** The only control message is PACKET_AUXDATA: a struct tpacket_auxdata, which begins with its status. */
  #isChecksumMissing(): boolean {
    if (this.#message.controlOctets < CONTROL_HEADER_OCTETS + 4) return false;
    const status = new DataView(this.#message.control.buffer).getUint32(CONTROL_HEADER_OCTETS, true);
    return (status & TP_STATUS_CSUMNOTREADY) !== 0;
  }

  #setOption(option: number, value: Uint8Array<ArrayBuffer>, name: string): void {
    check(
      libc.setsockopt(this.fileDescriptor, SOL_PACKET, option, value, value.length),
      `setsockopt ${name}`,
      `set the socket option ${name}`,
    );
  }
}

function linkLayerAddress(
  etherType: number,
  interfaceIndex: number,
  hardwareAddress: Uint8Array,
): Uint8Array<ArrayBuffer> {
  if (hardwareAddress.length > HARDWARE_ADDRESS_OCTETS) {
    throw new RangeError(`Not a hardware address: ${hardwareAddress.length} octets`);
  }
  const bytes = new Uint8Array(SOCKADDR_LL_OCTETS);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, etherType);
  view.setInt32(4, interfaceIndex, true);
  bytes[11] = hardwareAddress.length;
  bytes.set(hardwareAddress, HARDWARE_ADDRESS_OFFSET);
  return bytes;
}
