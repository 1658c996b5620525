import { type Ipv6Address, parseIpv6Prefix, prefixContains } from "../wire/address.ts";
import { homeAgentRequest, mobilePrefixAdvertisementIn } from "../wire/icmpv6_home_agent.ts";
import { INFINITE_LIFETIME_SECONDS, type PrefixInformation } from "../wire/neighbor_discovery_option.ts";
import type { Report, SendPacket } from "./action.ts";
import { INITIAL_SOLICIT_TIMER_MS } from "./constants.ts";
import { encodeDiscoveryPacket, readDiscoveryPacket } from "./discovery_packet.ts";
import type { ReceivedProtection } from "./esp/security_association.ts";
import type { Now } from "./now.ts";
import { report } from "./report.ts";
import type { MobileNodeSettings } from "./settings.ts";

/** Our own limit: a home agent that knows nothing of prefix discovery is not asked for ever. */
const ATTEMPTS = 4;
/** A lifetime that is over so soon is not asked about more often. */
const SHORTEST_WAIT_MS = 60_000;
/** When so much of a lifetime is over, its end is near. */
const ASK_AGAIN_SHARE = 0.9;

/** A solicitation that has not been answered. */
interface Solicitation {
  readonly identifier: number;
  readonly attempts: number;
  readonly retransmitAtMs: number;
}

export type PrefixDiscoveryEvent =
  /**
   * The home registration stands from this care-of address; undefined: from none over IPv6. `isNecessary`: the home agent
   * wants the mobile node to ask (status 1, RFC 6275 section 11.7.3).
   */
  | {
    readonly kind: "registered";
    readonly careOfAddress: Ipv6Address | undefined;
    readonly isNecessary: boolean;
  }
  /** A message of discovery in its whole IPv6 packet. */
  | { readonly kind: "discovery"; readonly packet: Uint8Array; readonly protection?: ReceivedProtection }
  | { readonly kind: "deadline" };

/**
 * What a mobile node that is away learns of the prefix of its home address, from its home agent (RFC 6275 sections 11.4.2
 * and 11.4.3): it asks after its first registration, and again when the address is about to be deprecated. Pure.
 */
export class PrefixDiscovery {
  readonly #homeAddress: Ipv6Address;
  readonly #homeAgentAddress: Ipv6Address;
  readonly #requiresEsp: boolean;
  readonly #random: () => number;
  #careOfAddress: Ipv6Address | undefined;
  #solicitation: Solicitation | undefined;
  #lastSentMs = -Infinity;
  #hasAsked = false;
  #askAgainAtMs: number | undefined;

  /** @param random gives numbers from 0 (inclusive) to 1 (exclusive) */
  constructor(
    { homeAddress, homeAgentAddress, requiresEsp = false }: Pick<
      MobileNodeSettings,
      "homeAddress" | "homeAgentAddress" | "requiresEsp"
    >,
    random: () => number,
  ) {
    this.#homeAddress = homeAddress;
    this.#homeAgentAddress = homeAgentAddress;
    this.#requiresEsp = requiresEsp;
    this.#random = random;
  }

  handle(event: PrefixDiscoveryEvent, { monotonicMs: nowMs }: Now): (SendPacket | Report)[] {
    switch (event.kind) {
      case "registered":
        this.#careOfAddress = event.careOfAddress;
        return this.#hasAsked && !event.isNecessary ? [] : this.#solicit(nowMs);
      case "discovery":
        // RFC 3776 section 4.1: unprotected, it may be anybody's.
        if (this.#requiresEsp && event.protection === undefined) return [];
        return this.#receive(event.packet, nowMs);
      case "deadline":
        return this.#passTime(nowMs);
    }
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    if (this.#careOfAddress === undefined) return undefined;
    return this.#solicitation?.retransmitAtMs ?? this.#askAgainAtMs;
  }

  #passTime(nowMs: number): SendPacket[] {
    const deadline = this.nextDeadline();
    if (deadline === undefined || deadline > nowMs) return [];
    const before = this.#solicitation;
    if (before === undefined) return this.#solicit(nowMs);
    if (before.attempts < ATTEMPTS) return this.#send(before.identifier, before.attempts, nowMs);
    this.#solicitation = undefined;
    this.#askAgainAtMs = nowMs + SHORTEST_WAIT_MS;
    return [];
  }

  #receive(bytes: Uint8Array, nowMs: number): (SendPacket | Report)[] {
    const packet = readDiscoveryPacket(bytes);
    const advertisement = packet && mobilePrefixAdvertisementIn(packet.message);
    if (packet === undefined || advertisement === undefined) return [];
    const isForUs = packet.source === this.#homeAgentAddress &&
      packet.destination === this.#careOfAddress && packet.routingHomeAddress === this.#homeAddress;
    if (!isForUs) return [];
    // Unsolicited: it proves nothing, but there is news (section 11.4.3).
    if (advertisement.identifier !== this.#solicitation?.identifier) return this.#solicit(nowMs);
    this.#solicitation = undefined;
    return this.#learn(advertisement.prefixes, nowMs);
  }

  #learn(prefixes: readonly PrefixInformation[], nowMs: number): Report[] {
    const ours = prefixes.find(({ prefix, prefixLength, validLifetimeSeconds }) => {
      const parsed = parseIpv6Prefix(`${prefix}/${prefixLength}`);
      return parsed !== undefined && prefixContains(parsed, this.#homeAddress) && validLifetimeSeconds > 0;
    });
    if (ours === undefined) {
      this.#askAgainAtMs = nowMs + SHORTEST_WAIT_MS;
      const details = { homeAddress: this.#homeAddress };
      return [report("error", "the home network has no prefix for the home address any more", details)];
    }
    const { validLifetimeSeconds, preferredLifetimeSeconds } = ours;
    const lasts = Math.min(validLifetimeSeconds, preferredLifetimeSeconds);
    this.#askAgainAtMs = lasts === INFINITE_LIFETIME_SECONDS
      ? undefined
      : nowMs + Math.max(SHORTEST_WAIT_MS, lasts * 1000 * ASK_AGAIN_SHARE);
    const details = {
      prefix: `${ours.prefix}/${ours.prefixLength}`,
      validLifetimeSeconds,
      preferredLifetimeSeconds,
    };
    return preferredLifetimeSeconds === 0
      ? [report("warning", "the prefix of the home address is deprecated", details)]
      : [report("debug", "home prefix", details)];
  }

  /** With a new random identifier (section 11.4.2); one at a time, and not too soon after another. */
  #solicit(nowMs: number): SendPacket[] {
    if (this.#careOfAddress === undefined || this.#solicitation !== undefined) return [];
    const soonestMs = this.#lastSentMs + INITIAL_SOLICIT_TIMER_MS;
    if (nowMs < soonestMs) {
      this.#askAgainAtMs = Math.min(soonestMs, this.#askAgainAtMs ?? Infinity);
      return [];
    }
    return this.#send(Math.floor(this.#random() * 0x10000), 0, nowMs);
  }

  #send(identifier: number, attempts: number, nowMs: number): SendPacket[] {
    const retransmitAtMs = nowMs + INITIAL_SOLICIT_TIMER_MS * 2 ** attempts;
    this.#solicitation = { identifier, attempts: attempts + 1, retransmitAtMs };
    this.#lastSentMs = nowMs;
    this.#hasAsked = true;
    this.#askAgainAtMs = undefined;
    const source = this.#careOfAddress!;
    const packet = encodeDiscoveryPacket({
      source,
      destination: this.#homeAgentAddress,
      homeAddressOption: this.#homeAddress,
      message: homeAgentRequest({ kind: "mobilePrefixSolicitation", identifier, mobileRouter: false }),
    });
    return [{ kind: "sendPacket", source, packet }];
  }
}
