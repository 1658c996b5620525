import { type Ipv6Prefix, isIpv4 } from "../wire/address.ts";
import type { MobilityOption } from "../wire/mobility_option.ts";
import type { SendPacket, SendSignalling } from "./action.ts";
import { sealMobilityHeader } from "./authentication.ts";
import { MAX_UPDATE_RATE_PER_SECOND, NAI_SUBTYPE } from "./constants.ts";
import type { Ipv4Request } from "./home_grants.ts";
import type { CareOfAddressCandidate } from "./movement/candidate.ts";
import { prefixOptions } from "./mobile_network_prefixes.ts";
import type { Exchange, SentUpdate } from "./mobile_node_state.ts";
import type { Now } from "./now.ts";
import { ntpTimestamp, unixMsOfNtpTimestamp } from "./ntp_timestamp.ts";
import { toHomeAgent } from "./to_home_agent.ts";
import { nextSequenceNumber } from "./sequence_number.ts";
import type { Hmac, MobileNodeSettings } from "./settings.ts";

/** Updates of one exchange that an answer may still name. */
const MAXIMUM_OUTSTANDING = 8;

export interface MobileNodeEnvironment {
  readonly hmac: Hmac;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** What one Binding Update asks for. */
export interface UpdateRequest {
  readonly candidate: CareOfAddressCandidate;
  /** 0 asks for the binding's removal. */
  readonly lifetimeSeconds: number;
  readonly forceUdp: boolean;
  readonly mobileRouter: boolean;
  /** That a mobile router asks for; none is implicit mode (RFC 3963 section 5.2). */
  readonly prefixes: readonly Ipv6Prefix[];
  readonly ipv4: Ipv4Request | undefined;
}

/**
 * Makes Binding Updates, each with a sequence number and a timestamp greater than all before (RFC 6275 11.8,
 * RFC 4285 6), and not more of them than MAX_UPDATE_RATE allows.
 */
export class BindingUpdateSender {
  readonly #settings: MobileNodeSettings;
  readonly #environment: MobileNodeEnvironment;
  #sequenceNumber: number;
  #lastTimestamp = 0n;
  /** Added to our wall clock, learnt from the home agent (RFC 4285 section 6). */
  #clockOffsetMs = 0;
  /** When the last updates went out; the latest last. */
  #recentSends: number[] = [];

  constructor(settings: MobileNodeSettings, environment: MobileNodeEnvironment) {
    this.#settings = settings;
    this.#environment = environment;
    this.#sequenceNumber = Math.floor(environment.random() * 0x10000);
  }

  /** That of the last update. */
  get sequenceNumber(): number {
    return this.#sequenceNumber;
  }

  /** When the last update went out, on the monotonic clock. */
  get lastSentMs(): number {
    return this.#recentSends.at(-1) ?? -Infinity;
  }

  /** Goes on from the home agent's number (status 135). */
  adoptSequenceNumber(sequenceNumber: number): void {
    this.#sequenceNumber = sequenceNumber;
  }

  /**
   * Takes the home agent's time of day (status 144), unless it is ours: then a timestamp was not greater than one
   * before it, and the next one will be.
   */
  adoptClock(returned: bigint, sent: bigint, now: Now): void {
    const secondsApart = Number((returned >> 32n) - (sent >> 32n));
    if (Math.abs(secondsApart) <= 1) return;
    // The home agent gives whole seconds only; the middle of its second is the best guess.
    const homeAgentMs = unixMsOfNtpTimestamp((returned >> 32n) << 32n) + 500;
    this.#clockOffsetMs = homeAgentMs - now.unixMs;
    this.#lastTimestamp = 0n;
  }

  /**
   * Sends the next update of an exchange, or puts it off where MAX_UPDATE_RATE forbids it.
   * @param exchange what was sent before, with the timeout that follows this one
   */
  send(
    request: UpdateRequest,
    exchange: Omit<Exchange, "retransmitAtMs" | "heldBack">,
    now: Now,
  ): { exchange: Exchange; actions: (SendSignalling | SendPacket)[] } {
    const { monotonicMs } = now;
    const mayGoAtMs = this.#recentSends.length < MAX_UPDATE_RATE_PER_SECOND
      ? monotonicMs
      : this.#recentSends[0] + 1000;
    if (mayGoAtMs > monotonicMs) {
      return { exchange: { ...exchange, retransmitAtMs: mayGoAtMs, heldBack: true }, actions: [] };
    }
    this.#recentSends = [...this.#recentSends, monotonicMs].slice(-MAX_UPDATE_RATE_PER_SECOND);
    this.#sequenceNumber = nextSequenceNumber(this.#sequenceNumber);
    const update: SentUpdate = {
      sequenceNumber: this.#sequenceNumber,
      timestamp: this.#nextTimestamp(now),
      careOfAddress: request.candidate.atHome ? this.#settings.homeAddress : request.candidate.address,
      forceUdp: request.forceUdp,
      mobileRouter: request.mobileRouter,
      prefixes: request.prefixes,
      ipv4HomeAddress: request.ipv4,
      sentAtMs: monotonicMs,
    };
    const sent = [...exchange.sent, update].slice(-MAXIMUM_OUTSTANDING);
    const retransmitAtMs = monotonicMs + exchange.timeoutMs;
    return {
      exchange: { ...exchange, sent, retransmitAtMs, heldBack: false },
      actions: [this.#bindingUpdate(update, request)],
    };
  }

  #nextTimestamp(now: Now): bigint {
    const byClock = ntpTimestamp(now.unixMs + this.#clockOffsetMs, this.#environment.random());
    this.#lastTimestamp = byClock > this.#lastTimestamp ? byClock : this.#lastTimestamp + 1n;
    return this.#lastTimestamp;
  }

  #bindingUpdate(sent: SentUpdate, request: UpdateRequest): SendSignalling | SendPacket {
    return toHomeAgent(this.#mobilityHeader(sent, request), sent.careOfAddress, this.#settings);
  }

  #mobilityHeader(sent: SentUpdate, { lifetimeSeconds, ipv4 }: UpdateRequest): Uint8Array {
    const { careOfAddress, mobileRouter, prefixes } = sent;
    const { security, identity, homeAddress } = this.#settings;
    const options: MobilityOption[] = [
      isIpv4(careOfAddress)
        ? { kind: "ipv4CareOfAddress", careOfAddress }
        : { kind: "alternateCareOfAddress", careOfAddress },
    ];
    options.push(...prefixOptions(prefixes));
    if (ipv4 !== undefined) {
      const { address, prefixLength, isNew } = ipv4;
      const requestPrefix = isNew && prefixLength < 32;
      options.push({ kind: "ipv4HomeAddress", prefixLength, requestPrefix, homeAddress: address });
    }
    if (security !== undefined) {
      const identifier = new TextEncoder().encode(identity);
      options.push({ kind: "mobileNodeIdentifier", subtype: NAI_SUBTYPE, identifier });
      options.push({ kind: "messageIdentification", timestamp: sent.timestamp });
    }
    return sealMobilityHeader(
      {
        kind: "bindingUpdate",
        sequenceNumber: sent.sequenceNumber,
        acknowledge: true,
        homeRegistration: true,
        linkLocalCompatibility: false,
        keyManagementMobility: false,
        mapRegistration: false,
        mobileRouter,
        proxyRegistration: false,
        forceUdp: sent.forceUdp,
        tlvHeader: false,
        overwriteOrBulk: false,
        lifetimeSeconds,
        options,
      },
      security,
      { careOfAddress, homeAddress },
      this.#environment.hmac,
    );
  }
}
