import { homeAgentsAnycast } from "../../core/control/home_agent_discovery.ts";
import type { Ipv6Prefix } from "../../core/wire/address.ts";
import { AnycastAddress } from "../../ffi/anycast.ts";
import { interfaceIndexOf } from "../../ffi/interface_index.ts";
import { mobilityContent, MobilitySocket } from "../../ffi/mobility_socket.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { messageOf } from "../output/fault.ts";
import type { Log } from "./log.ts";

/** A few requests at one time. */
const BUFFER_OCTETS = 64 * 1024;

export interface HomeAgentsAnycastOptions {
  readonly homePrefix: Ipv6Prefix;
  /** The home link, or the TUN device of a virtual home network. */
  readonly interfaceName: string;
  readonly log: Log;
  readonly onDiscovery: (packet: Uint8Array) => void;
}

/** The Mobile IPv6 home agents anycast address of the home network, and what comes there (RFC 6275 section 10.5). */
export class HomeAgentsAnycast implements AsyncDisposable {
  readonly #address: AnycastAddress;
  readonly #listener: NetworkLayerListener;

  /** @throws SystemError: no such interface, no permission */
  constructor({ homePrefix, interfaceName, log, onDiscovery }: HomeAgentsAnycastOptions) {
    const address = homeAgentsAnycast(homePrefix);
    const interfaceIndex = interfaceIndexOf(interfaceName);
    using opened = new DisposableStack();
    this.#address = opened.use(new AnycastAddress({ address, interfaceIndex }));
    const socket = new MobilitySocket({ address, receiveBufferOctets: BUFFER_OCTETS });
    opened.move();
    this.#listener = new NetworkLayerListener(socket, {
      onPacket: ({ payload }) => {
        if (mobilityContent(payload) === "discovery") onDiscovery(payload);
      },
      onFailure: (error) =>
        log.error("home agent address discovery is not answered any more", { error: messageOf(error) }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close();
    this.#address[Symbol.dispose]();
  }
}
