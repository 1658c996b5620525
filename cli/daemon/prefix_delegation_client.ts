import {
  DelegationClient,
  type DelegationClientAction,
  type DelegationClientEvent,
} from "../../core/control/delegation/client.ts";
import { duidOf } from "../../core/control/delegation/identifier.ts";
import type { DelegationWay } from "../../core/control/delegation/way.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../core/wire/address.ts";
import {
  ALL_DHCP_RELAY_AGENTS_AND_SERVERS,
  DHCPV6_CLIENT_PORT,
  DHCPV6_SERVER_PORT,
} from "../../core/wire/dhcpv6.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { type Udp6Datagram, Udp6DeviceSocket } from "../../ffi/udp6_device_socket.ts";
import { messageOf } from "../output/fault.ts";
import { ControlLoop } from "./control_loop.ts";
import { hmac } from "./hmac.ts";
import type { Log } from "./log.ts";

/** A few answers at one time. */
const BUFFER_OCTETS = 64 * 1024;

export interface PrefixDelegationClientOptions {
  readonly identity: string;
  readonly homeAddress: Ipv6Address;
  readonly homeAgentAddress: Ipv6Address;
  /** Prefixes to ask for, 1 to 4. */
  readonly count: number;
  /** It has the home address. */
  readonly tun: string;
  readonly log: Log;
  /** These are all prefixes that are delegated from now on. */
  readonly onDelegated: (prefixes: readonly Ipv6Prefix[]) => void;
}

/** A socket of one way, and where its messages go. */
interface Port {
  readonly way: DelegationWay;
  readonly device: string;
  readonly socket: Udp6DeviceSocket;
  readonly listener: AsyncDisposable;
}

/** The mobile router's DHCPv6 client, and the relay agent in front of it while it is away from home (RFC 6276 section 3.1). */
export class PrefixDelegationClient implements AsyncDisposable {
  readonly #options: PrefixDelegationClientOptions;
  readonly #loop: ControlLoop<DelegationClientEvent, DelegationClientAction>;
  readonly #running: Promise<void>;
  readonly #finished = Promise.withResolvers<void>();
  #port: Port | undefined;

  constructor(options: PrefixDelegationClientOptions) {
    const { identity, count, homeAddress, homeAgentAddress, log } = options;
    this.#options = options;
    const settings = { homeAddress, homeAgentAddress, count, duid: duidOf(identity, hmac) };
    this.#loop = new ControlLoop<DelegationClientEvent, DelegationClientAction>({
      machine: new DelegationClient(settings, Math.random),
      deadlineEvent: { kind: "deadline" },
      performAction: (action) => this.#perform(action),
      onError: (error) => log.error("prefix delegation failed", { error: messageOf(error) }),
    });
    this.#running = this.#loop.run();
  }

  /** The home agent has accepted a care-of address: it is reached through the tunnel. @throws SystemError */
  async reachByTunnel(): Promise<void> {
    await this.#open("tunnel", this.#options.tun, DHCPV6_SERVER_PORT);
  }

  /** The home address is on this interface, on the home link. @throws SystemError */
  async reachAtHome(interfaceName: string): Promise<void> {
    await this.#open("homeLink", interfaceName, DHCPV6_CLIENT_PORT);
  }

  /** There is no tunnel any more. */
  async lose(): Promise<void> {
    this.#loop.pushOwn({ kind: "reachable", way: undefined });
    await this.#close();
  }

  /** The home agent has lost our binding, and our lease perhaps, too. */
  doubt(): void {
    this.#loop.pushOwn({ kind: "homeAgentForgot" });
  }

  /** Gives the prefixes back; takes two seconds at most. */
  async stop(): Promise<void> {
    this.#loop.pushOwn({ kind: "stop" });
    await this.#finished.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#loop.stop();
    await this.#running;
    await this.#close();
  }

  async #open(way: DelegationWay, device: string, port: number): Promise<void> {
    if (this.#port?.way !== way || this.#port.device !== device) {
      await this.#close();
      const { homeAddress: address, log } = this.#options;
      const socket = new Udp6DeviceSocket({ address, port, device, receiveBufferOctets: BUFFER_OCTETS });
      const listener = new NetworkLayerListener<Udp6Datagram>(socket, {
        onPacket: ({ source, payload }) => {
          this.#loop.push({ kind: "received", way, source, datagram: payload });
        },
        onFailure: (error) =>
          log.error("no answers about prefixes are received any more", { error: messageOf(error) }),
      });
      this.#port = { way, device, socket, listener };
    }
    this.#loop.pushOwn({ kind: "reachable", way });
  }

  async #close(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    await port?.listener[Symbol.asyncDispose]();
  }

  #perform(action: DelegationClientAction): void {
    const { log, onDelegated } = this.#options;
    switch (action.kind) {
      case "report":
        return log.report(action);
      case "delegatedPrefixes":
        return onDelegated(action.prefixes);
      case "send":
        return this.#send(action);
      case "finished":
        return this.#finished.resolve();
    }
  }

  /** What the network refuses, retransmission makes good. */
  #send({ way, datagram }: DelegationClientAction & { readonly kind: "send" }): void {
    if (this.#port?.way !== way) return;
    const destination = way === "tunnel" ? this.#options.homeAgentAddress : ALL_DHCP_RELAY_AGENTS_AND_SERVERS;
    const fault = this.#port.socket.send(datagram, destination, DHCPV6_SERVER_PORT);
    if (fault !== undefined) {
      this.#options.log.debug("prefix delegation: not sent", { error: fault.message });
    }
  }
}
