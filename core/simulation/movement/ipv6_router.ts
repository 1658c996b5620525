import { EtherType } from "../../control/movement/egress_event.ts";
import { type Ipv6Address, type Ipv6Prefix, prefixContains } from "../../wire/address.ts";
import {
  decodeNeighborDiscoveryPacket,
  encodeNeighborDiscoveryPacket,
  multicastHardwareAddress,
  type NeighborDiscoveryMessage,
} from "../../wire/neighbor_discovery.ts";
import type { Surroundings } from "../surroundings.ts";
import type { AccessLink, Station } from "./access_link.ts";
import type { Frame } from "./frame.ts";

export interface Ipv6RouterSettings {
  /** Six octets. */
  readonly hardwareAddress: Uint8Array;
  readonly linkLocal: Ipv6Address;
  /** Of 64 bits. */
  readonly prefix: Ipv6Address;
  /** The longest wait before an answer to a Router Solicitation, milliseconds (MAX_RA_DELAY_TIME: 500). */
  readonly answerDelayMs: number;
  /** Between unsolicited advertisements, milliseconds. */
  readonly intervalMs: number;
}

const ALL_NODES = "ff02::1";
const PREFIX_BITS = 64;
const ROUTER_LIFETIME_SECONDS = 30;
const VALID_LIFETIME_SECONDS = 86_400;
const PREFERRED_LIFETIME_SECONDS = 14_400;

/** An IPv6 router that advertises one prefix, and after renumbering another (RFC 4861 section 6.2). */
export class Ipv6Router implements Station {
  readonly settings: Ipv6RouterSettings;
  readonly #link: AccessLink;
  readonly #surroundings: Surroundings;
  /** All prefixes so far: those before the last are said to be deprecated (RFC 9096 section 3.5). */
  readonly advertised: Set<Ipv6Address>;
  #alive = true;
  #prefix: Ipv6Address;
  /** Carried on though it is deprecated. */
  #oldPrefix: Ipv6Address | undefined;

  constructor(settings: Ipv6RouterSettings, link: AccessLink, surroundings: Surroundings) {
    this.settings = settings;
    this.#link = link;
    this.#surroundings = surroundings;
    this.#prefix = settings.prefix;
    this.advertised = new Set([settings.prefix]);
    const again = () => {
      if (this.alive) this.#advertise();
      surroundings.schedule(settings.intervalMs, again);
    };
    surroundings.schedule(surroundings.random.fraction() * settings.intervalMs, again);
  }

  get hardwareAddress(): Uint8Array {
    return this.settings.hardwareAddress;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** What it forwards. */
  get routedPrefixes(): Ipv6Prefix[] {
    const addresses = this.#oldPrefix === undefined ? [this.#prefix] : [this.#prefix, this.#oldPrefix];
    return addresses.map((address) => ({ address, length: PREFIX_BITS }));
  }

  /** Does it forward for this address? */
  forwards(address: Ipv6Address): boolean {
    return this.routedPrefixes.some((prefix) => prefixContains(prefix, address));
  }

  die(): void {
    this.#alive = false;
  }

  revive(): void {
    this.#alive = true;
  }

  /** Another prefix from now on; the one before is deprecated, and carried on or not. */
  renumber(prefix: Ipv6Address, carriesOldPrefix: boolean): void {
    this.#oldPrefix = carriesOldPrefix ? this.#prefix : undefined;
    this.#prefix = prefix;
    this.advertised.add(prefix);
    if (this.alive) this.#advertise();
  }

  receiveFrame(frame: Frame): void {
    if (!this.alive || frame.etherType !== EtherType.ipv6) return;
    const packet = decodeNeighborDiscoveryPacket(frame.payload);
    if (!packet.ok) return;
    const { source, message } = packet.value;
    const { linkLocal, hardwareAddress, answerDelayMs } = this.settings;
    if (message.kind === "routerSolicitation") {
      const { random } = this.#surroundings;
      this.#surroundings.schedule(random.fraction() * answerDelayMs, () => this.alive && this.#advertise());
    } else if (message.kind === "neighborSolicitation" && message.target === linkLocal && source !== "::") {
      this.#send(source, frame.sourceHardwareAddress, {
        kind: "neighborAdvertisement",
        router: true,
        solicited: true,
        override: true,
        target: linkLocal,
        options: [{ kind: "targetLinkLayerAddress", hardwareAddress }],
      });
    }
  }

  #advertise(): void {
    const { hardwareAddress } = this;
    this.#send(ALL_NODES, multicastHardwareAddress(ALL_NODES), {
      kind: "routerAdvertisement",
      currentHopLimit: 64,
      managedAddresses: false,
      otherConfiguration: false,
      homeAgent: false,
      preference: "medium",
      routerLifetimeSeconds: ROUTER_LIFETIME_SECONDS,
      reachableTimeMs: 0,
      retransmissionTimerMs: 0,
      options: [
        { kind: "sourceLinkLayerAddress", hardwareAddress },
        prefixOption(this.#prefix, PREFERRED_LIFETIME_SECONDS),
        ...[...this.advertised].filter((prefix) => prefix !== this.#prefix).map((prefix) =>
          prefixOption(prefix, 0)
        ),
      ],
    });
  }

  #send(destination: Ipv6Address, hardwareAddress: Uint8Array, message: NeighborDiscoveryMessage): void {
    const source = this.settings.linkLocal;
    this.#link.send({
      sourceHardwareAddress: this.hardwareAddress,
      destinationHardwareAddress: hardwareAddress,
      etherType: EtherType.ipv6,
      payload: encodeNeighborDiscoveryPacket({ source, destination, message }),
    });
  }
}

function prefixOption(prefix: Ipv6Address, preferredLifetimeSeconds: number) {
  return {
    kind: "prefixInformation",
    prefix,
    prefixLength: PREFIX_BITS,
    onLink: true,
    autonomous: true,
    routerAddress: false,
    validLifetimeSeconds: preferredLifetimeSeconds > 0 ? VALID_LIFETIME_SECONDS : 0,
    preferredLifetimeSeconds,
  } as const;
}
