import {
  DelegationServer,
  type DelegationServerAction,
  type DelegationServerEvent,
} from "../../core/control/delegation/server.ts";
import { readDelegationPacket } from "../../core/control/delegation/delegation_packet.ts";
import { duidOf } from "../../core/control/delegation/identifier.ts";
import type { DelegationWay } from "../../core/control/delegation/way.ts";
import type { HomeAgentSettings, MobileNodeEntry, PrefixPool } from "../../core/control/settings.ts";
import { type Ipv6Address, type Ipv6Prefix, UNSPECIFIED_IPV6 } from "../../core/wire/address.ts";
import { ALL_DHCP_RELAY_AGENTS_AND_SERVERS, DHCPV6_SERVER_PORT } from "../../core/wire/dhcpv6.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { type Udp6Datagram, Udp6DeviceSocket } from "../../ffi/udp6_device_socket.ts";
import { messageOf } from "../output/fault.ts";
import { ControlLoop } from "./control_loop.ts";
import { DelegatedRoutes } from "./delegated_routes.ts";
import type { EspSignalling } from "./esp_signalling.ts";
import { hmac } from "./hmac.ts";
import type { Log } from "./log.ts";
import { ProtectedDelegation } from "./protected_delegation.ts";

/** Room for what 1,000 mobile routers send at one time. */
const BUFFER_OCTETS = 512 * 1024;

export interface PrefixDelegationServerOptions {
  readonly settings: HomeAgentSettings & { readonly mobileNetworkPool: PrefixPool<Ipv6Prefix> };
  readonly tun: string;
  /** The interface of the home network; undefined where it is virtual. */
  readonly homeLink: string | undefined;
  readonly esp: EspSignalling;
  readonly log: Log;
  readonly isBound: (homeAddress: Ipv6Address) => boolean;
  /** These are all prefixes that are delegated to this home address from now on. */
  readonly onDelegated: (homeAddress: Ipv6Address, prefixes: readonly Ipv6Prefix[]) => void;
}

/**
 * The home agent's DHCPv6 server. It hears what comes out of tunnels, by a socket of the TUN device that packets from no
 * other interface reach, what ESP has protected, and on the home link what is sent to all servers there (RFC 8415 section
 * 14): what comes by unicast from elsewhere reaches none of its sockets.
 */
export class PrefixDelegationServer implements AsyncDisposable {
  readonly #cleanup = new AsyncDisposableStack();
  readonly #senders: Partial<Record<DelegationWay, Udp6DeviceSocket>> = {};
  readonly #protected: ProtectedDelegation;
  readonly #loop: ControlLoop<DelegationServerEvent, DelegationServerAction>;
  readonly #log: Log;

  /** @throws SystemError with what to do: port 547 taken, no such interface */
  constructor({ settings, tun, homeLink, esp, log, isBound, onDelegated }: PrefixDelegationServerOptions) {
    this.#log = log;
    using opened = new DisposableStack();
    const open = (address: Ipv6Address, device: string) =>
      opened.use(
        new Udp6DeviceSocket({
          address,
          port: DHCPV6_SERVER_PORT,
          device,
          receiveBufferOctets: BUFFER_OCTETS,
        }),
      );
    const pool = settings.mobileNetworkPool.prefix;
    const routes = opened.use(new DelegatedRoutes({ pool, homeLink, log }));
    const tunnel = open(settings.address, tun);
    const group = homeLink === undefined ? undefined : open(ALL_DHCP_RELAY_AGENTS_AND_SERVERS, homeLink);
    const answering = homeLink === undefined ? undefined : open(settings.address, homeLink);
    this.#protected = opened.use(
      new ProtectedDelegation({
        source: settings.address,
        // The home agent's address may be on another interface.
        boundTo: UNSPECIFIED_IPV6,
        tun,
        bufferOctets: BUFFER_OCTETS,
        esp,
        log,
      }),
    );
    opened.move();
    this.#cleanup.use(this.#protected);
    this.#senders = { tunnel, homeLink: answering };
    this.#cleanup.use(routes);
    this.#loop = new ControlLoop<DelegationServerEvent, DelegationServerAction>({
      machine: new DelegationServer(settings, { duid: duidOf(settings.address, hmac), isBound }),
      deadlineEvent: { kind: "deadline" },
      performAction: (action) => {
        switch (action.kind) {
          case "report":
            return log.report(action);
          case "delegatedPrefixes":
            routes.set(action.homeAddress, action.prefixes);
            return onDelegated(action.homeAddress, action.prefixes);
          case "send":
            return this.#send(action);
        }
      },
      onError: (error) => log.error("prefix delegation failed", { error: messageOf(error) }),
    });
    const running = this.#loop.run();
    this.#cleanup.defer(() => running);
    this.#cleanup.defer(() => this.#loop.stop());
    this.#listen(tunnel, "tunnel");
    if (group !== undefined) this.#listen(group, "homeLink");
    // What comes to it by unicast is not DHCPv6 (RFC 8415 section 18.4).
    if (answering !== undefined) this.#listen(answering, undefined);
  }

  /** The configuration has other mobile nodes. */
  changeMobileNodes(mobileNodes: readonly MobileNodeEntry[]): Promise<void> {
    return this.#loop.pushAndWait({ kind: "mobileNodesChanged", mobileNodes });
  }

  /** @param packet a whole IPv6 packet that ESP has protected */
  receiveProtected(packet: Uint8Array): void {
    const read = readDelegationPacket(packet);
    if (typeof read === "string") return this.#log.debug("dropped: prefix delegation", { reason: read });
    const { source, datagram } = read;
    this.#loop.push({ kind: "received", way: "protectedTunnel", source, datagram });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }

  #listen(socket: Udp6DeviceSocket, way: DelegationWay | undefined): void {
    this.#cleanup.use(
      new NetworkLayerListener<Udp6Datagram>(socket, {
        onPacket: ({ source, payload }) => {
          if (way !== undefined) this.#loop.push({ kind: "received", way, source, datagram: payload });
        },
        onFailure: (error) =>
          this.#log.error("no requests for prefixes are received any more", { error: messageOf(error) }),
      }),
    );
  }

  /** What the network refuses, retransmission makes good. */
  #send(action: DelegationServerAction & { readonly kind: "send" }): void {
    if (action.way === "protectedTunnel") {
      return this.#protected.send(action.datagram, action.destination);
    }
    const fault = this.#senders[action.way]?.send(action.datagram, action.destination, action.port);
    if (fault !== undefined) {
      this.#log.warning("prefix delegation: answer not sent", { error: fault.message });
    }
  }
}
