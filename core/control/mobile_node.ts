import type { Ipv4Address, Ipv6Address } from "../wire/address.ts";
import { BindingErrorStatusCode, BindingStatusCode, bindingStatusName } from "../wire/binding_status.ts";
import type { BindingAcknowledgement, BindingError } from "../wire/mobility_message.ts";
import { findOption, type MobilityOption } from "../wire/mobility_option.ts";
import { decodeMobilityPacket, encodeMobilityPacket, type MobilityPacket } from "../wire/mobility_packet.ts";
import { describeWireError } from "../wire/result.ts";
import type { MobileNodeAction, Report } from "./action.ts";
import { sealMobilityHeader, verifyMobilityHeader } from "./authentication.ts";
import {
  INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS,
  INITIAL_BINDACK_TIMEOUT_MS,
  MAX_BINDACK_TIMEOUT_MS,
  MAX_UPDATE_RATE_PER_SECOND,
  NAI_SUBTYPE,
  NAT_KEEPALIVE_TIMEOUT_SECONDS,
  NO_KEEPALIVE,
} from "./constants.ts";
import type { MobileNodeEvent } from "./event.ts";
import {
  type Binding,
  earliest,
  type Exchange,
  type MobileNodeState,
  type SentUpdate,
  timersOf,
} from "./mobile_node_state.ts";
import type { Now } from "./now.ts";
import { ntpTimestamp, unixMsOfNtpTimestamp } from "./ntp_timestamp.ts";
import { nextSequenceNumber } from "./sequence_number.ts";
import type { Hmac, MobileNodeSettings } from "./settings.ts";
import { type Encapsulation, ENCAPSULATION_OVERHEAD, sameTunnelEnd, type TunnelEnd } from "./tunnel.ts";

/** A refresh is sent when this part of the lifetime has passed: time for five attempts before the end. */
const REFRESH_AT = 3 / 4;
/** Answers that make us correct ourselves and send again at once, before we fall back to the timer. */
const MAXIMUM_CORRECTIONS = 3;
const MAXIMUM_OUTSTANDING = 8;
const REFUSED_RETRY_MS = 60_000;
const DEREGISTRATION_LIMIT_MS = 5_000;
/** Two Binding Errors or Refresh Requests closer than this are one. */
const HINT_INTERVAL_MS = 1_000;

export interface MobileNodeEnvironment {
  readonly hmac: Hmac;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** What `dsmip mn status` shows. */
export interface MobileNodeStatus {
  readonly state: "detached" | "registering" | "registered" | "refused" | "deregistering" | "finished";
  readonly identity: string;
  readonly homeAddress: Ipv6Address;
  readonly homeAgentAddress: Ipv6Address;
  readonly homeAgentIpv4Address: Ipv4Address;
  readonly careOfAddress: Ipv4Address | null;
  readonly encapsulation: Encapsulation | null;
  readonly natDetected: boolean | null;
  readonly keepaliveSeconds: number | null;
  readonly lifetimeSeconds: number | null;
  readonly remainingSeconds: number | null;
  readonly sequenceNumber: number;
  readonly registrationMs: number | null;
  readonly lastRefusal: { readonly status: number; readonly name: string } | null;
}

/**
 * The mobile node's state machine on IPv4-only networks (RFC 5555 section 4.4, RFC 6275 section 11): keeps one
 * home registration for the care-of address that the egress interface has. Pure: events and the time go in,
 * actions come out.
 */
export class MobileNode {
  readonly #settings: MobileNodeSettings;
  readonly #environment: MobileNodeEnvironment;
  #state: MobileNodeState = { kind: "detached", binding: undefined };
  #linkMtu = 1500;
  #sequenceNumber: number;
  #lastTimestamp = 0n;
  /** Added to our wall clock, learnt from the home agent (RFC 4285 section 6). */
  #clockOffsetMs = 0;
  /** Cleared when the home agent refuses the F flag (RFC 5555 section 4.4.2). */
  #forceUdp: boolean;
  /** When the last updates went out, for MAX_UPDATE_RATE; the latest last. */
  #recentSends: number[] = [];
  #lastHintMs = -Infinity;
  #lastRefusal: number | undefined;

  constructor(settings: MobileNodeSettings, environment: MobileNodeEnvironment) {
    this.#settings = settings;
    this.#environment = environment;
    this.#forceUdp = settings.forceUdp;
    this.#sequenceNumber = Math.floor(environment.random() * 0x10000);
  }

  handle(event: MobileNodeEvent, now: Now): MobileNodeAction[] {
    switch (event.kind) {
      case "careOfAddress":
        return this.#changeCareOfAddress(event.address, event.linkMtu, now);
      case "signalling":
        return this.#receive(event.packet, now);
      case "deadline":
        return this.#passTime(now);
      case "stop":
        return this.#stop(now);
    }
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    return earliest(timersOf(this.#state));
  }

  status(now: Now): MobileNodeStatus {
    const state = this.#state;
    const binding = "binding" in state ? state.binding : undefined;
    const refreshing = state.kind === "registering" && binding?.careOfAddress === state.careOfAddress;
    return {
      state: refreshing ? "registered" : state.kind,
      identity: this.#settings.identity,
      homeAddress: this.#settings.homeAddress,
      homeAgentAddress: this.#settings.homeAgentAddress,
      homeAgentIpv4Address: this.#settings.homeAgentIpv4Address,
      careOfAddress: "careOfAddress" in state ? state.careOfAddress : null,
      encapsulation: binding?.tunnel.encapsulation ?? null,
      natDetected: binding?.natDetected ?? null,
      keepaliveSeconds: binding?.keepaliveSeconds ?? null,
      lifetimeSeconds: binding?.lifetimeSeconds ?? null,
      remainingSeconds: binding ? Math.max(0, (binding.expiresAtMs - now.monotonicMs) / 1000) : null,
      sequenceNumber: this.#sequenceNumber,
      registrationMs: binding?.registrationMs ?? null,
      lastRefusal: this.#lastRefusal === undefined
        ? null
        : { status: this.#lastRefusal, name: bindingStatusName(this.#lastRefusal) },
    };
  }

  // Events

  #changeCareOfAddress(address: Ipv4Address | undefined, linkMtu: number, now: Now): MobileNodeAction[] {
    const state = this.#state;
    const mtuChanged = linkMtu !== this.#linkMtu;
    this.#linkMtu = linkMtu;
    if (state.kind === "deregistering" || state.kind === "finished") return [];
    const binding = "binding" in state ? state.binding : undefined;
    if (address === undefined) {
      this.#state = { kind: "detached", binding };
      return [report("info", "no care-of address", {})];
    }
    if ("careOfAddress" in state && state.careOfAddress === address) {
      return mtuChanged && binding ? [this.#setTunnel(binding.tunnel)] : [];
    }
    this.#forceUdp = this.#settings.forceUdp;
    return [
      report("info", "care-of address", { address }),
      ...this.#startRegistration(address, binding, now),
    ];
  }

  #stop(now: Now): MobileNodeAction[] {
    const state = this.#state;
    const binding = "binding" in state ? state.binding : undefined;
    if (!("careOfAddress" in state) || state.kind === "refused") return this.#finish();
    if (state.kind === "deregistering") return [];
    // Without a binding a Binding Update may be on its way all the same: its sequence number is taken.
    if (binding === undefined && state.kind !== "registering") return this.#finish();
    const { exchange, actions } = this.#sendUpdate(state.careOfAddress, 0, undefined, now);
    const giveUpAtMs = now.monotonicMs + DEREGISTRATION_LIMIT_MS;
    this.#state = { kind: "deregistering", careOfAddress: state.careOfAddress, exchange, giveUpAtMs };
    return actions;
  }

  #passTime(now: Now): MobileNodeAction[] {
    const due = (atMs: number | undefined) => atMs !== undefined && atMs <= now.monotonicMs;
    const timers = timersOf(this.#state);
    const actions: MobileNodeAction[] = [];
    if (due(timers.giveUp)) {
      return [report("warning", "the home agent did not answer the de-registration", {}), ...this.#finish()];
    }
    if (due(timers.expire)) actions.push(...this.#expire(now));
    if (due(timers.retransmit)) actions.push(...this.#retransmit(now));
    const state = this.#state;
    if (due(timers.refresh) && state.kind === "registered") {
      actions.push(...this.#startRegistration(state.careOfAddress, state.binding, now));
    }
    if (due(timers.retry) && state.kind === "refused") {
      actions.push(...this.#startRegistration(state.careOfAddress, undefined, now));
    }
    return actions;
  }

  /** The lifetime is over: the home agent has forgotten us. */
  #expire(now: Now): MobileNodeAction[] {
    const state = this.#state;
    const actions: MobileNodeAction[] = [report("warning", "binding expired", {}), { kind: "clearTunnel" }];
    if (state.kind === "registered") {
      actions.push(...this.#startRegistration(state.careOfAddress, undefined, now));
    } else if (state.kind === "registering" || state.kind === "detached") {
      this.#state = { ...state, binding: undefined };
    }
    return actions;
  }

  #retransmit(now: Now): MobileNodeAction[] {
    const state = this.#state;
    if (state.kind !== "registering" && state.kind !== "deregistering") return [];
    const lifetimeSeconds = state.kind === "registering" ? this.#settings.lifetimeSeconds : 0;
    const { timeoutMs, heldBack } = state.exchange;
    const { exchange, actions } = this.#sendUpdate(state.careOfAddress, lifetimeSeconds, {
      ...state.exchange,
      timeoutMs: heldBack ? timeoutMs : Math.min(timeoutMs * 2, MAX_BINDACK_TIMEOUT_MS),
    }, now);
    this.#state = { ...state, exchange };
    return actions;
  }

  // Messages from the home agent

  #receive(bytes: Uint8Array, now: Now): MobileNodeAction[] {
    const decoded = decodeMobilityPacket(bytes);
    if (!decoded.ok) {
      return [dropped("malformed mobility packet", { fault: describeWireError(decoded.error) })];
    }
    const packet = decoded.value;
    if (!packet.checksumValid) return [dropped("wrong mobility header checksum")];
    if (packet.source !== this.#settings.homeAgentAddress) return [dropped("not from the home agent")];
    if (packet.destination !== this.#settings.homeAddress) return [dropped("not for the home address")];
    const message = packet.header.message;
    switch (message.kind) {
      case "bindingAcknowledgement":
        return this.#receiveAcknowledgement(packet, message, now);
      case "bindingError":
        return this.#receiveBindingError(message, now);
      case "bindingRefreshRequest":
        return this.#registerAgain("the home agent asks for a refresh", now);
      default:
        return [dropped("mobility message that a mobile node does not take", { message: message.kind })];
    }
  }

  #receiveAcknowledgement(
    packet: MobilityPacket,
    acknowledgement: BindingAcknowledgement,
    now: Now,
  ): MobileNodeAction[] {
    const state = this.#state;
    if (state.kind !== "registering" && state.kind !== "deregistering") {
      return [dropped("acknowledgement that nothing waits for")];
    }
    const { status } = acknowledgement;
    const latest = state.exchange.sent.at(-1);
    // Status 135 carries the home agent's number, not ours, and answers the latest as far as we can tell.
    const answered = status === BindingStatusCode.sequenceNumberOutOfWindow
      ? latest
      : state.exchange.sent.find((update) => update.sequenceNumber === acknowledgement.sequenceNumber);
    if (answered === undefined) return [dropped("acknowledgement of no outstanding update")];

    const proven = this.#isProven(packet, answered.careOfAddress);
    if (!proven) {
      if (status !== BindingStatusCode.authenticationFailed || answered !== latest) {
        return [dropped("acknowledgement without proof of origin", { status })];
      }
      return this.#slowDown(state.exchange, now);
    }
    const timestamp = findOption(acknowledgement.options, "messageIdentification")?.timestamp;
    if (
      status === BindingStatusCode.identificationMismatch && timestamp !== undefined &&
      timestamp !== answered.timestamp
    ) {
      return answered === latest ? this.#correctClock(timestamp, now) : [];
    }
    if (this.#settings.security !== undefined && timestamp !== answered.timestamp) {
      return [dropped("acknowledgement with another timestamp")];
    }
    if (status === BindingStatusCode.sequenceNumberOutOfWindow) {
      this.#sequenceNumber = acknowledgement.sequenceNumber;
      return this.#correct("sequence number out of window", now);
    }
    if (status === BindingStatusCode.cannotForceUdp && answered.forceUdp) {
      this.#forceUdp = false;
      return this.#correct("the home agent does not force UDP encapsulation", now);
    }
    if (state.kind === "deregistering") {
      // Refused also means that nothing is left to remove (status 133).
      return [report("info", "de-registered", { status }), ...this.#finish()];
    }
    return status < 128 && acknowledgement.lifetimeSeconds > 0
      ? this.#accept(acknowledgement, answered, state.binding, now)
      : this.#refused(acknowledgement, state.careOfAddress, now);
  }

  #isProven(packet: MobilityPacket, careOfAddress: Ipv4Address): boolean {
    const { security, homeAddress } = this.#settings;
    if (security === undefined) return true;
    const addresses = { careOfAddress, homeAddress };
    return verifyMobilityHeader(
      packet.mobilityHeader,
      packet.header,
      security,
      addresses,
      this.#environment.hmac,
    );
  }

  #accept(
    acknowledgement: BindingAcknowledgement,
    answered: SentUpdate,
    earlier: Binding | undefined,
    now: Now,
  ): MobileNodeAction[] {
    const state = this.#state;
    if (state.kind !== "registering" || answered.careOfAddress !== state.careOfAddress) return [];
    const lifetimeSeconds = Math.min(acknowledgement.lifetimeSeconds, this.#settings.lifetimeSeconds);
    const nat = findOption(acknowledgement.options, "natDetection");
    const natDetected = nat !== undefined && nat.refreshSeconds !== NO_KEEPALIVE;
    const overUdp = natDetected || nat?.forceUdp === true;
    const { homeAgentIpv4Address: address, homeAgentPort } = this.#settings;
    const tunnel: TunnelEnd = overUdp
      ? { encapsulation: "udp", address, port: homeAgentPort }
      : { encapsulation: "ipv6InIpv4", address, port: 0 };
    const keepaliveSeconds = natDetected
      ? this.#settings.keepaliveSeconds ?? (nat.refreshSeconds || NAT_KEEPALIVE_TIMEOUT_SECONDS)
      : undefined;
    const advice = findOption(acknowledgement.options, "bindingRefreshAdvice")?.refreshIntervalSeconds ||
      Infinity;
    const refreshSeconds = Math.min(lifetimeSeconds * REFRESH_AT, keepaliveSeconds ?? Infinity, advice);
    const registrationMs = now.monotonicMs - answered.sentAtMs;
    const binding: Binding = {
      careOfAddress: answered.careOfAddress,
      tunnel,
      natDetected,
      keepaliveSeconds,
      lifetimeSeconds,
      expiresAtMs: answered.sentAtMs + lifetimeSeconds * 1000,
      refreshAtMs: answered.sentAtMs + refreshSeconds * 1000,
      registrationMs,
    };
    this.#state = { kind: "registered", careOfAddress: answered.careOfAddress, binding };
    this.#lastRefusal = undefined;
    const actions: MobileNodeAction[] = [];
    if (!sameTunnelEnd(earlier?.tunnel, tunnel)) actions.push(this.#setTunnel(tunnel));
    const moved = earlier?.careOfAddress !== binding.careOfAddress || earlier.natDetected !== natDetected;
    actions.push(report(moved ? "info" : "debug", moved ? "registered" : "refreshed", {
      careOfAddress: binding.careOfAddress,
      encapsulation: tunnel.encapsulation,
      natDetected,
      lifetimeSeconds,
      registrationMs: Math.round(registrationMs * 100) / 100,
    }));
    return actions;
  }

  #refused(
    acknowledgement: BindingAcknowledgement,
    careOfAddress: Ipv4Address,
    now: Now,
  ): MobileNodeAction[] {
    const { status } = acknowledgement;
    this.#lastRefusal = status;
    this.#state = {
      kind: "refused",
      careOfAddress,
      refusal: { status, proven: true },
      retryAtMs: now.monotonicMs + REFUSED_RETRY_MS,
    };
    return [
      { kind: "clearTunnel" },
      report("error", "the home agent refuses the registration", { status, name: bindingStatusName(status) }),
    ];
  }

  /**
   * "Authentication failed", in an answer that our own key does not prove: either end has the wrong key, or
   * somebody makes it up. We go on, at the slowest rate.
   */
  #slowDown(exchange: Exchange, now: Now): MobileNodeAction[] {
    const state = this.#state;
    if (state.kind !== "registering") return [];
    this.#lastRefusal = BindingStatusCode.authenticationFailed;
    const retransmitAtMs = now.monotonicMs + MAX_BINDACK_TIMEOUT_MS;
    this.#state = { ...state, exchange: { ...exchange, timeoutMs: MAX_BINDACK_TIMEOUT_MS, retransmitAtMs } };
    return [report("error", "authentication failed: do both ends have the same key, SPI and algorithm?", {
      status: BindingStatusCode.authenticationFailed,
      spi: this.#settings.security?.spi ?? 0,
    })];
  }

  #correctClock(timestamp: bigint, now: Now): MobileNodeAction[] {
    // The home agent gives whole seconds only; the middle of its second is the best guess.
    const homeAgentMs = unixMsOfNtpTimestamp((timestamp >> 32n) << 32n) + 500;
    this.#clockOffsetMs = homeAgentMs - now.unixMs;
    this.#lastTimestamp = 0n;
    return this.#correct("clock differs from the home agent's", now);
  }

  /** Sends again at once after an answer that told us what was wrong, but not for ever. */
  #correct(reason: string, now: Now): MobileNodeAction[] {
    const state = this.#state;
    if (state.kind !== "registering" && state.kind !== "deregistering") return [];
    const corrections = state.exchange.corrections + 1;
    if (corrections > MAXIMUM_CORRECTIONS) return [report("warning", reason, {})];
    const lifetimeSeconds = state.kind === "registering" ? this.#settings.lifetimeSeconds : 0;
    const { exchange, actions } = this.#sendUpdate(
      state.careOfAddress,
      lifetimeSeconds,
      { ...state.exchange, corrections },
      now,
    );
    this.#state = { ...state, exchange };
    return [report("info", `${reason}: sending again`, {}), ...actions];
  }

  #receiveBindingError(message: BindingError, now: Now): MobileNodeAction[] {
    if (message.homeAddress !== this.#settings.homeAddress) {
      return [dropped("binding error for another home address")];
    }
    if (message.status !== BindingErrorStatusCode.unknownBinding) {
      return [report("warning", "the home agent does not know our message", { status: message.status })];
    }
    return this.#registerAgain("the home agent does not know the binding", now);
  }

  /** Binding Errors and Refresh Requests prove nothing; they only make us ask the home agent sooner. */
  #registerAgain(reason: string, now: Now): MobileNodeAction[] {
    const state = this.#state;
    if (state.kind !== "registered" && state.kind !== "registering") return [];
    const lastSentMs = this.#recentSends.at(-1) ?? -Infinity;
    if (now.monotonicMs - Math.max(this.#lastHintMs, lastSentMs) < HINT_INTERVAL_MS) return [];
    this.#lastHintMs = now.monotonicMs;
    return [report("info", reason, {}), ...this.#startRegistration(state.careOfAddress, state.binding, now)];
  }

  // Binding Updates

  #startRegistration(careOfAddress: Ipv4Address, binding: Binding | undefined, now: Now): MobileNodeAction[] {
    const { exchange, actions } = this.#sendUpdate(
      careOfAddress,
      this.#settings.lifetimeSeconds,
      undefined,
      now,
      binding,
    );
    this.#state = { kind: "registering", careOfAddress, exchange, binding };
    return actions;
  }

  /**
   * Sends the next Binding Update of an exchange, or puts it off where MAX_UPDATE_RATE forbids it.
   * Each has a sequence number and a timestamp greater than all before (RFC 6275 11.8, RFC 4285 6).
   */
  #sendUpdate(
    careOfAddress: Ipv4Address,
    lifetimeSeconds: number,
    earlier: Exchange | undefined,
    now: Now,
    binding?: Binding,
  ): { exchange: Exchange; actions: MobileNodeAction[] } {
    const timeoutMs = earlier?.timeoutMs ??
      (binding ? INITIAL_BINDACK_TIMEOUT_MS : INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS);
    const corrections = earlier?.corrections ?? 0;
    const before = earlier?.sent ?? [];
    const waitUntilMs = this.#earliestSendMs(now.monotonicMs);
    if (waitUntilMs > now.monotonicMs) {
      const exchange = { sent: before, timeoutMs, corrections, retransmitAtMs: waitUntilMs, heldBack: true };
      return { exchange, actions: [] };
    }
    this.#recentSends = [...this.#recentSends, now.monotonicMs].slice(-MAX_UPDATE_RATE_PER_SECOND);
    this.#sequenceNumber = nextSequenceNumber(this.#sequenceNumber);
    const update: SentUpdate = {
      sequenceNumber: this.#sequenceNumber,
      timestamp: this.#nextTimestamp(now),
      careOfAddress,
      forceUdp: this.#forceUdp,
      sentAtMs: now.monotonicMs,
    };
    return {
      exchange: {
        sent: [...before, update].slice(-MAXIMUM_OUTSTANDING),
        timeoutMs,
        corrections,
        retransmitAtMs: now.monotonicMs + timeoutMs,
        heldBack: false,
      },
      actions: [this.#bindingUpdate(update, lifetimeSeconds)],
    };
  }

  #earliestSendMs(monotonicMs: number): number {
    if (this.#recentSends.length < MAX_UPDATE_RATE_PER_SECOND) return monotonicMs;
    return Math.max(monotonicMs, this.#recentSends[0] + 1000);
  }

  #nextTimestamp(now: Now): bigint {
    const byClock = ntpTimestamp(now.unixMs + this.#clockOffsetMs, this.#environment.random());
    this.#lastTimestamp = byClock > this.#lastTimestamp ? byClock : this.#lastTimestamp + 1n;
    return this.#lastTimestamp;
  }

  /** IPv4 (care-of -> home agent) / UDP / IPv6 (home address -> home agent) / Binding Update (RFC 5555 4.4.2). */
  #bindingUpdate(sent: SentUpdate, lifetimeSeconds: number): MobileNodeAction {
    const settings = this.#settings;
    const { careOfAddress } = sent;
    const options: MobilityOption[] = [{ kind: "ipv4CareOfAddress", careOfAddress }];
    if (settings.security !== undefined) {
      const identifier = new TextEncoder().encode(settings.identity);
      options.push({ kind: "mobileNodeIdentifier", subtype: NAI_SUBTYPE, identifier });
      options.push({ kind: "messageIdentification", timestamp: sent.timestamp });
    }
    const mobilityHeader = sealMobilityHeader(
      {
        kind: "bindingUpdate",
        sequenceNumber: sent.sequenceNumber,
        acknowledge: true,
        homeRegistration: true,
        linkLocalCompatibility: false,
        keyManagementMobility: false,
        mapRegistration: false,
        mobileRouter: false,
        proxyRegistration: false,
        forceUdp: sent.forceUdp,
        tlvHeader: false,
        overwriteOrBulk: false,
        lifetimeSeconds,
        options,
      },
      settings.security,
      { careOfAddress, homeAddress: settings.homeAddress },
      this.#environment.hmac,
    );
    return {
      kind: "sendSignalling",
      source: careOfAddress,
      destination: settings.homeAgentIpv4Address,
      destinationPort: settings.homeAgentPort,
      packet: encodeMobilityPacket({
        source: settings.homeAddress,
        destination: settings.homeAgentAddress,
        mobilityHeader,
      }),
    };
  }

  #setTunnel(tunnel: TunnelEnd): MobileNodeAction {
    const innerMtu = this.#linkMtu - ENCAPSULATION_OVERHEAD[tunnel.encapsulation];
    return { kind: "setTunnel", tunnel, innerMtu };
  }

  #finish(): MobileNodeAction[] {
    this.#state = { kind: "finished" };
    return [{ kind: "clearTunnel" }, { kind: "finished" }];
  }
}

function report(level: Report["level"], message: string, details: Report["details"]): Report {
  return { kind: "report", level, message, details };
}

function dropped(reason: string, details: Report["details"] = {}): Report {
  return report("debug", `dropped: ${reason}`, details);
}
