import { encodeDelegationPacket } from "../../core/control/delegation/delegation_packet.ts";
import type { Ipv6Address } from "../../core/wire/address.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import type { EspSignalling } from "./esp_signalling.ts";
import type { Log } from "./log.ts";

export interface ProtectedDelegationOptions {
  /** Of the packets: the home address, or the home agent's address. */
  readonly source: Ipv6Address;
  /** What routing rules look at: an address of the TUN device, or the unspecified one. */
  readonly boundTo: Ipv6Address;
  readonly tun: string;
  readonly bufferOctets: number;
  readonly esp: EspSignalling;
  readonly log: Log;
}

/** Sends DHCPv6 of prefix delegation into the tunnel under ESP, in transport mode (RFC 6276 section 4). */
export class ProtectedDelegation implements Disposable {
  readonly #options: ProtectedDelegationOptions;
  readonly #sender: number;

  /** @throws SystemError: no such address or device, no permission */
  constructor(options: ProtectedDelegationOptions) {
    const { boundTo: address, tun: device, bufferOctets } = options;
    this.#options = options;
    this.#sender = openRaw6Socket({ protocol: IPPROTO_RAW, address, device, bufferOctets });
  }

  /** What cannot be protected or the network refuses, retransmission makes good. */
  send(datagram: Uint8Array, destination: Ipv6Address): void {
    const { source, esp, log } = this.#options;
    const packet = encodeDelegationPacket({ source, destination, datagram });
    const sealed = esp.protect({ kind: "sendPacket", source, packet });
    if (sealed.kind === "report") return log.report(sealed);
    const fault = sendRaw6(this.#sender, sealed.packet, destination);
    if (fault !== undefined) log.warning("prefix delegation: not sent", { error: fault.message });
  }

  [Symbol.dispose](): void {
    closeFileDescriptor(this.#sender);
  }
}
