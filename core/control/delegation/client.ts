import { type Ipv6Address, type Ipv6Prefix, prefixText } from "../../wire/address.ts";
import { Dhcpv6MessageType, encodeDhcpv6 } from "../../wire/dhcpv6.ts";
import { type Dhcpv6Option, findDhcpv6Option } from "../../wire/dhcpv6_option.ts";
import { equalOctets } from "../../wire/octets.ts";
import type { Report } from "../action.ts";
import { AnswerLimiter } from "../answer_limiter.ts";
import { samePrefixes } from "../mobile_network_prefixes.ts";
import type { Now } from "../now.ts";
import { report } from "../report.ts";
import { type Answer, hasPrefix, readAnswer, readReply } from "./client_answer.ts";
import { type ClientLease, leasedPrefixes, livingLease, updatedLease } from "./client_lease.ts";
import { type ClientSettings, DelegationMessages } from "./client_message.ts";
import { type DelegationState, exchangeOf, type Offer } from "./client_state.ts";
import { REBIND, RELEASE, RENEW, REQUEST, SOL_MAX_RT_SECONDS, SOLICIT } from "./constants.ts";
import { beginExchange, beginSolicitExchange, type Exchange, sentAgain } from "./exchange.ts";
import { relayForward } from "./relay.ts";
import type { DelegationWay } from "./way.ts";

/** The daemon ends no later: what was not given back runs out by itself. Our own limit. */
const RELEASE_LIMIT_MS = 2000;
/** Anybody can say that the home agent has forgotten us: it is not asked more often. Our own limit. */
const DOUBT_INTERVAL_MS = 60_000;
/** The best that there is: nobody else is waited for (RFC 8415 section 18.2.1). */
const HIGHEST_PREFERENCE = 255;
/** 20 messages in 20 seconds (RFC 8415 section 14.1). */
const RATE = { burst: 20, perSecond: 1 } as const;

export type DelegationClientEvent =
  /**
   * The home agent can be reached so from now on, in whatever network; undefined: it cannot. Said again, it only makes who
   * has given up ask once more.
   */
  | { readonly kind: "reachable"; readonly way: DelegationWay | undefined }
  /** UDP data that came that way. */
  | {
    readonly kind: "received";
    readonly way: DelegationWay;
    readonly source: Ipv6Address;
    readonly datagram: Uint8Array;
  }
  /** The home agent has lost our binding, and the lease perhaps, too: it is asked when it can be reached again. */
  | { readonly kind: "homeAgentForgot" }
  | { readonly kind: "deadline" }
  /** Give the prefixes back and end. */
  | { readonly kind: "stop" };

export type DelegationClientAction =
  | Report
  /** Send this UDP data to the home agent. */
  | { readonly kind: "send"; readonly way: DelegationWay; readonly datagram: Uint8Array }
  /** These are all that are delegated from now on. */
  | { readonly kind: "delegatedPrefixes"; readonly prefixes: readonly Ipv6Prefix[] }
  | { readonly kind: "finished" };

/**
 * The requesting router in a mobile router: DHCPv6 prefix delegation (RFC 8415 section 18.2) from its home agent (RFC
 * 6276), with rapid commit. Only the home agent is believed, and while no message comes from it, nobody is asked for ever:
 * after six Solicits it has no prefixes to delegate (RFC 6276 section 3.3). The lease is not bound to a network: a handover
 * changes nothing. Pure: events and the time go in, actions come out.
 *
 * The first Solicit does not wait: it follows a Binding Update, so there is nothing to desynchronize (RFC 8415 section
 * 18.2.1). Through the tunnel, messages have no Home Address option and no type 2 routing header as RFC 6276 section 3 has
 * it: the tunnel says as much, and goes where those do not (IPv4, NATs).
 */
export class DelegationClient {
  readonly #settings: ClientSettings;
  readonly #messages: DelegationMessages;
  readonly #random: () => number;
  readonly #rate = new AnswerLimiter(RATE);
  #state: DelegationState = { kind: "idle" };
  #way: DelegationWay | undefined;
  #lease: ClientLease | undefined;
  #announced: readonly Ipv6Prefix[] = [];
  /** The next answer is announced even where it brings nothing new: the home agent knows the lease again. */
  #isDoubted = false;
  #nextDoubtMs = -Infinity;
  /** The home agent has spoken DHCPv6 to us: it is worth being asked again. */
  #isAnswering = false;
  #solicitMaximumMs = SOLICIT.maximumMs;

  /** @param random a number from 0 (inclusive) to 1 (exclusive) */
  constructor(settings: ClientSettings, random: () => number) {
    this.#settings = settings;
    this.#messages = new DelegationMessages(settings);
    this.#random = random;
  }

  handle(event: DelegationClientEvent, { monotonicMs: nowMs }: Now): DelegationClientAction[] {
    if (this.#state.kind === "finished") return [];
    switch (event.kind) {
      case "reachable":
        return this.#go(event.way, nowMs);
      case "received":
        return this.#receive(event, nowMs);
      case "homeAgentForgot":
        return this.#doubt();
      case "deadline":
        return this.#passTime(nowMs);
      case "stop":
        return this.#stop(nowMs);
    }
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    const state = this.#state;
    const deadlines = leasedPrefixes(this.#lease).map(({ validUntilMs }) => validUntilMs);
    if (state.kind === "releasing") deadlines.push(state.giveUpAtMs);
    if (this.#way !== undefined) {
      deadlines.push(exchangeOf(state)?.retransmitAtMs ?? Infinity);
      if (state.kind === "bound") deadlines.push(this.#lease?.renewAtMs ?? Infinity);
      if (state.kind === "renewing") deadlines.push(this.#lease?.rebindAtMs ?? Infinity);
    }
    const next = Math.min(...deadlines);
    return Number.isFinite(next) ? next : undefined;
  }

  /** What waits is sent the new way at once. */
  #go(way: DelegationWay | undefined, nowMs: number): DelegationClientAction[] {
    const state = this.#state;
    if (way === this.#way && state.kind !== "idle") return [];
    this.#way = way;
    if (way === undefined) return [];
    switch (state.kind) {
      case "idle":
      case "soliciting":
        return this.#solicit(nowMs);
      case "requesting":
        return this.#request(state.offer, nowMs);
      case "bound":
        return this.#isDoubted && this.#lease
          ? this.#askAboutLease(this.#lease, nowMs)
          : this.#passTime(nowMs);
      case "renewing":
      case "rebinding":
        return this.#extend(nowMs);
      case "releasing":
        return this.#sendAgain(state, RELEASE, nowMs);
      case "finished":
        return [];
    }
  }

  #passTime(nowMs: number): DelegationClientAction[] {
    const expired = this.#expire(nowMs);
    if (expired.length > 0) return expired;
    const state = this.#state;
    if (state.kind === "releasing" && nowMs >= state.giveUpAtMs) return this.#finish();
    if (this.#way === undefined) return [];
    const lease = this.#lease;
    if (state.kind === "bound") return lease && nowMs >= lease.renewAtMs ? this.#extend(nowMs) : [];
    if (state.kind === "renewing" && lease && nowMs >= lease.rebindAtMs) return this.#extend(nowMs);
    const exchange = exchangeOf(state);
    if (exchange === undefined || nowMs < exchange.retransmitAtMs) return [];
    switch (state.kind) {
      case "soliciting":
        if (state.offer !== undefined) return this.#request(state.offer, nowMs);
        if (exchange.sent < SOLICIT.maximumCount || this.#isAnswering) {
          return this.#sendAgain(state, { maximumMs: this.#solicitMaximumMs }, nowMs);
        }
        this.#state = { kind: "idle" };
        return [report("warning", "the home agent does not delegate prefixes", {})];
      case "requesting":
        if (exchange.sent < REQUEST.maximumCount) return this.#sendAgain(state, REQUEST, nowMs);
        return this.#solicit(nowMs);
      case "renewing":
        return this.#sendAgain(state, RENEW, nowMs);
      case "rebinding":
        return this.#sendAgain(state, REBIND, nowMs);
      case "releasing":
        if (exchange.sent < RELEASE.maximumCount) return this.#sendAgain(state, RELEASE, nowMs);
        return this.#finish();
      default:
        return [];
    }
  }

  /** Prefixes whose valid lifetime is over. */
  #expire(nowMs: number): DelegationClientAction[] {
    const before = this.#lease;
    if (before === undefined) return [];
    this.#lease = livingLease(before, nowMs);
    if (leasedPrefixes(this.#lease).length === leasedPrefixes(before).length) return [];
    const over = report("warning", "the lifetime of a delegated prefix is over", {});
    return [over, ...this.#announce(), ...(this.#lease === undefined ? this.#solicit(nowMs) : [])];
  }

  // Messages to the home agent

  #solicit(nowMs: number): DelegationClientAction[] {
    if (this.#settings.count === 0 || this.#way === undefined) {
      this.#state = { kind: "idle" };
      return [];
    }
    const exchange = beginSolicitExchange(SOLICIT, nowMs, this.#random);
    this.#state = { kind: "soliciting", exchange, offer: undefined };
    return this.#transmit(nowMs);
  }

  #request(offer: Offer, nowMs: number): DelegationClientAction[] {
    this.#state = { kind: "requesting", offer, exchange: beginExchange(REQUEST, nowMs, this.#random) };
    return this.#transmit(nowMs);
  }

  /** Renew from T1, Rebind from T2 on. */
  #extend(nowMs: number): DelegationClientAction[] {
    const isRebinding = this.#isDoubted || nowMs >= (this.#lease?.rebindAtMs ?? 0);
    const exchange = beginExchange(isRebinding ? REBIND : RENEW, nowMs, this.#random);
    this.#state = { kind: isRebinding ? "rebinding" : "renewing", exchange };
    return this.#transmit(nowMs);
  }

  #sendAgain(
    state: DelegationState & { readonly exchange: Exchange },
    limit: Parameters<typeof sentAgain>[1],
    nowMs: number,
  ): DelegationClientAction[] {
    const exchange = sentAgain(state.exchange, limit, nowMs, this.#random);
    this.#state = { ...state, exchange } as DelegationState;
    return this.#transmit(nowMs);
  }

  /** Sends the message of the state. One too many is as good as lost. */
  #transmit(nowMs: number): DelegationClientAction[] {
    const way = this.#way;
    if (way === undefined || !this.#rate.allow(this.#settings.homeAgentAddress, nowMs)) return [];
    const message = this.#messages.of(this.#state, this.#lease, nowMs);
    if (message === undefined) return [];
    const { homeAddress } = this.#settings;
    const datagram = encodeDhcpv6(way === "homeLink" ? message : relayForward(message, homeAddress));
    return [{ kind: "send", way, datagram }];
  }

  /** Nothing of ours reaches the home agent before it has a binding for us again. */
  #doubt(): DelegationClientAction[] {
    if (this.#lease === undefined) return [];
    this.#isDoubted = true;
    this.#way = undefined;
    return [];
  }

  /** RFC 6276 section 3.1: who has a lease asks with a Rebind. */
  #askAboutLease(lease: ClientLease, nowMs: number): DelegationClientAction[] {
    if (nowMs < this.#nextDoubtMs) {
      this.#lease = { ...lease, renewAtMs: Math.min(lease.renewAtMs, this.#nextDoubtMs) };
      return [];
    }
    this.#nextDoubtMs = nowMs + DOUBT_INTERVAL_MS;
    return this.#extend(nowMs);
  }

  // Messages from the home agent

  #receive(
    { way, source, datagram }: DelegationClientEvent & { readonly kind: "received" },
    nowMs: number,
  ): DelegationClientAction[] {
    const { homeAgentAddress, requiresEsp } = this.#settings;
    if (source !== homeAgentAddress) return [refused("not from the home agent", { source })];
    if (way === "tunnel" && requiresEsp) return [refused("it is not protected by ESP")];
    const message = readReply(way, datagram);
    if (typeof message === "string") return [refused(message)];
    const exchange = exchangeOf(this.#state);
    if (exchange === undefined || message.transactionId !== exchange.transactionId) {
      return [refused("nothing with its transaction ID is on its way")];
    }
    const client = findDhcpv6Option(message.options, "clientIdentifier");
    if (client === undefined || !equalOctets(client.duid, this.#settings.duid)) {
      return [refused("it is for another client")];
    }
    const answer = readAnswer(message.options, this.#messages.iaids);
    if (answer === undefined) return [refused("it has no server identifier")];
    this.#isAnswering = true;
    this.#adoptSolicitMaximum(message.options);
    switch (message.type) {
      case Dhcpv6MessageType.advertise:
        return this.#receiveAdvertise(answer, message.options, nowMs);
      case Dhcpv6MessageType.reply:
        return this.#receiveReply(answer, message.options, nowMs);
      default:
        return [refused("it is no answer to a client", { type: message.type })];
    }
  }

  #receiveAdvertise(
    answer: Answer,
    options: readonly Dhcpv6Option[],
    nowMs: number,
  ): DelegationClientAction[] {
    const state = this.#state;
    if (state.kind !== "soliciting") return [refused("nothing was solicited")];
    if (!hasPrefix(answer)) return [noPrefix(answer)];
    const preference = findDhcpv6Option(options, "preference")?.preference ?? 0;
    const offer = { server: answer.server, preference, associations: answer.associations };
    if (preference === HIGHEST_PREFERENCE || state.exchange.sent > 1) return this.#request(offer, nowMs);
    const isBest = state.offer === undefined || preference > state.offer.preference;
    this.#state = { ...state, offer: isBest ? offer : state.offer };
    return [];
  }

  #receiveReply(
    answer: Answer,
    options: readonly Dhcpv6Option[],
    nowMs: number,
  ): DelegationClientAction[] {
    const state = this.#state;
    switch (state.kind) {
      case "soliciting":
        if (findDhcpv6Option(options, "rapidCommit") === undefined) return [refused("no rapid commit")];
        return hasPrefix(answer) ? this.#bind(answer, nowMs) : [noPrefix(answer)];
      case "requesting":
        if (!equalOctets(answer.server, state.offer.server)) return [refused("another server was asked")];
        if (hasPrefix(answer)) return this.#bind(answer, nowMs);
        return [noPrefix(answer), ...this.#withdraw(answer, nowMs)];
      case "renewing":
        if (!equalOctets(answer.server, this.#lease!.server)) return [refused("another server was asked")];
        return this.#receiveExtension(answer, nowMs);
      case "rebinding":
        return this.#receiveExtension(answer, nowMs);
      case "releasing":
        return this.#finish();
      default:
        return [refused("nothing was asked for")];
    }
  }

  /** An answer to a Renew or a Rebind (RFC 8415 section 18.2.10.1). */
  #receiveExtension(answer: Answer, nowMs: number): DelegationClientAction[] {
    const isExtended = hasPrefix(answer);
    if (!isExtended && !answer.isUnknown) return [noPrefix(answer), ...this.#withdraw(answer, nowMs)];
    const actions = isExtended ? this.#bind(answer, nowMs) : [];
    if (!answer.isUnknown) return actions;
    const offer = { server: answer.server, preference: 0, associations: this.#messages.held(this.#lease) };
    return [...actions, ...this.#request(offer, nowMs)];
  }

  #bind(answer: Answer, nowMs: number): DelegationClientAction[] {
    this.#lease = updatedLease(this.#lease, answer, nowMs);
    this.#state = { kind: "bound" };
    return this.#announce();
  }

  /** Prefixes that the answer has with a lifetime of 0 are gone; without any, all begins again. */
  #withdraw(answer: Answer, nowMs: number): DelegationClientAction[] {
    const before = this.#lease;
    this.#lease = updatedLease(before, answer, nowMs);
    if (this.#lease !== undefined) return this.#announce();
    // A Request that is answered so goes on as a Solicit, no sooner than it would have been sent again.
    if (before === undefined) return [];
    return [...this.#announce(), ...this.#solicit(nowMs)];
  }

  #announce(): DelegationClientAction[] {
    const prefixes = leasedPrefixes(this.#lease).map(({ prefix }) => prefix);
    if (samePrefixes(prefixes, this.#announced) && !this.#isDoubted) return [];
    this.#isDoubted = false;
    this.#announced = prefixes;
    const text = prefixes.length === 0 ? "none" : prefixes.map(prefixText).join(" ");
    return [
      { kind: "delegatedPrefixes", prefixes },
      report("info", "delegated prefixes", { prefixes: text }),
    ];
  }

  #adoptSolicitMaximum(options: readonly Dhcpv6Option[]): void {
    const seconds = findDhcpv6Option(options, "solMaxRt")?.seconds;
    if (seconds === undefined) return;
    if (seconds < SOL_MAX_RT_SECONDS.least || seconds > SOL_MAX_RT_SECONDS.most) return;
    this.#solicitMaximumMs = seconds * 1000;
  }

  // The end

  #stop(nowMs: number): DelegationClientAction[] {
    const lease = this.#lease;
    if (this.#state.kind === "releasing") return [];
    this.#lease = undefined;
    // Nothing is used any more before it is given back (RFC 8415 section 18.2.7).
    const withdrawn = this.#announce();
    if (lease === undefined || this.#way === undefined) return [...withdrawn, ...this.#finish()];
    const exchange = beginExchange(RELEASE, nowMs, this.#random);
    this.#state = { kind: "releasing", exchange, lease, giveUpAtMs: nowMs + RELEASE_LIMIT_MS };
    return [...withdrawn, ...this.#transmit(nowMs)];
  }

  #finish(): DelegationClientAction[] {
    this.#state = { kind: "finished" };
    return [{ kind: "finished" }];
  }
}

function noPrefix(answer: Answer): Report {
  const details = { reason: answer.complaint ?? "no prefix in its answer" };
  return report("warning", "the home agent has no prefix for us", details);
}

function refused(reason: string, details: Report["details"] = {}): Report {
  return report("debug", "DHCPv6 message refused", { reason, ...details });
}
