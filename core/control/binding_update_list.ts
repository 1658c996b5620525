import { isIpv4, prefixText } from "../wire/address.ts";
import { BindingStatusCode, bindingStatusName } from "../wire/binding_status.ts";
import type { MobileNodeAction } from "./action.ts";
import { AskedPrefixes } from "./asked_prefixes.ts";
import {
  BindingUpdateSender,
  type MobileNodeEnvironment,
  type UpdateRequest,
} from "./binding_update_sender.ts";
import type { CareOfAddressChoice } from "./care_of_address_choice.ts";
import {
  HOLD_MS,
  INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS,
  INITIAL_BINDACK_TIMEOUT_MS,
  MAX_BINDACK_TIMEOUT_MS,
} from "./constants.ts";
import type { CareOfAddressCandidate } from "./movement/candidate.ts";
import { HomeGrants } from "./home_grants.ts";
import { assumedTunnel } from "./granted_binding.ts";
import { samePrefixes } from "./mobile_network_prefixes.ts";
import {
  type Binding,
  bindingOf,
  candidateOf,
  type Exchange,
  type ExchangeState,
  type MobileNodeState,
  type SentUpdate,
} from "./mobile_node_state.ts";
import { report } from "./report.ts";
import type { Now } from "./now.ts";
import { isMobileRouter, type MobileNodeSettings } from "./settings.ts";
import { ENCAPSULATION_OVERHEAD, sameTunnelEnd, type TunnelEnd } from "./tunnel.ts";

const PREFIX_REFUSALS: readonly number[] = [
  BindingStatusCode.invalidPrefix,
  BindingStatusCode.notAuthorizedForPrefix,
];
/** After a refusal, and a revocation: an administrator may mend it. */
export const REFUSED_RETRY_MS = 60_000;
const NOTHING_LEFT = { refused: undefined, isAnyLeft: false };

/**
 * The Binding Update List of a mobile node that has one home registration (RFC 6275 section 11.1): its state, the
 * Binding Updates that go out for it, and the tunnel that goes with it.
 */
export class BindingUpdateList {
  state: MobileNodeState = { kind: "detached", binding: undefined };
  /** Cleared when the home agent refuses the F flag (RFC 5555 section 4.4.2). */
  forceUdp: boolean;
  /** Cleared when the home agent refuses the R flag (RFC 3963 section 5.4.2). */
  mobileRouter: boolean;
  readonly #prefixes: AskedPrefixes;
  readonly sender: BindingUpdateSender;
  readonly grants: HomeGrants;
  readonly #settings: MobileNodeSettings;
  readonly #choice: CareOfAddressChoice;
  /** The tunnel as the data path has it. */
  #way: { readonly tunnel: TunnelEnd; readonly innerMtu: number } | undefined;

  constructor(settings: MobileNodeSettings, environment: MobileNodeEnvironment, choice: CareOfAddressChoice) {
    this.#settings = settings;
    this.#choice = choice;
    this.forceUdp = settings.forceUdp;
    this.mobileRouter = isMobileRouter(settings);
    this.#prefixes = new AskedPrefixes(settings.mobileNetworkPrefixes);
    this.grants = new HomeGrants(settings);
    this.sender = new BindingUpdateSender(settings, environment);
  }

  /** The data path's tunnel to the home agent. Nothing where the tunnel is so already. It never promises more than the link carries. */
  setTunnel(tunnel: TunnelEnd, { linkMtu }: CareOfAddressCandidate): MobileNodeAction[] {
    const innerMtu = linkMtu - ENCAPSULATION_OVERHEAD[tunnel.encapsulation];
    if (sameTunnelEnd(this.#way?.tunnel, tunnel) && this.#way?.innerMtu === innerMtu) return [];
    this.#way = { tunnel, innerMtu };
    return [{ kind: "setTunnel", tunnel, innerMtu }];
  }

  /** What the link of the care-of address carries may have changed. */
  fitTunnel(candidate: CareOfAddressCandidate): MobileNodeAction[] {
    return this.#way === undefined ? [] : this.setTunnel(this.#way.tunnel, candidate);
  }

  clearTunnel(): MobileNodeAction {
    this.#way = undefined;
    return { kind: "clearTunnel" };
  }

  /**
   * Registers the candidate, or on the home link removes the registration (RFC 6275 section 11.5.5).
   * @param holdMs how long the traffic of a binding waits behind the Binding Update; at home it waits for the answer, because
   * it goes on without the tunnel
   */
  start(
    candidate: CareOfAddressCandidate,
    binding: Binding | undefined,
    now: Now,
    holdMs = 0,
  ): MobileNodeAction[] {
    const kind = candidate.atHome ? "returning" : "registering";
    const request = candidate.atHome ? this.#removal(candidate) : this.#registration(candidate);
    const { exchange, actions } = this.sender.send(request, this.#newExchange(binding), now);
    this.state = { kind, candidate, exchange, binding };
    const forMs = candidate.atHome ? HOLD_MS.forUpdate : holdMs;
    return [...actions, ...(forMs > 0 ? this.hold(forMs) : []), ...this.#assumeTunnel()];
  }

  /** Without a binding there is no tunnel that anything could wait for. */
  hold(forMs: number): MobileNodeAction[] {
    return bindingOf(this.state) === undefined ? [] : [{ kind: "holdTraffic", forMs }];
  }

  /**
   * The home agent refuses the mobile router: fewer prefixes are asked for, or none, and then never again with the R flag
   * (RFC 3963 section 5.4.2).
   * @returns undefined where that answers what is asked for no more
   */
  refuseMobileRouter(status: number, answered: SentUpdate): MobileNodeAction[] | undefined {
    if (!this.mobileRouter || !samePrefixes(answered.prefixes, this.#prefixes.current)) return undefined;
    const details = { status, name: bindingStatusName(status) };
    const isAboutPrefixes = PREFIX_REFUSALS.includes(status);
    const { refused, isAnyLeft } = isAboutPrefixes ? this.#prefixes.refuse() : NOTHING_LEFT;
    const actions: MobileNodeAction[] = refused === undefined ? [] : [
      report("error", "the home agent refuses a mobile network", { prefix: prefixText(refused), ...details }),
    ];
    if (isAnyLeft) return actions;
    this.mobileRouter = false;
    return [
      ...actions,
      report("error", "the home agent does not take us for a mobile router", details),
      { kind: "homeAgentFails", failure: "mobileRouterRefused" },
    ];
  }

  /** The home agent has taken what an update named. @returns whether more prefixes are to be tried */
  takePrefixes({ mobileRouter, prefixes }: SentUpdate): boolean {
    return mobileRouter && samePrefixes(prefixes, this.#prefixes.current) && this.#prefixes.take();
  }

  /**
   * The home agent refuses to make a mobile router's binding a mobile node's, or the other way round (status 139): what is left
   * of an earlier run is in the way. It is removed, once for a registration; the tunnel stays as it is meanwhile.
   * @returns undefined where that is no way out
   */
  replace(status: number, now: Now): MobileNodeAction[] | undefined {
    const { state } = this;
    if (status !== BindingStatusCode.registrationTypeChangeDisallowed) return undefined;
    if (state.kind !== "registering" || state.isReplacement) return undefined;
    const { candidate, binding } = state;
    const { exchange, actions } = this.sender.send(this.#removal(candidate), this.#newExchange(binding), now);
    this.state = { kind: "replacing", candidate, exchange };
    return [
      report("info", "an earlier binding of another type is in the way: it is removed", {}),
      ...actions,
    ];
  }

  /** What was in the way is gone. */
  registerReplacement(candidate: CareOfAddressCandidate, now: Now): MobileNodeAction[] {
    const actions = this.start(candidate, undefined, now);
    if (this.state.kind === "registering") this.state = { ...this.state, isReplacement: true };
    return actions;
  }

  /** Asks the home agent to forget us, before the end. */
  startRemoval(
    candidate: CareOfAddressCandidate,
    binding: Binding | undefined,
    giveUpAtMs: number,
    now: Now,
  ): MobileNodeAction[] {
    const { exchange, actions } = this.sender.send(this.#removal(candidate), this.#newExchange(binding), now);
    this.state = { kind: "deregistering", candidate, exchange, giveUpAtMs };
    return actions;
  }

  /**
   * "Authentication failed", in an answer that our own key does not prove: either end has the wrong key, or somebody makes it
   * up. We go on, at the slowest rate.
   */
  slowDown({ monotonicMs }: Now): MobileNodeAction[] {
    const { state } = this;
    if (state.kind !== "registering") return [];
    const timeoutMs = MAX_BINDACK_TIMEOUT_MS;
    this.state = {
      ...state,
      exchange: { ...state.exchange, timeoutMs, retransmitAtMs: monotonicMs + timeoutMs },
    };
    return [report("error", "authentication failed: do both ends have the same key, SPI and algorithm?", {
      status: BindingStatusCode.authenticationFailed,
      spi: this.#settings.security?.spi ?? 0,
    })];
  }

  /** All is said. */
  finish(): MobileNodeAction[] {
    this.state = { kind: "finished" };
    return [this.clearTunnel(), { kind: "finished" }];
  }

  /**
   * The home agent has revoked the binding. On the way home, or to the end, nothing is left but to hear so from the
   * de-registration.
   */
  revoked(retryAtMs: number): MobileNodeAction[] {
    const { state } = this;
    if (state.kind === "registering" || state.kind === "registered") {
      this.state = { kind: "revoked", candidate: state.candidate, retryAtMs };
    } else if (state.kind === "returning") {
      this.state = { ...state, binding: undefined };
    }
    return [this.clearTunnel(), ...this.grants.lose()];
  }

  /** Tells the home agent at once of settings that have changed. */
  renew(now: Now): MobileNodeAction[] {
    const { state } = this;
    if (state.kind === "deregistering") return this.sendAgain(state, state.exchange, now);
    const candidate = candidateOf(state);
    if (candidate === undefined || state.kind === "home") return [];
    return this.start(candidate, bindingOf(state), now);
  }

  /** Sends the next update of an exchange; `sofar` is what it is until now. */
  sendAgain(state: ExchangeState, sofar: Exchange, now: Now): MobileNodeAction[] {
    const { candidate } = state;
    const request = state.kind === "registering" ? this.#registration(candidate) : this.#removal(candidate);
    const { exchange, actions } = this.sender.send(request, sofar, now);
    this.state = { ...state, exchange };
    return [...actions, ...this.#assumeTunnel()];
  }

  /** While a binding stands, data follows the Binding Update from a new care-of address without waiting. */
  #assumeTunnel(): MobileNodeAction[] {
    const state = this.state;
    if (state.kind !== "registering" || state.binding === undefined) return [];
    // An update that MAX_UPDATE_RATE holds back: only the link has changed.
    if (state.exchange.sent.length === 0) return this.fitTunnel(state.candidate);
    return this.setTunnel(assumedTunnel(state.candidate, state.binding, this.#settings), state.candidate);
  }

  #registration(candidate: CareOfAddressCandidate): UpdateRequest {
    const { lifetimeSeconds } = this.#settings;
    const prefixes = this.mobileRouter ? this.#prefixes.current : [];
    return { ...this.#removal(candidate), lifetimeSeconds, prefixes, ipv4: this.grants.ipv4Request() };
  }

  /** It names no prefixes (RFC 3963 section 5.8). */
  #removal(candidate: CareOfAddressCandidate): UpdateRequest {
    const forceUdp = this.forceUdp && isIpv4(candidate.address);
    const { mobileRouter } = this;
    return { candidate, lifetimeSeconds: 0, forceUdp, mobileRouter, prefixes: [], ipv4: undefined };
  }

  /** The back-off starts at 1 s while a binding exists, and later before (RFC 6275 section 11.8). */
  #newExchange(binding: Binding | undefined): Omit<Exchange, "retransmitAtMs" | "heldBack"> {
    const { firstTimeoutMs = INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS } = this.#settings;
    const first = binding ? INITIAL_BINDACK_TIMEOUT_MS : firstTimeoutMs;
    const timeoutMs = this.#choice.allSilent ? MAX_BINDACK_TIMEOUT_MS : first;
    return { sent: [], timeoutMs, corrections: 0, unanswered: 0 };
  }
}
