import type { Ipv6Address, Ipv6Prefix } from "../wire/address.ts";
import { BindingStatusCode } from "../wire/binding_status.ts";
import { findOption } from "../wire/mobility_option.ts";
import { verifyMobilityHeader } from "./authentication.ts";
import { NAI_SUBTYPE } from "./constants.ts";
import type { EspProtection } from "./esp/security_association.ts";
import type { Now } from "./now.ts";
import { correctedTimestamp, ntpTimestamp, unixMsOfNtpTimestamp } from "./ntp_timestamp.ts";
import {
  associationsOf,
  type Hmac,
  type HomeAgentSettings,
  type Ipv4HomeAddress,
  isHomeAddress,
  type MobileNodeEntry,
  type MobilitySecurityAssociation,
  nodesByHomeAddress,
} from "./settings.ts";
import type { ClaimedUpdate } from "./update_reader.ts";

export interface HomeAgentEnvironment {
  readonly hmac: Hmac;
  /** When the home agent began, on the wall clock. */
  readonly startedUnixMs: number;
  /** A number from 0 (inclusive) to 1 (exclusive) that nobody can foresee. */
  readonly random: () => number;
}

/** A Binding Update with all that an answer to it needs. */
export interface ReceivedUpdate extends ClaimedUpdate {
  readonly identity: string;
  /** What the answer is sealed with; undefined where the home agent runs open. */
  readonly security: MobilitySecurityAssociation | undefined;
  /** The timestamp to return; undefined where the update had none. */
  readonly timestamp: bigint | undefined;
  /** What the configuration gives the node (RFC 3963 section 6.1.2). */
  readonly configuredPrefixes: readonly Ipv6Prefix[];
  /** Likewise (RFC 5555 section 4.5). */
  readonly configuredIpv4HomeAddress: Ipv4HomeAddress | undefined;
}

export type Origin =
  /** Not worth an answer: nobody whom we know. */
  | { readonly kind: "silent"; readonly reason: string }
  /** A node that we know, but anybody may have sent this. */
  | { readonly kind: "unproven"; readonly received: ReceivedUpdate; readonly status: number }
  /** Proven, but not fresh: anybody may have sent it again. */
  | { readonly kind: "stale"; readonly received: ReceivedUpdate; readonly status: number }
  /** Proven, but not entitled to this home address. */
  | { readonly kind: "refused"; readonly received: ReceivedUpdate; readonly status: number }
  | { readonly kind: "proven"; readonly received: ReceivedUpdate };

/**
 * Who sent a Binding Update, is it fresh, and may its sender claim the home address? (RFC 4285 sections 5 and 6; under ESP,
 * what protected it has answered all three: RFC 3776 section 4.2.)
 */
export class UpdateVerifier {
  readonly #settings: HomeAgentSettings;
  readonly #hmac: Hmac;
  #byHomeAddress: ReadonlyMap<Ipv6Address, MobileNodeEntry> = new Map();
  #byIdentity: ReadonlyMap<string, MobileNodeEntry> = new Map();
  /** The greatest timestamp accepted from each identity; outlives the binding. Bounded by the configuration. */
  readonly #lastTimestamps = new Map<string, bigint>();

  /**
   * What was accepted before the home agent started is not known any more, so that nothing older than its start is
   * fresh: otherwise an update of the last seconds could be sent again by anybody.
   */
  readonly #startedUnixMs: number;

  constructor(settings: HomeAgentSettings, { hmac, startedUnixMs }: HomeAgentEnvironment) {
    this.#settings = settings;
    this.#hmac = hmac;
    this.#startedUnixMs = startedUnixMs;
    this.#index();
  }

  /** What the configuration has, by home address. */
  get nodes(): ReadonlyMap<Ipv6Address, MobileNodeEntry> {
    return this.#byHomeAddress;
  }

  /**
   * The settings have other mobile nodes now. What an identity that comes anew had accepted is not known any more, as at the
   * start: nothing older than this instant is fresh.
   */
  mobileNodesChanged({ unixMs }: Now): void {
    const { mobileNodes } = this.#settings;
    const known = this.#byIdentity;
    this.#index();
    for (const identity of known.keys()) {
      if (!this.#byIdentity.has(identity)) this.#lastTimestamps.delete(identity);
    }
    for (const { identity } of mobileNodes) {
      if (!known.has(identity)) this.#lastTimestamps.set(identity, ntpTimestamp(unixMs, 0));
    }
  }

  #index(): void {
    this.#byHomeAddress = nodesByHomeAddress(this.#settings);
    this.#byIdentity = new Map(this.#settings.mobileNodes.map((node) => [node.identity, node]));
  }

  verify(claim: ClaimedUpdate, now: Now): Origin {
    const { packet, update, homeAddress, careOfAddress } = claim;
    const identifier = findOption(update.options, "mobileNodeIdentifier");
    const claimed = identifier?.subtype === NAI_SUBTYPE ? naiText(identifier.identifier) : undefined;
    const listed = this.#byHomeAddress.get(homeAddress);
    const needsNoKey = !this.#settings.requireAuthentication || listed?.requiresEsp === true;
    if (needsNoKey && listed?.security === undefined) {
      const identity = listed?.requiresEsp === true
        ? listed.identity
        : claimed ?? listed?.identity ?? homeAddress;
      const received = {
        ...claim,
        identity,
        security: undefined,
        timestamp: undefined,
        configuredPrefixes: listed?.mobileNetworkPrefixes ?? [],
        configuredIpv4HomeAddress: listed?.ipv4HomeAddress,
      };
      return { kind: "proven", received };
    }
    if (claimed === undefined) return { kind: "silent", reason: "no mobile node identifier" };
    const node = listed?.identity === claimed ? listed : this.#byIdentity.get(claimed);
    if (node?.security === undefined) return { kind: "silent", reason: "unknown mobile node identifier" };
    const proof = findOption(update.options, "messageAuthentication");
    if (proof === undefined) return { kind: "silent", reason: "no message authentication option" };
    const security = associationsOf(node).find(({ spi }) => spi === proof.spi);
    if (security === undefined) return { kind: "silent", reason: "unknown SPI" };

    const timestamp = findOption(update.options, "messageIdentification")?.timestamp;
    const received: ReceivedUpdate = {
      ...claim,
      identity: node.identity,
      security,
      timestamp,
      configuredPrefixes: node.mobileNetworkPrefixes,
      configuredIpv4HomeAddress: node.ipv4HomeAddress,
    };
    const addresses = { careOfAddress, homeAddress };
    if (!verifyMobilityHeader(packet.mobilityHeader, packet.header, security, addresses, this.#hmac)) {
      return { kind: "unproven", received, status: BindingStatusCode.authenticationFailed };
    }
    if (timestamp === undefined) {
      return { kind: "stale", received, status: BindingStatusCode.messageIdentificationRequired };
    }
    if (!this.#isFresh(node.identity, timestamp, now)) {
      const answered = { ...received, timestamp: correctedTimestamp(timestamp, now.unixMs) };
      return { kind: "stale", received: answered, status: BindingStatusCode.identificationMismatch };
    }
    this.#lastTimestamps.set(node.identity, timestamp);
    if (node.homeAddress === homeAddress) return { kind: "proven", received };
    const status = isHomeAddress(this.#settings, homeAddress)
      ? BindingStatusCode.administrativelyProhibited
      : BindingStatusCode.notHomeSubnet;
    return { kind: "refused", received, status };
  }

  /** Is what a mobile node says protected by ESP, where it has to be (RFC 3776 section 4.1)? Asked before verify(). */
  isProtected(homeAddress: Ipv6Address, protection: EspProtection | undefined): boolean {
    return this.#byHomeAddress.get(homeAddress)?.requiresEsp !== true || protection?.source === homeAddress;
  }

  #isFresh(identity: string, timestamp: bigint, now: Now): boolean {
    // What came before the start is judged as it was then: KeptUpdate.
    const oldest = now.unixMs < this.#startedUnixMs ? 0n : ntpTimestamp(this.#startedUnixMs, 0);
    if (timestamp <= (this.#lastTimestamps.get(identity) ?? oldest)) return false;
    return Math.abs(unixMsOfNtpTimestamp(timestamp) - now.unixMs) <= this.#settings.clockToleranceMs;
  }
}

/** A network access identifier in text, or undefined where the octets are no printable UTF-8. */
function naiText(identifier: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(identifier);
  return /^[^\p{C}\uFFFD]+$/u.test(text) ? text : undefined;
}
