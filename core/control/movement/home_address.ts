import { type Ipv6Address, prefixContains } from "../../wire/address.ts";
import type { NeighborAdvertisement, RouterAdvertisement } from "../../wire/neighbor_discovery.ts";
import { findNeighborDiscoveryOption } from "../../wire/neighbor_discovery_option.ts";
import type { EgressAction } from "./egress_action.ts";
import type { EgressReports } from "./egress_reports.ts";
import { MAX_NEIGHBOR_ADVERTISEMENT, RETRANS_TIMER_MS } from "./ipv6_limits.ts";
import { hardwareAddressOf, type LinkEvent } from "./ipv6_link.ts";
import { duplicateAddressProbe, neighborAdvertisement } from "./neighbor_discovery_frames.ts";
import type { OwnAddress } from "./own_addresses.ts";
import type { Prefix } from "./prefix_list.ts";
import { awaitsFirstAnswer } from "./router_list.ts";

/** What an egress interface has to know of the mobile node's home. */
export interface HomeSettings {
  readonly homeAddress: Ipv6Address;
  readonly homeAgentAddress: Ipv6Address;
  /** The node is a mobile router, and is advertised as a router. */
  readonly mobileRouter: boolean;
}

/** Our own limit: so long another node is believed to have the home address. */
const DUPLICATE_RETRY_MS = 60_000;

/**
 * The home address on an egress interface that may be on the home link (RFC 6275 section 11.5.5). Until the home agent
 * defends it no longer, no packet with it as source asks for anything: the home agent's hardware address is learnt from
 * its Router Advertisement, or by the solicitation which that section prescribes.
 */
export class HomeAddress {
  readonly #settings: HomeSettings | undefined;
  readonly #reports: EgressReports;
  #homeAgentHardwareAddress: Uint8Array | undefined;
  #onHomeLink = false;
  /** The home agent was asked for; with no answer up to then it does not defend the home address. */
  #askedUntilMs: number | undefined;
  #chosen = false;
  #isHome = false;
  #duplicatesUntilMs: number | undefined;
  #isDuplicate = false;
  /** The other node may have been a home agent that has ended: then is the time to look again. */
  #looksAgainAtMs: number | undefined;
  #advertisements: { left: number; dueAtMs: number } | undefined;

  /** @param settings undefined: no link is the home link */
  constructor(settings: HomeSettings | undefined, reports: EgressReports) {
    this.#settings = settings;
    this.#reports = reports;
  }

  get address(): Ipv6Address | undefined {
    return this.#settings?.homeAddress;
  }

  /** Was it so when last seen? */
  get onHomeLink(): boolean {
    return this.#onHomeLink;
  }

  /** Could the mobile node return home by this interface? */
  isOffered(nowMs: number): boolean {
    if (!this.#onHomeLink || this.#isDuplicate) return false;
    return this.#homeAgentHardwareAddress !== undefined || (this.#askedUntilMs ?? Infinity) <= nowMs;
  }

  /** Is the address on the interface? */
  get isThere(): boolean {
    return this.#onHomeLink && this.#chosen && !this.#isDuplicate;
  }

  /** Is it an address like others? */
  get isHome(): boolean {
    return this.isThere && this.#isHome;
  }

  /** Where the Binding Update goes; undefined: the kernel has to ask, and nobody minds. */
  get homeAgent(): { readonly address: Ipv6Address; readonly hardwareAddress: Uint8Array } | undefined {
    const hardwareAddress = this.#homeAgentHardwareAddress;
    return hardwareAddress && { address: this.#settings!.homeAgentAddress, hardwareAddress };
  }

  /** When settle() has something to do. */
  get deadlines(): (number | undefined)[] {
    return [
      this.#askedUntilMs,
      this.#duplicatesUntilMs,
      this.#looksAgainAtMs,
      this.#advertisements?.dueAtMs,
    ];
  }

  choose(address: string | undefined): void {
    this.#chosen = address !== undefined && address === this.address;
    if (!this.#chosen) this.#leave();
  }

  /** The home agent defends it no longer. Returns what is to be sent at once. */
  comeHome(detectDuplicates: boolean, nowMs: number): EgressAction[] {
    if (!this.isThere) return [];
    this.#isHome = true;
    this.#advertisements = undefined;
    if (!detectDuplicates) {
      this.#advertiseFrom(nowMs);
      return [];
    }
    this.#duplicatesUntilMs = nowMs + RETRANS_TIMER_MS;
    return [duplicateAddressProbe(this.#settings!.homeAddress)];
  }

  /** The home agent tells its address in an advertisement of its own (RFC 6275 section 7.2). */
  heardRouter(message: RouterAdvertisement, hardwareAddress: Uint8Array): void {
    const isHomeAgent = message.options.some((option) =>
      option.kind === "prefixInformation" && option.routerAddress &&
      option.prefix === this.#settings?.homeAgentAddress
    );
    if (isHomeAgent) this.#homeAgentHardwareAddress = hardwareAddress;
  }

  /** @returns whether another node has the home address */
  heardAdvertisement(message: NeighborAdvertisement, frameSource: Uint8Array): boolean {
    if (message.target !== this.address) return false;
    if (this.#duplicatesUntilMs !== undefined) return this.#foundDuplicate();
    if (this.#onHomeLink && this.#askedUntilMs !== undefined && !this.#isHome) {
      const option = findNeighborDiscoveryOption(message.options, "targetLinkLayerAddress");
      this.#homeAgentHardwareAddress = hardwareAddressOf(option, frameSource);
    }
    return false;
  }

  /** Another node looks for duplicates of this address. @returns whether that makes it one */
  heardProbe(target: Ipv6Address): boolean {
    return target === this.address && this.#duplicatesUntilMs !== undefined &&
      this.#foundDuplicate();
  }

  /**
   * Goes on from what the link is now. Returns what is to be sent.
   * @param homePrefix the prefix that makes it the home link
   */
  settle(
    homePrefix: Prefix | undefined,
    link: LinkEvent | undefined,
    linkLocal: OwnAddress | undefined,
    nowMs: number,
  ): EgressAction[] {
    if (homePrefix === undefined || link === undefined) {
      this.#onHomeLink = false;
      this.#homeAgentHardwareAddress = undefined;
      this.#askedUntilMs = undefined;
      this.#isDuplicate = false;
      this.#looksAgainAtMs = undefined;
      this.#leave();
      return [];
    }
    this.#onHomeLink = true;
    if (this.#isDuplicate) {
      this.#looksAgainAtMs ??= nowMs + DUPLICATE_RETRY_MS;
      if (nowMs < this.#looksAgainAtMs) return [];
      this.#isDuplicate = false;
      this.#looksAgainAtMs = undefined;
      this.#askedUntilMs = undefined;
    }
    if (this.#homeAgentHardwareAddress === undefined && this.#askedUntilMs === undefined) {
      // From the unspecified address, to the solicited-node address: what the home agent defends answers (11.5.5).
      this.#askedUntilMs = nowMs + RETRANS_TIMER_MS;
      return [duplicateAddressProbe(this.#settings!.homeAddress)];
    }
    if (this.#duplicatesUntilMs !== undefined && this.#duplicatesUntilMs <= nowMs) {
      this.#duplicatesUntilMs = undefined;
      this.#advertiseFrom(nowMs);
    }
    return this.#advertise(link.hardwareAddress, linkLocal, nowMs);
  }

  #foundDuplicate(): boolean {
    this.#isDuplicate = true;
    this.#leave();
    const address = this.#settings!.homeAddress;
    this.#reports.add("error", "another node on the home link has the home address", { address });
    return true;
  }

  #leave(): void {
    this.#isHome = false;
    this.#duplicatesUntilMs = undefined;
    this.#advertisements = undefined;
  }

  #advertiseFrom(nowMs: number): void {
    this.#advertisements = { left: MAX_NEIGHBOR_ADVERTISEMENT, dueAtMs: nowMs };
  }

  /** To all nodes, that the address is here; several times, because some may not hear it. */
  #advertise(
    hardwareAddress: Uint8Array,
    linkLocal: OwnAddress | undefined,
    nowMs: number,
  ): EgressAction[] {
    const advertisements = this.#advertisements;
    if (advertisements === undefined || advertisements.dueAtMs > nowMs) return [];
    const left = advertisements.left - 1;
    this.#advertisements = left === 0 ? undefined : { left, dueAtMs: nowMs + RETRANS_TIMER_MS };
    const { homeAddress, mobileRouter: router } = this.#settings!;
    // Of an optimistic address others must not be told like this (RFC 4429 section 3.3): the next time, then.
    const isOurs = linkLocal !== undefined && linkLocal.optimisticUntilMs === undefined;
    const own = isOurs ? [homeAddress, linkLocal.address] : [homeAddress];
    return own.map((address) => neighborAdvertisement(address, { hardwareAddress, router }));
  }
}

/**
 * The advertised prefix that makes a link the home link, if there is one (RFC 6275 section 11.5.2). A router that may have
 * been left behind makes none; but a link that is home already stays it until that router has had the time to answer: there
 * may be several routers on it, each with prefixes of its own (11.5.1), and to leave home and return takes seconds.
 */
export function homePrefixAmong(
  prefixes: Iterable<Prefix>,
  { address, onHomeLink }: HomeAddress,
  nowMs: number,
): Prefix | undefined {
  if (address === undefined) return undefined;
  for (const prefix of prefixes) {
    const isHeard = [...prefix.routers].some((router) =>
      router.state === "confirmed" || (onHomeLink && awaitsFirstAnswer(router))
    );
    if (isHeard && prefix.onLinkUntilMs > nowMs && prefixContains(prefix, address)) return prefix;
  }
  return undefined;
}
