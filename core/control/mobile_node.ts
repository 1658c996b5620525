import { BindingErrorStatusCode, BindingStatusCode, bindingStatusName } from "../wire/binding_status.ts";
import type { BindingAcknowledgement, BindingError } from "../wire/mobility_message.ts";
import type { MobilityPacket } from "../wire/mobility_packet.ts";
import { judgeAcknowledgement } from "./acknowledgement_verdict.ts";
import type { MobileNodeAction, Report } from "./action.ts";
import { BindingUpdateList, REFUSED_RETRY_MS } from "./binding_update_list.ts";
import type { MobileNodeEnvironment } from "./binding_update_sender.ts";
import { CareOfAddressChoice, sameCandidate } from "./care_of_address_choice.ts";
import { HOLD_MS, MAX_BINDACK_TIMEOUT_MS } from "./constants.ts";
import { earliest } from "./deadline_queue.ts";
import type { MobileNodeEvent, SignallingEvent } from "./event.ts";
import { grantedBinding, settled } from "./granted_binding.ts";
import { readMobileNodePacket } from "./mobile_node_packet.ts";
import type { CareOfAddressCandidate } from "./movement/candidate.ts";
import { ATTEMPTS_PER_CANDIDATE } from "./movement/care_of_address_choice.ts";
import {
  type Binding,
  bindingOf,
  candidateOf,
  isExchangeState,
  type MobileNodeState,
  type SentUpdate,
  timersOf,
} from "./mobile_node_state.ts";
import { type MobileNodeStatus, mobileNodeStatus } from "./mobile_node_status.ts";
import type { Now } from "./now.ts";
import { report } from "./report.ts";
import { RevocationAnswers } from "./revocation_answers.ts";
import type { ChangeableSettings, Hmac, MobileNodeSettings } from "./settings.ts";

/** Answers that make us correct ourselves and send again at once, before we fall back to the timer. */
const MAXIMUM_CORRECTIONS = 3;
const DEREGISTRATION_LIMIT_MS = 5_000;
/** Binding Errors and Refresh Requests so soon after an update are about what came before it. */
const HINT_INTERVAL_MS = 350;

/**
 * The mobile node's state machine (RFC 6275 section 11, RFC 5555 section 4.4, RFC 3963 section 5): keeps one home
 * registration for the best care-of address that the egress interfaces offer, IPv6 or IPv4, and none on the home
 * link. Pure: events and the time go in, actions come out.
 */
export class MobileNode {
  /** Ours alone, and shared with the parts below: a new configuration is written into it. */
  readonly #settings: MobileNodeSettings;
  readonly #hmac: Hmac;
  readonly #choice: CareOfAddressChoice;
  readonly #list: BindingUpdateList;
  #lastHintMs = -Infinity;
  readonly #revocations: RevocationAnswers;
  #lastRefusal: number | undefined;

  constructor(initial: MobileNodeSettings, environment: MobileNodeEnvironment) {
    const settings = { ...initial };
    this.#settings = settings;
    this.#hmac = environment.hmac;
    this.#choice = new CareOfAddressChoice(settings);
    this.#list = new BindingUpdateList(settings, environment, this.#choice);
    this.#revocations = new RevocationAnswers(settings, environment.hmac, this.#list);
  }

  handle(event: MobileNodeEvent, now: Now): MobileNodeAction[] {
    switch (event.kind) {
      case "careOfAddresses":
        this.#choice.offer(event.candidates);
        return this.#followChoice(now);
      case "switchTo":
        this.#choice.want(event.interfaceName);
        return this.#followChoice(now);
      case "signalling":
        return this.#receive(event, now);
      case "delegatedPrefixes":
        return this.#list.grants.delegate(event.prefixes);
      case "reconfigured":
        return this.#reconfigure(event.settings, now);
      case "deadline":
        return this.#passTime(now);
      case "stop":
        return this.#stop(now);
    }
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    return earliest(Object.values(timersOf(this.#list.state)));
  }

  status(now: Now): MobileNodeStatus {
    const { sender: { sequenceNumber }, grants } = this.#list;
    const { lastTrigger: lastRevocation } = this.#revocations;
    const facts = {
      settings: this.#settings,
      sequenceNumber,
      grants,
      lastRefusal: this.#lastRefusal,
      lastRevocation,
    };
    return mobileNodeStatus(this.#list.state, facts, now);
  }

  // Movement

  /** Goes to the best candidate, if that is another than now. */
  #followChoice(now: Now): MobileNodeAction[] {
    const state = this.#list.state;
    if (state.kind === "finished") return [];
    const current = candidateOf(state);
    const { chosen } = this.#choice;
    if (chosen === undefined) return this.#detach();
    if (current !== undefined && sameCandidate(current, chosen)) {
      this.#list.state = { ...state, candidate: chosen } as MobileNodeState;
      return this.#list.fitTunnel(chosen);
    }
    this.#list.forceUdp = this.#settings.forceUdp;
    const { address, interfaceName } = chosen;
    const isPlanned = current !== undefined && this.#choice.offers(current);
    const begun: MobileNodeAction[] = [
      ...this.#list.hold(HOLD_MS.forUpdate),
      { kind: "useCareOfAddress", candidate: chosen },
      report("info", chosen.atHome ? "at home" : "care-of address", { address, interface: interfaceName }),
    ];
    if (state.kind === "deregistering") {
      return [...begun, ...this.#list.startRemoval(chosen, undefined, state.giveUpAtMs, now)];
    }
    const holdMs = isPlanned ? HOLD_MS.behindPlannedUpdate : HOLD_MS.behindUpdate;
    return [...begun, ...this.#list.start(chosen, bindingOf(state), now, holdMs)];
  }

  /** The home agent hears at once of what concerns it: the first update with a new key shows whether it has that, too. */
  #reconfigure(changed: ChangeableSettings, now: Now): MobileNodeAction[] {
    Object.assign(this.#settings, changed);
    this.#list.forceUdp = changed.forceUdp;
    this.#choice.settingsChanged();
    const moved = this.#followChoice(now);
    return moved.length > 0 ? moved : this.#list.renew(now);
  }

  #detach(): MobileNodeAction[] {
    const state = this.#list.state;
    if (state.kind === "detached") return [];
    if (state.kind === "deregistering") return this.#list.finish();
    const held = this.#list.hold(HOLD_MS.forUpdate);
    this.#list.state = { kind: "detached", binding: bindingOf(state) };
    return [
      ...held,
      { kind: "useCareOfAddress", candidate: undefined },
      report("info", "no care-of address", {}),
    ];
  }

  // Time

  #stop(now: Now): MobileNodeAction[] {
    const state = this.#list.state;
    switch (state.kind) {
      case "detached":
      case "refused":
      case "revoked":
      case "home":
      case "finished":
        return this.#list.finish();
      case "deregistering":
        return [];
    }
    // Without a binding an update may be on its way all the same, but not where the home agent does not know our key.
    const binding = bindingOf(state);
    if (binding === undefined && this.#lastRefusal === BindingStatusCode.authenticationFailed) {
      return this.#list.finish();
    }
    const giveUpAtMs = now.monotonicMs + DEREGISTRATION_LIMIT_MS;
    return this.#list.startRemoval(state.candidate, binding, giveUpAtMs, now);
  }

  #passTime(now: Now): MobileNodeAction[] {
    const due = (atMs: number | undefined) => atMs !== undefined && atMs <= now.monotonicMs;
    const timers = timersOf(this.#list.state);
    const actions: MobileNodeAction[] = [];
    if (due(timers.giveUp)) {
      return [
        report("warning", "the home agent did not answer the de-registration", {}),
        ...this.#list.finish(),
      ];
    }
    if (due(timers.expire)) actions.push(...this.#expire(now));
    if (due(timers.retransmit)) actions.push(...this.#retransmit(now));
    const state = this.#list.state;
    if (due(timers.refresh) && state.kind === "registered") {
      actions.push(...this.#list.start(state.candidate, state.binding, now));
    }
    if (due(timers.retry) && (state.kind === "refused" || state.kind === "revoked")) {
      actions.push(...this.#list.start(state.candidate, undefined, now));
    }
    return actions;
  }

  /** The lifetime is over: the home agent has forgotten us. */
  #expire(now: Now): MobileNodeAction[] {
    const state = this.#list.state;
    const actions: MobileNodeAction[] = [report("warning", "binding expired", {}), this.#list.clearTunnel()];
    if (state.kind === "registered") {
      actions.push(...this.#list.start(state.candidate, undefined, now));
    } else if (state.kind === "registering" || state.kind === "returning" || state.kind === "detached") {
      this.#list.state = { ...state, binding: undefined };
    }
    return actions;
  }

  #retransmit(now: Now): MobileNodeAction[] {
    const state = this.#list.state;
    if (!isExchangeState(state)) return [];
    const { exchange, candidate } = state;
    if (exchange.heldBack) return this.#list.sendAgain(state, exchange, now);
    const actions: MobileNodeAction[] = [{ kind: "doubt", interfaceName: candidate.interfaceName }];
    const unanswered = exchange.unanswered + 1;
    if (state.kind !== "deregistering" && unanswered >= this.#choice.attempts) {
      actions.push(...this.#choice.noteSilence());
      const next = this.#choice.chosen;
      if (next !== undefined && !sameCandidate(next, candidate)) {
        const { address, interfaceName } = candidate;
        const details = { address, interface: interfaceName };
        actions.push(report("warning", "the home agent does not answer by this care-of address", details));
        return [...actions, ...this.#followChoice(now)];
      }
    }
    if (state.kind === "returning" && state.binding === undefined && unanswered >= ATTEMPTS_PER_CANDIDATE) {
      const silent = report("warning", "the home agent does not answer: at home without it", {});
      return [...actions, silent, ...this.#takeHomeAddress(candidate, undefined)];
    }
    const timeoutMs = Math.min(exchange.timeoutMs * 2, MAX_BINDACK_TIMEOUT_MS);
    return [
      ...actions,
      ...this.#list.sendAgain(state, { ...exchange, timeoutMs, unanswered, corrections: 0 }, now),
    ];
  }

  // Messages from the home agent

  #receive(event: SignallingEvent, now: Now): MobileNodeAction[] {
    const state = this.#list.state;
    const read = readMobileNodePacket(event, candidateOf(state)?.address, this.#settings);
    if (read.kind === "dropped") {
      return [dropped(read.reason, read.fault === undefined ? {} : { fault: read.fault })];
    }
    const { packet, forHomeAddress } = read;
    const { message } = packet.header;
    if (message.kind === "bindingError") return this.#receiveBindingError(message, now);
    if (!forHomeAddress) return [dropped("not for the home address", { message: message.kind })];
    switch (message.kind) {
      case "bindingAcknowledgement":
        return this.#receiveAcknowledgement(packet, message, now);
      case "bindingRevocationIndication":
        return this.#revocations.receive(packet, message, now);
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
    const state = this.#list.state;
    if (!isExchangeState(state)) return [dropped("acknowledgement that nothing waits for")];
    const verdict = judgeAcknowledgement(packet, acknowledgement, state.exchange, this.#settings, this.#hmac);
    if (verdict.kind === "dropped") return [dropped(verdict.reason, { status: verdict.status })];
    if (verdict.kind === "keysDiffer") {
      this.#lastRefusal = BindingStatusCode.authenticationFailed;
      return this.#list.slowDown(now);
    }
    this.#choice.noteAnswer();
    switch (verdict.kind) {
      case "timestampRefused":
        if (!verdict.ofLatest) return [];
        this.#list.sender.adoptClock(verdict.timestamp, verdict.answered.timestamp, now);
        return this.#correct("the home agent does not take the timestamp", now);
      case "sequenceNumberRefused":
        this.#list.sender.adoptSequenceNumber(verdict.sequenceNumber);
        return this.#correct("sequence number out of window", now);
      case "forceUdpRefused":
        this.#list.forceUdp = false;
        return this.#correct("the home agent does not force UDP encapsulation", now);
      case "mobileRouterRefused": {
        const actions = this.#list.refuseMobileRouter(verdict.status, verdict.answered);
        if (actions === undefined) return [dropped("refusal of prefixes that are not asked for any more")];
        return [...actions, ...this.#correct("with other mobile network prefixes, or none", now)];
      }
      case "accepted":
        return this.#accept(acknowledgement, verdict.answered, now);
      case "refused":
        return this.#refused(verdict.status, now);
    }
  }

  #accept(
    acknowledgement: BindingAcknowledgement,
    answered: SentUpdate,
    now: Now,
  ): MobileNodeAction[] {
    const state = this.#list.state;
    if (state.kind !== "registering") return this.#deregistered(acknowledgement.status, now);
    if (acknowledgement.lifetimeSeconds === 0) return this.#refused(acknowledgement.status, now);
    const { candidate, binding: earlier } = state;
    const binding = grantedBinding(acknowledgement, answered, this.#settings, now);
    this.#list.state = { kind: "registered", candidate, binding };
    this.#lastRefusal = undefined;
    this.#revocations.forget();
    const { careOfAddress } = answered;
    const prefixDiscovery = acknowledgement.status === BindingStatusCode.acceptedPrefixDiscoveryNecessary;
    const actions: MobileNodeAction[] = [
      ...this.#list.setTunnel(binding.tunnel, candidate),
      { kind: "registered", careOfAddress, prefixDiscovery },
      ...settled(earlier, binding),
    ];
    const isTrial = this.#list.takePrefixes(answered);
    const { actions: granted, askAgain } = this.#list.grants.take(acknowledgement, answered, isTrial);
    actions.push(...granted);
    return isTrial || askAgain ? [...actions, ...this.#list.start(candidate, binding, now)] : actions;
  }

  #refused(status: number, now: Now): MobileNodeAction[] {
    const state = this.#list.state;
    // Refused also means that nothing is left to remove (status 133).
    if (state.kind !== "registering") return this.#deregistered(status, now);
    const replacing = this.#list.replace(status, now);
    if (replacing !== undefined) return replacing;
    const { candidate } = state;
    this.#lastRefusal = status;
    const refusal = { status, proven: true };
    this.#list.state = { kind: "refused", candidate, refusal, retryAtMs: now.monotonicMs + REFUSED_RETRY_MS };
    return [
      this.#list.clearTunnel(),
      ...this.#list.grants.lose(),
      report("error", "the home agent refuses the registration", { status, name: bindingStatusName(status) }),
      { kind: "homeAgentFails", failure: "refused" },
    ];
  }

  /** The home agent has answered a de-registration. */
  #deregistered(status: number, now: Now): MobileNodeAction[] {
    const state = this.#list.state;
    const done = report("info", "de-registered", { status });
    if (state.kind === "replacing") return [done, ...this.#list.registerReplacement(state.candidate, now)];
    if (state.kind !== "returning") return [done, ...this.#list.finish()];
    return [done, ...this.#takeHomeAddress(state.candidate, state.binding)];
  }

  /** Nobody defends the home address on the home link; while a binding stood, nobody else had it (RFC 6275 11.5.5). */
  #takeHomeAddress(candidate: CareOfAddressCandidate, binding: Binding | undefined): MobileNodeAction[] {
    const letGo = this.#list.hold(0);
    this.#list.state = { kind: "home", candidate };
    const { interfaceName } = candidate;
    return [
      this.#list.clearTunnel(),
      ...this.#list.grants.comeHome(),
      { kind: "takeHomeAddress", interfaceName, detectDuplicates: binding === undefined },
      ...letGo,
    ];
  }

  /** Sends again at once after an answer that told us what was wrong, but not for ever. */
  #correct(reason: string, now: Now): MobileNodeAction[] {
    const state = this.#list.state;
    if (!isExchangeState(state)) return [];
    const corrections = state.exchange.corrections + 1;
    if (corrections > MAXIMUM_CORRECTIONS) return [report("warning", reason, {})];
    const exchange = { ...state.exchange, corrections, unanswered: 0 };
    return [report("info", `${reason}: sending again`, {}), ...this.#list.sendAgain(state, exchange, now)];
  }

  #receiveBindingError(message: BindingError, now: Now): MobileNodeAction[] {
    if (message.status !== BindingErrorStatusCode.unknownBinding) {
      return [report("warning", "the home agent does not know our message", { status: message.status })];
    }
    if (message.homeAddress !== this.#settings.homeAddress) {
      return [dropped("binding error for another home address")];
    }
    const actions = this.#registerAgain("the home agent does not know the binding", now);
    return actions.length === 0 ? [] : [{ kind: "homeAgentForgot" }, ...actions];
  }

  /** Binding Errors and Refresh Requests prove nothing; they only make us ask the home agent sooner. */
  #registerAgain(reason: string, now: Now): MobileNodeAction[] {
    const state = this.#list.state;
    if (state.kind !== "registered" && state.kind !== "registering") return [];
    if (now.monotonicMs - Math.max(this.#lastHintMs, this.#list.sender.lastSentMs) < HINT_INTERVAL_MS) {
      return [];
    }
    this.#lastHintMs = now.monotonicMs;
    this.#choice.noteHint();
    return [report("info", reason, {}), ...this.#list.start(state.candidate, state.binding, now)];
  }
}

function dropped(reason: string, details: Report["details"] = {}): Report {
  return report("debug", `dropped: ${reason}`, details);
}
