import type { SendPacket } from "../../core/control/action.ts";
import { formatIpv6, type Ipv6Address, type Ipv6Prefix, prefixContains } from "../../core/wire/address.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { mobilityContent, MobilitySocket } from "../../ffi/mobility_socket.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import { messageOf } from "../output/fault.ts";
import type { Log } from "./log.ts";

const NEXT_HEADER_OFFSET = 6;

export interface Ipv6SignallingOptions {
  /** Of this host: the home agent's, or a care-of address. */
  readonly address: Ipv6Address;
  /** The interface that packets leave by; left out, that of the route. */
  readonly device?: string;
  /**
   * A home agent's: a mobility message, sealed or not, for an address of the prefix leaves by this interface, wherever the
   * route of that address leads: a mobile node at home hears the answer while its binding stands (RFC 6275 section 10.3.2).
   */
  readonly homeLink?: { readonly interfaceName: string; readonly prefix: Ipv6Prefix };
  readonly bufferOctets: number;
  readonly log: Log;
  /** A whole IPv6 packet with a mobility header, or ESP of ours (setSpis), to that address. */
  readonly onPacket: (packet: Uint8Array) => void;
  /** The same with a message of home agent or prefix discovery (RFC 6275 sections 6.5 to 6.8). */
  readonly onDiscovery: (packet: Uint8Array) => void;
}

/** Mobility messages that travel natively over IPv6, to and from one address. */
export class Ipv6Signalling implements AsyncDisposable {
  readonly #options: Ipv6SignallingOptions;
  readonly #receiver: MobilitySocket;
  readonly #sender: number;
  /** Undefined: there is no home link. */
  readonly #homeSender: number | undefined;
  readonly #listener: NetworkLayerListener;

  /** @throws SystemError: no such address, no permission */
  constructor(options: Ipv6SignallingOptions) {
    const { address, device, homeLink, bufferOctets, log, onPacket, onDiscovery } = options;
    this.#options = options;
    using opened = new DisposableStack();
    const socket = opened.adopt(
      new MobilitySocket({ address, receiveBufferOctets: bufferOctets }),
      (socket) => socket.close(),
    );
    const openSender = (device: string | undefined) =>
      opened.adopt(
        openRaw6Socket({ protocol: IPPROTO_RAW, address, device, bufferOctets }),
        closeFileDescriptor,
      );
    this.#sender = openSender(device);
    this.#homeSender = homeLink && openSender(homeLink.interfaceName);
    opened.move();
    this.#receiver = socket;
    this.#listener = new NetworkLayerListener(socket, {
      onPacket: ({ payload }) =>
        mobilityContent(payload) === "discovery" ? onDiscovery(payload) : onPacket(payload),
      onFailure: (error) =>
        log.error("no mobility messages are received any more", { address, error: messageOf(error) }),
    });
  }

  /** ESP with one of these SPIs is ours from now on; none is at first. */
  setSpis(spis: ReadonlySet<number>): void {
    this.#receiver.setSpis(spis);
  }

  /** What the network refuses, retransmission makes good. */
  send({ source, packet }: SendPacket): void {
    const { address, homeLink, log } = this.#options;
    if (source !== address) return log.debug("dropped: no socket for this address", { source });
    const destination = formatIpv6(packet, 24);
    const nextHeader = packet[NEXT_HEADER_OFFSET];
    const isForHome = homeLink !== undefined &&
      (nextHeader === Protocol.mobilityHeader || nextHeader === Protocol.esp) &&
      prefixContains(homeLink.prefix, destination);
    const fault = sendRaw6(isForHome ? this.#homeSender! : this.#sender, packet, destination);
    if (fault !== undefined) log.warning("signalling not sent", { error: fault.message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close();
    closeFileDescriptor(this.#sender);
    if (this.#homeSender !== undefined) closeFileDescriptor(this.#homeSender);
  }
}
