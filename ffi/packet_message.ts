import { libc } from "./libc.ts";

// <sys/socket.h>, <linux/if_packet.h>: what all packet sockets are opened with
export const AF_PACKET = 17;
export const SOL_PACKET = 263;
export const PACKET_ADD_MEMBERSHIP = 1;
export const PACKET_AUXDATA = 8;

// struct sockaddr_ll; struct packet_mreq; struct cmsghdr
export const SOCKADDR_LL_OCTETS = 20;
export const PACKET_MREQ_OCTETS = 16;
export const CONTROL_HEADER_OCTETS = 16;

// struct msghdr
const MSGHDR_OCTETS = 56;

/** The struct msghdr of a packet socket, which receives into the same places again and again. */
export class PacketMessage {
  /** The struct sockaddr_ll of the last packet. */
  readonly name = new Uint8Array(SOCKADDR_LL_OCTETS);
  readonly control: Uint8Array<ArrayBuffer>;
  readonly #vector: BigUint64Array<ArrayBuffer>;
  readonly #message = new Uint8Array(MSGHDR_OCTETS);
  readonly #view = new DataView(this.#message.buffer);

  /** @param buffer for the packet */
  constructor(buffer: Uint8Array<ArrayBuffer>, controlOctets: number) {
    this.control = new Uint8Array(controlOctets);
    this.#vector = new BigUint64Array([addressOf(buffer), BigInt(buffer.length)]);
  }

  /** Octets of the packet; negative on an error, which lastErrno() tells. */
  receive(fileDescriptor: number, flags: number): number {
    const view = this.#view;
    view.setBigUint64(0, addressOf(this.name), true);
    view.setUint32(8, SOCKADDR_LL_OCTETS, true);
    view.setBigUint64(16, addressOf(this.#vector), true);
    view.setBigUint64(24, 1n, true);
    view.setBigUint64(32, addressOf(this.control), true);
    view.setBigUint64(40, BigInt(this.control.length), true);
    return libc.recvmsg(fileDescriptor, this.#message, flags);
  }

  /** How much of `control` came with the last packet. */
  get controlOctets(): number {
    return Number(this.#view.getBigUint64(40, true));
  }
}

function addressOf(bytes: Uint8Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}
