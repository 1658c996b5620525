import {
  DelegationClient,
  type DelegationClientAction,
  type DelegationClientEvent,
} from "../../core/control/delegation/client.ts";
import { readDelegationPacket } from "../../core/control/delegation/delegation_packet.ts";
import { duidOf } from "../../core/control/delegation/identifier.ts";
import type { DelegationWay } from "../../core/control/delegation/way.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../core/wire/address.ts";
import {
  ALL_DHCP_RELAY_AGENTS_AND_SERVERS,
  DHCPV6_CLIENT_PORT,
  DHCPV6_SERVER_PORT,
} from "../../core/wire/dhcpv6.ts";
import { interfaceIndexOf } from "../../ffi/interface_index.ts";
import { MobilitySocket } from "../../ffi/mobility_socket.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { type Udp6Datagram, Udp6DeviceSocket } from "../../ffi/udp6_device_socket.ts";
import { messageOf } from "../output/fault.ts";
import { ControlLoop } from "./control_loop.ts";
import type { EspSignalling } from "./esp_signalling.ts";
import { hmac } from "./hmac.ts";
import type { Log } from "./log.ts";
import { ProtectedDelegation } from "./protected_delegation.ts";

/** A few answers at one time. */
const BUFFER_OCTETS = 64 * 1024;
const NOT_RECEIVING = "no answers about prefixes are received any more";

export interface PrefixDelegationClientOptions {
  readonly identity: string;
  readonly homeAddress: Ipv6Address;
  readonly homeAgentAddress: Ipv6Address;
  /** Prefixes to ask for, 1 to 4. */
  readonly count: number;
  /** It has the home address. */
  readonly tun: string;
  /** Away from home, nothing counts without it; undefined: none is configured. */
  readonly esp: EspSignalling | undefined;
  readonly log: Log;
  /** These are all prefixes that are delegated from now on. */
  readonly onDelegated: (prefixes: readonly Ipv6Prefix[]) => void;
}

/** One way, open. */
interface Port {
  readonly way: DelegationWay;
  readonly device: string;
  readonly send: (datagram: Uint8Array) => void;
  /** Receives until it is disposed of. */
  readonly open: AsyncDisposable;
}

/** The mobile router's DHCPv6 client, and the relay agent in front of it while it is away from home (RFC 6276 section 3.1). */
export class PrefixDelegationClient implements AsyncDisposable {
  readonly #options: PrefixDelegationClientOptions;
  readonly #loop: ControlLoop<DelegationClientEvent, DelegationClientAction>;
  readonly #running: Promise<void>;
  readonly #finished = Promise.withResolvers<void>();
  #port: Port | undefined;
  #spis: ReadonlySet<number> = new Set();
  /** While the way is the protected tunnel. */
  #sealedSocket: MobilitySocket | undefined;

  constructor(options: PrefixDelegationClientOptions) {
    const { identity, count, homeAddress, homeAgentAddress, esp, log } = options;
    this.#options = options;
    const requiresEsp = esp !== undefined;
    const settings = { homeAddress, homeAgentAddress, count, duid: duidOf(identity, hmac), requiresEsp };
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
    const { esp, tun, homeAgentAddress } = this.#options;
    if (esp !== undefined) return await this.#use("protectedTunnel", tun, () => this.#openProtected(esp));
    await this.#use(
      "tunnel",
      tun,
      () => this.#openUdp({ way: "tunnel", device: tun, port: DHCPV6_SERVER_PORT, to: homeAgentAddress }),
    );
  }

  /** The home address is on this interface, on the home link. @throws SystemError */
  async reachAtHome(interfaceName: string): Promise<void> {
    const way = "homeLink";
    const to = ALL_DHCP_RELAY_AGENTS_AND_SERVERS;
    await this.#use(
      way,
      interfaceName,
      () => this.#openUdp({ way, device: interfaceName, port: DHCPV6_CLIENT_PORT, to }),
    );
  }

  /** ESP with one of these SPIs is ours from now on; none is at first. */
  setSpis(spis: ReadonlySet<number>): void {
    this.#spis = spis;
    this.#sealedSocket?.setSpis(spis);
  }

  /** @param packet a whole IPv6 packet that ESP has protected */
  receiveProtected(packet: Uint8Array): void {
    const read = readDelegationPacket(packet);
    if (typeof read === "string") {
      return this.#options.log.debug("dropped: prefix delegation", { reason: read });
    }
    const { source, datagram } = read;
    this.#loop.push({ kind: "received", way: "protectedTunnel", source, datagram });
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

  async #use(way: DelegationWay, device: string, open: () => Omit<Port, "way" | "device">): Promise<void> {
    if (this.#port?.way !== way || this.#port.device !== device) {
      await this.#close();
      this.#port = { way, device, ...open() };
    }
    this.#loop.pushOwn({ kind: "reachable", way });
  }

  #openUdp({ way, device, port, to }: {
    readonly way: DelegationWay;
    readonly device: string;
    readonly port: number;
    readonly to: Ipv6Address;
  }): Omit<Port, "way" | "device"> {
    const { homeAddress: address, log } = this.#options;
    const socket = new Udp6DeviceSocket({ address, port, device, receiveBufferOctets: BUFFER_OCTETS });
    const open = new NetworkLayerListener<Udp6Datagram>(socket, {
      onPacket: ({ source, payload }) => {
        this.#loop.push({ kind: "received", way, source, datagram: payload });
      },
      onFailure: (error) => log.error(NOT_RECEIVING, { error: messageOf(error) }),
    });
    const send = (datagram: Uint8Array) => {
      const fault = socket.send(datagram, to, DHCPV6_SERVER_PORT);
      if (fault !== undefined) log.debug("prefix delegation: not sent", { error: fault.message });
    };
    return { send, open };
  }

  /**
   * Out of a tunnel over IPv6, or over IPv4 without UDP, answers come by the TUN device; out of UDP they come with the
   * signalling, to receiveProtected().
   */
  #openProtected(esp: EspSignalling): Omit<Port, "way" | "device"> {
    const { homeAddress, homeAgentAddress, tun, log } = this.#options;
    using opened = new DisposableStack();
    const bufferOctets = BUFFER_OCTETS;
    const sender = opened.use(
      new ProtectedDelegation({ source: homeAddress, boundTo: homeAddress, tun, bufferOctets, esp, log }),
    );
    const socket = new MobilitySocket({
      address: homeAddress,
      interfaceIndex: interfaceIndexOf(tun),
      receiveBufferOctets: BUFFER_OCTETS,
    });
    socket.setSpis(this.#spis);
    this.#sealedSocket = socket;
    const open = new AsyncDisposableStack();
    open.use(sender);
    open.use(
      new NetworkLayerListener(socket, {
        onPacket: ({ payload }) => {
          const received = esp.open(payload);
          if (received?.kind === "delegation") this.receiveProtected(received.packet);
        },
        onFailure: (error) => log.error(NOT_RECEIVING, { error: messageOf(error) }),
      }),
    );
    open.defer(() => {
      this.#sealedSocket = undefined;
    });
    opened.move();
    return { send: (datagram) => sender.send(datagram, homeAgentAddress), open };
  }

  async #close(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    await port?.open[Symbol.asyncDispose]();
  }

  #perform(action: DelegationClientAction): void {
    const { log, onDelegated } = this.#options;
    switch (action.kind) {
      case "report":
        return log.report(action);
      case "delegatedPrefixes":
        return onDelegated(action.prefixes);
      case "send":
        if (this.#port?.way === action.way) this.#port.send(action.datagram);
        return;
      case "finished":
        return this.#finished.resolve();
    }
  }
}
