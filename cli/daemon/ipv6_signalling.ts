import type { SendPacket } from "../../core/control/action.ts";
import { formatIpv6, type Ipv6Address } from "../../core/wire/address.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { mobilityContent, MobilitySocket } from "../../ffi/mobility_socket.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import { messageOf } from "../output/fault.ts";
import type { Log } from "./log.ts";

export interface Ipv6SignallingOptions {
  /** Of this host: the home agent's, or a care-of address. */
  readonly address: Ipv6Address;
  /** The interface that packets leave by; left out, that of the route. */
  readonly device?: string;
  readonly bufferOctets: number;
  readonly log: Log;
  /** A whole IPv6 packet with a mobility header, to that address. */
  readonly onPacket: (packet: Uint8Array) => void;
  /** The same with a message of home agent or prefix discovery (RFC 6275 sections 6.5 to 6.8). */
  readonly onDiscovery: (packet: Uint8Array) => void;
}

/** Mobility messages that travel natively over IPv6, to and from one address. */
export class Ipv6Signalling implements AsyncDisposable {
  readonly #options: Ipv6SignallingOptions;
  readonly #sender: number;
  readonly #listener: NetworkLayerListener;

  /** @throws SystemError: no such address, no permission */
  constructor(options: Ipv6SignallingOptions) {
    const { address, device, bufferOctets, log, onPacket, onDiscovery } = options;
    this.#options = options;
    const socket = new MobilitySocket({ address, receiveBufferOctets: bufferOctets });
    try {
      this.#sender = openRaw6Socket({ protocol: IPPROTO_RAW, address, device, bufferOctets });
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#listener = new NetworkLayerListener(socket, {
      onPacket: ({ payload }) =>
        mobilityContent(payload) === "discovery" ? onDiscovery(payload) : onPacket(payload),
      onFailure: (error) =>
        log.error("no mobility messages are received any more", { address, error: messageOf(error) }),
    });
  }

  /** What the network refuses, retransmission makes good. */
  send({ source, packet }: SendPacket): void {
    const { address, log } = this.#options;
    if (source !== address) return log.debug("dropped: no socket for this address", { source });
    const fault = sendRaw6(this.#sender, packet, formatIpv6(packet, 24));
    if (fault !== undefined) log.warning("signalling not sent", { error: fault.message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close();
    closeFileDescriptor(this.#sender);
  }
}
