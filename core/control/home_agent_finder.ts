import {
  type Ipv6Address,
  type Ipv6Prefix,
  isIpv4,
  isRoutableUnicastIpv6,
  isUniqueLocal,
  prefixContains,
} from "../wire/address.ts";
import { addressDiscoveryReplyIn, homeAgentRequest } from "../wire/icmpv6_home_agent.ts";
import type { Report, SendPacket } from "./action.ts";
import { DHAAD_RETRIES, INITIAL_DHAAD_TIMEOUT_MS } from "./constants.ts";
import { encodeDiscoveryPacket, readDiscoveryPacket } from "./discovery_packet.ts";
import { homeAgentsAnycast, MAXIMUM_HOME_AGENTS } from "./home_agent_discovery.ts";
import type { CareOfAddressCandidate } from "./movement/candidate.ts";
import type { Now } from "./now.ts";
import { report } from "./report.ts";

export interface HomeAgentFinderSettings {
  /** The prefix of the home network. */
  readonly homePrefix: Ipv6Prefix;
  /** Only home agents that serve mobile routers are of use (RFC 3963 section 7.1). */
  readonly mobileRouter: boolean;
}

export type HomeAgentFinderEvent =
  /** All addresses that could be the care-of address now, the most preferred first. */
  | { readonly kind: "careOfAddresses"; readonly candidates: readonly CareOfAddressCandidate[] }
  /** A message of discovery in its whole IPv6 packet. */
  | { readonly kind: "discovery"; readonly packet: Uint8Array }
  | { readonly kind: "deadline" };

export type HomeAgentFinderAction =
  | Report
  | SendPacket
  /** What is sent from now on leaves from there; undefined: from nowhere. */
  | { readonly kind: "useCareOfAddress"; readonly candidate: CareOfAddressCandidate | undefined }
  /** The home agents of the home network, the most preferred first; at least one. */
  | { readonly kind: "found"; readonly homeAgents: readonly Ipv6Address[] };

/**
 * Dynamic home agent address discovery of a mobile node (RFC 6275 section 11.4.1). After the last retransmission it begins
 * anew, as slowly as the last one: the home network may come back. Pure.
 */
export class HomeAgentFinder {
  readonly #settings: HomeAgentFinderSettings;
  /** Of all requests (RFC 6275 section 6.5: a retransmission is the same message). */
  readonly #identifier: number;
  /** Where it could ask from, the most preferred first. */
  #candidates: readonly CareOfAddressCandidate[] = [];
  #careOfAddress: Ipv6Address | undefined;
  #retries = 0;
  #retransmitAtMs: number | undefined;
  #hasFound = false;

  /** @param random a number from 0 (inclusive) to 1 (exclusive) */
  constructor(settings: HomeAgentFinderSettings, random: number) {
    this.#settings = settings;
    this.#identifier = Math.floor(random * 0x10000);
  }

  handle(event: HomeAgentFinderEvent, { monotonicMs: nowMs }: Now): HomeAgentFinderAction[] {
    switch (event.kind) {
      case "careOfAddresses":
        return this.#offer(event.candidates, nowMs);
      case "discovery":
        return this.#receive(event.packet);
      case "deadline":
        if (this.#retransmitAtMs === undefined || this.#retransmitAtMs > nowMs) return [];
        this.#retries = Math.min(this.#retries + 1, DHAAD_RETRIES);
        return this.#askFrom(this.#next(), nowMs);
    }
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    return this.#retransmitAtMs;
  }

  /** Who has a unique-local address only may still reach the home network; who has another one uses that. */
  #offer(candidates: readonly CareOfAddressCandidate[], nowMs: number): HomeAgentFinderAction[] {
    this.#candidates = candidates.filter(({ address }) => !isIpv4(address))
      .toSorted((one, other) => Number(isUniqueLocal(one.address)) - Number(isUniqueLocal(other.address)));
    if (this.#candidates.some(({ address }) => address === this.#careOfAddress)) return [];
    this.#retries = 0;
    return this.#askFrom(this.#candidates[0], nowMs);
  }

  /** The candidate after the one in use: by another way there may be an answer. */
  #next(): CareOfAddressCandidate | undefined {
    const index = this.#candidates.findIndex(({ address }) => address === this.#careOfAddress);
    return this.#candidates[(index + 1) % this.#candidates.length];
  }

  #askFrom(candidate: CareOfAddressCandidate | undefined, nowMs: number): HomeAgentFinderAction[] {
    if (candidate?.address === this.#careOfAddress) return this.#ask(nowMs);
    this.#careOfAddress = candidate?.address;
    return [{ kind: "useCareOfAddress", candidate }, ...this.#ask(nowMs)];
  }

  #receive(bytes: Uint8Array): HomeAgentFinderAction[] {
    const packet = readDiscoveryPacket(bytes);
    const reply = packet && addressDiscoveryReplyIn(packet.message);
    if (reply === undefined || packet?.destination !== this.#careOfAddress) return [];
    if (reply.identifier !== this.#identifier || this.#hasFound) return [];
    const { homePrefix } = this.#settings;
    // A home agent shares the prefix of the home address (RFC 6275 section 6.1.7).
    const isPossible = (address: Ipv6Address) =>
      isRoutableUnicastIpv6(address) && prefixContains(homePrefix, address);
    const homeAgents = [...new Set(reply.homeAgents.filter(isPossible))];
    if (homeAgents.length === 0) {
      return [report("warning", "the home network says that it has no home agent for us", {})];
    }
    this.#hasFound = true;
    this.#retransmitAtMs = undefined;
    return [{ kind: "found", homeAgents: homeAgents.slice(0, MAXIMUM_HOME_AGENTS) }];
  }

  #ask(nowMs: number): SendPacket[] {
    const source = this.#careOfAddress;
    if (source === undefined || this.#hasFound) {
      this.#retransmitAtMs = undefined;
      return [];
    }
    this.#retransmitAtMs = nowMs + INITIAL_DHAAD_TIMEOUT_MS * 2 ** this.#retries;
    const { homePrefix, mobileRouter } = this.#settings;
    const identifier = this.#identifier;
    const message = homeAgentRequest({ kind: "addressDiscoveryRequest", identifier, mobileRouter });
    const packet = encodeDiscoveryPacket({ source, destination: homeAgentsAnycast(homePrefix), message });
    return [{ kind: "sendPacket", source, packet }];
  }
}
