import type { Ipv4Address, Ipv6Address } from "../wire/address.ts";
import { BindingErrorStatusCode, BindingStatusCode, bindingStatusName } from "../wire/binding_status.ts";
import { Protocol } from "../wire/constants.ts";
import type { BindingAcknowledgement, BindingError } from "../wire/mobility_message.ts";
import { findOption } from "../wire/mobility_option.ts";
import { decodeMobilityPacket, type MobilityPacket } from "../wire/mobility_packet.ts";
import { describeWireError } from "../wire/result.ts";
import type { MobileNodeAction, Report } from "./action.ts";
import { verifyMobilityHeader } from "./authentication.ts";
import {
  INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS,
  INITIAL_BINDACK_TIMEOUT_MS,
  MAX_BINDACK_TIMEOUT_MS,
  NAT_KEEPALIVE_TIMEOUT_SECONDS,
  NO_KEEPALIVE,
} from "./constants.ts";
import {
  BindingUpdateSender,
  type MobileNodeEnvironment,
  type UpdateRequest,
} from "./binding_update_sender.ts";
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
import type { Hmac, MobileNodeSettings } from "./settings.ts";
import { type Encapsulation, ENCAPSULATION_OVERHEAD, sameTunnelEnd, type TunnelEnd } from "./tunnel.ts";

/** A refresh is sent when this part of the lifetime has passed: time for five attempts before the end. */
const REFRESH_AT = 3 / 4;
/** Answers that make us correct ourselves and send again at once, before we fall back to the timer. */
const MAXIMUM_CORRECTIONS = 3;
const REFUSED_RETRY_MS = 60_000;
const DEREGISTRATION_LIMIT_MS = 5_000;
/** Binding Errors and Refresh Requests so soon after an update are about what came before it. */
const HINT_INTERVAL_MS = 350;

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
  readonly #hmac: Hmac;
  readonly #sender: BindingUpdateSender;
  #state: MobileNodeState = { kind: "detached", binding: undefined };
  #linkMtu = 1500;
  /** Cleared when the home agent refuses the F flag (RFC 5555 section 4.4.2). */
  #forceUdp: boolean;
  #lastHintMs = -Infinity;
  #lastRefusal: number | undefined;

  constructor(settings: MobileNodeSettings, environment: MobileNodeEnvironment) {
    this.#settings = settings;
    this.#hmac = environment.hmac;
    this.#forceUdp = settings.forceUdp;
    this.#sender = new BindingUpdateSender(settings, environment);
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
      sequenceNumber: this.#sender.sequenceNumber,
      registrationMs: binding?.registrationMs ?? null,
      lastRefusal: this.#lastRefusal === undefined
        ? null
        : { status: this.#lastRefusal, name: bindingStatusName(this.#lastRefusal) },
    };
  }

  // Events

  #changeCareOfAddress(address: Ipv4Address | undefined, linkMtu: number, now: Now): MobileNodeAction[] {
    this.#linkMtu = linkMtu;
    const actions = this.#adjustMtu();
    const state = this.#state;
    if (state.kind === "finished") return actions;
    if (state.kind === "deregistering") return this.#moveDeregistration(state, address, now);
    const binding = "binding" in state ? state.binding : undefined;
    if (address === undefined) {
      this.#state = { kind: "detached", binding };
      return [...actions, report("info", "no care-of address", {})];
    }
    if ("careOfAddress" in state && state.careOfAddress === address) return actions;
    this.#forceUdp = this.#settings.forceUdp;
    const begun = report("info", "care-of address", { address });
    return [...actions, begun, ...this.#startRegistration(address, binding, now)];
  }

  /** A de-registration goes on from the new care-of address, and is over where there is none. */
  #moveDeregistration(
    state: MobileNodeState & { kind: "deregistering" },
    address: Ipv4Address | undefined,
    now: Now,
  ): MobileNodeAction[] {
    if (address === undefined) return this.#finish();
    if (address === state.careOfAddress) return [];
    const { exchange, actions } = this.#sender.send(this.#removal(address), newExchange(undefined), now);
    this.#state = { ...state, careOfAddress: address, exchange };
    return actions;
  }

  /** The tunnel never promises more than the link carries. */
  #adjustMtu(): MobileNodeAction[] {
    const state = this.#state;
    const binding = "binding" in state ? state.binding : undefined;
    if (binding === undefined) return [];
    const innerMtu = this.#innerMtu(binding.tunnel);
    if (innerMtu === binding.innerMtu) return [];
    this.#state = { ...state, binding: { ...binding, innerMtu } } as MobileNodeState;
    return [{ kind: "setTunnel", tunnel: binding.tunnel, innerMtu }];
  }

  #stop(now: Now): MobileNodeAction[] {
    const state = this.#state;
    const binding = "binding" in state ? state.binding : undefined;
    if (!("careOfAddress" in state) || state.kind === "refused") return this.#finish();
    if (state.kind === "deregistering") return [];
    // Without a binding an update may be on its way all the same, but not where the home agent does not know our key.
    if (binding === undefined && this.#lastRefusal === BindingStatusCode.authenticationFailed) {
      return this.#finish();
    }
    const { exchange, actions } = this.#sender.send(
      this.#removal(state.careOfAddress),
      newExchange(binding),
      now,
    );
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
    const { timeoutMs, corrections, heldBack } = state.exchange;
    const { exchange, actions } = this.#sender.send(this.#requestOf(state), {
      ...state.exchange,
      timeoutMs: heldBack ? timeoutMs : Math.min(timeoutMs * 2, MAX_BINDACK_TIMEOUT_MS),
      corrections: heldBack ? corrections : 0,
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
    if (packet.header.payloadProtocol !== Protocol.noNextHeader) {
      return [dropped("a payload in a mobility header")];
    }
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
    // Status 144 refuses the F flag where the timestamp comes back as it was (see cannotForceUdp below).
    const refusesForceUdp = answered.forceUdp && timestamp === answered.timestamp;
    if (status === BindingStatusCode.identificationMismatch && timestamp !== undefined && !refusesForceUdp) {
      if (answered !== latest) return [];
      this.#sender.adoptClock(timestamp, answered.timestamp, now);
      return this.#correct("the home agent does not take the timestamp", now);
    }
    if (this.#settings.security !== undefined && timestamp !== answered.timestamp) {
      return [dropped("acknowledgement with another timestamp")];
    }
    if (status === BindingStatusCode.sequenceNumberOutOfWindow) {
      this.#sender.adoptSequenceNumber(acknowledgement.sequenceNumber);
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
      this.#hmac,
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
    const innerMtu = this.#innerMtu(tunnel);
    const binding: Binding = {
      careOfAddress: answered.careOfAddress,
      tunnel,
      innerMtu,
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
    if (!sameTunnelEnd(earlier?.tunnel, tunnel) || earlier?.innerMtu !== innerMtu) {
      actions.push({ kind: "setTunnel", tunnel, innerMtu });
    }
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

  /** Sends again at once after an answer that told us what was wrong, but not for ever. */
  #correct(reason: string, now: Now): MobileNodeAction[] {
    const state = this.#state;
    if (state.kind !== "registering" && state.kind !== "deregistering") return [];
    const corrections = state.exchange.corrections + 1;
    if (corrections > MAXIMUM_CORRECTIONS) return [report("warning", reason, {})];
    const { exchange, actions } = this.#sender.send(this.#requestOf(state), {
      ...state.exchange,
      corrections,
    }, now);
    this.#state = { ...state, exchange };
    return [report("info", `${reason}: sending again`, {}), ...actions];
  }

  #receiveBindingError(message: BindingError, now: Now): MobileNodeAction[] {
    if (message.status !== BindingErrorStatusCode.unknownBinding) {
      return [report("warning", "the home agent does not know our message", { status: message.status })];
    }
    if (message.homeAddress !== this.#settings.homeAddress) {
      return [dropped("binding error for another home address")];
    }
    return this.#registerAgain("the home agent does not know the binding", now);
  }

  /** Binding Errors and Refresh Requests prove nothing; they only make us ask the home agent sooner. */
  #registerAgain(reason: string, now: Now): MobileNodeAction[] {
    const state = this.#state;
    if (state.kind !== "registered" && state.kind !== "registering") return [];
    if (now.monotonicMs - Math.max(this.#lastHintMs, this.#sender.lastSentMs) < HINT_INTERVAL_MS) return [];
    this.#lastHintMs = now.monotonicMs;
    return [report("info", reason, {}), ...this.#startRegistration(state.careOfAddress, state.binding, now)];
  }

  // Binding Updates

  #startRegistration(careOfAddress: Ipv4Address, binding: Binding | undefined, now: Now): MobileNodeAction[] {
    const { exchange, actions } = this.#sender.send(
      this.#registration(careOfAddress),
      newExchange(binding),
      now,
    );
    this.#state = { kind: "registering", careOfAddress, exchange, binding };
    return actions;
  }

  #registration(careOfAddress: Ipv4Address): UpdateRequest {
    return { careOfAddress, lifetimeSeconds: this.#settings.lifetimeSeconds, forceUdp: this.#forceUdp };
  }

  #removal(careOfAddress: Ipv4Address): UpdateRequest {
    return { careOfAddress, lifetimeSeconds: 0, forceUdp: this.#forceUdp };
  }

  #requestOf(state: MobileNodeState & { kind: "registering" | "deregistering" }): UpdateRequest {
    return state.kind === "registering"
      ? this.#registration(state.careOfAddress)
      : this.#removal(state.careOfAddress);
  }

  #innerMtu(tunnel: TunnelEnd): number {
    return this.#linkMtu - ENCAPSULATION_OVERHEAD[tunnel.encapsulation];
  }

  #finish(): MobileNodeAction[] {
    this.#state = { kind: "finished" };
    return [{ kind: "clearTunnel" }, { kind: "finished" }];
  }
}

/** The back-off starts at 1 s while a binding exists, and at 1.5 s before (RFC 6275 section 11.8). */
function newExchange(binding: Binding | undefined): Pick<Exchange, "sent" | "timeoutMs" | "corrections"> {
  const timeoutMs = binding ? INITIAL_BINDACK_TIMEOUT_MS : INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS;
  return { sent: [], timeoutMs, corrections: 0 };
}

function report(level: Report["level"], message: string, details: Report["details"]): Report {
  return { kind: "report", level, message, details };
}

function dropped(reason: string, details: Report["details"] = {}): Report {
  return report("debug", `dropped: ${reason}`, details);
}
