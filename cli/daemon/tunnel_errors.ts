import { readTooBig } from "../../core/control/tunnel_path_mtu.ts";
import { TunnelErrorRelay } from "../../core/control/tunnel_error_relay.ts";
import type { Ipv6Address } from "../../core/wire/address.ts";
import { Icmpv6ErrorSocket } from "../../ffi/icmpv6_error_socket.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { messageOf } from "../output/fault.ts";
import { currentNow } from "./control_loop.ts";
import type { Log } from "./log.ts";
import type { TunnelMtus } from "./tunnel_mtus.ts";

/** Some errors at one time; of more than that, correspondents need not be told. */
const BUFFER_OCTETS = 64 * 1024;

export interface TunnelErrorsOptions {
  /** The home agent's. */
  readonly address: Ipv6Address;
  /** What tunnels there are, and what they carry. */
  readonly tunnelMtus: Pick<TunnelMtus, "isFor" | "learn">;
  /** Sends a whole IPv6 packet from that address. */
  readonly send: (packet: Uint8Array) => void;
  readonly log: Log;
}

/**
 * Listens for ICMPv6 errors from the tunnels over IPv6: learns what their paths carry, and tells the senders of the packets
 * in there.
 */
export class TunnelErrors implements AsyncDisposable {
  readonly #listener: NetworkLayerListener<Uint8Array>;

  /** @throws SystemError: no such address, no permission */
  constructor({ address, tunnelMtus, send, log }: TunnelErrorsOptions) {
    const relay = new TunnelErrorRelay(address, (farEnd, inner) => tunnelMtus.isFor(farEnd, inner));
    this.#listener = new NetworkLayerListener(new Icmpv6ErrorSocket(address, BUFFER_OCTETS), {
      onPacket: (message) => {
        const tooBig = readTooBig(message);
        if (tooBig !== undefined) tunnelMtus.learn(tooBig);
        const packet = relay.relay(message, currentNow().monotonicMs);
        if (packet !== undefined) send(packet);
      },
      onFailure: (error) =>
        log.error("errors from tunnels are not told any more", { error: messageOf(error) }),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener.close();
  }
}
