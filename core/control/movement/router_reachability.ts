import type { Ipv4Address } from "../../wire/address.ts";
import { ArpOperation, type ArpPacket } from "../../wire/arp.ts";
import { equalOctets } from "../../wire/octets.ts";
import { arpRequest, type ArpSender } from "./arp_frame.ts";
import type { EgressAction } from "./egress_action.ts";

/** Requests before a router counts as gone, and how far they are apart. */
const PROBES = 3;
const PROBE_MIN_MS = 100;
const PROBE_MAX_MS = 300;
/** A router that is gone is asked for this often, and every so many times its network is looked for anew. */
const ABSENT_PROBE_MS = 1000;
const ABSENT_PROBES_PER_SEARCH = 10;

/** The default router of a lease, asked for in the name of the lease's address. */
export interface RouterTarget {
  readonly gateway: Ipv4Address;
  readonly sender: ArpSender;
}

type RouterState =
  | { readonly kind: "probing"; readonly sent: number; readonly nextAtMs: number }
  | { readonly kind: "present"; readonly lastAnswerMs: number }
  | { readonly kind: "absent"; readonly sent: number; readonly nextAtMs: number };

export interface RouterOutcome {
  readonly actions: readonly EgressAction[];
  /** The router does not answer: this may be another network. */
  readonly lost: boolean;
}

/**
 * Whether the default router is there, learnt by ARP: its hardware address at once, then its presence from time to
 * time. A router that was asked for in vain is absent until it answers, also with a new lease that names it.
 */
export class RouterReachability {
  readonly #random: () => number;
  readonly #periodMs: number;
  #target: RouterTarget | undefined;
  #state: RouterState | undefined;
  #hardwareAddress: Uint8Array | undefined;
  /** Ask from time to time: the address is in use. */
  #periodic = false;
  /** Asked for in vain. */
  #absentGateway: Ipv4Address | undefined;

  /** @param periodMs between an answer and the next request while the address is in use; 0: never */
  constructor(random: () => number, periodMs: number) {
    this.#random = random;
    this.#periodMs = periodMs;
  }

  get absent(): boolean {
    return this.#state?.kind === "absent";
  }

  get hardwareAddress(): Uint8Array | undefined {
    return this.#hardwareAddress;
  }

  /** Asks for the router of a new lease. Undefined: there is none to ask for. */
  watch(target: RouterTarget | undefined, nowMs: number): EgressAction[] {
    const known = this.#target;
    this.#target = target;
    if (target === undefined) {
      this.#state = undefined;
      this.#hardwareAddress = undefined;
      return [];
    }
    const same = known?.gateway === target.gateway && known.sender.address === target.sender.address;
    if (same && this.#state !== undefined) return [];
    this.#hardwareAddress = undefined;
    if (target.gateway === this.#absentGateway) return this.#askAbsent(target, 0, nowMs);
    return this.#ask(target, 0, nowMs);
  }

  /** The network may be another one: what was asked for in vain there may be here. */
  forget(): void {
    this.#target = undefined;
    this.#state = undefined;
    this.#hardwareAddress = undefined;
    this.#absentGateway = undefined;
  }

  /** Whether to ask from time to time; beginning to asks at once. */
  setPeriodic(periodic: boolean, nowMs: number): EgressAction[] {
    const begins = periodic && !this.#periodic && this.#periodMs > 0;
    this.#periodic = periodic;
    return begins ? this.probe(nowMs) : [];
  }

  /** Asks now whether the router is there. */
  probe(nowMs: number): EgressAction[] {
    if (this.#target === undefined || this.#state?.kind !== "present") return [];
    return this.#ask(this.#target, 0, nowMs);
  }

  nextDeadline(): number | undefined {
    const state = this.#state;
    if (state?.kind !== "present") return state?.nextAtMs;
    return this.#periodic && this.#periodMs > 0 ? state.lastAnswerMs + this.#periodMs : undefined;
  }

  passTime(nowMs: number): RouterOutcome {
    const target = this.#target;
    const state = this.#state;
    const dueMs = this.nextDeadline();
    if (target === undefined || state === undefined || dueMs === undefined || nowMs < dueMs) {
      return { actions: [], lost: false };
    }
    if (state.kind === "present") return { actions: this.#ask(target, 0, nowMs), lost: false };
    if (state.kind === "probing" && state.sent < PROBES) {
      return { actions: this.#ask(target, state.sent, nowMs), lost: false };
    }
    this.#absentGateway = target.gateway;
    this.#hardwareAddress = undefined;
    const sent = state.kind === "absent" ? state.sent : 0;
    const lost = sent % ABSENT_PROBES_PER_SEARCH === 0;
    return { actions: this.#askAbsent(target, sent, nowMs), lost };
  }

  /** Any word of the router shows that it is there; a new hardware address counts only where none is known. */
  receive(packet: ArpPacket, nowMs: number): EgressAction[] {
    const target = this.#target;
    if (target === undefined || packet.senderAddress !== target.gateway) return [];
    const { senderHardwareAddress } = packet;
    const known = this.#hardwareAddress;
    if (known !== undefined) {
      if (equalOctets(known, senderHardwareAddress)) this.#found(nowMs);
      return [];
    }
    const answersUs = packet.operation === ArpOperation.reply &&
      packet.targetAddress === target.sender.address;
    if (!answersUs || !isUnicastHardwareAddress(senderHardwareAddress)) return [];
    this.#hardwareAddress = senderHardwareAddress;
    this.#found(nowMs);
    return [{ kind: "setNeighbor", address: target.gateway, hardwareAddress: senderHardwareAddress }];
  }

  #found(nowMs: number): void {
    this.#absentGateway = undefined;
    this.#state = { kind: "present", lastAnswerMs: nowMs };
  }

  #ask(target: RouterTarget, sentBefore: number, nowMs: number): EgressAction[] {
    const nextAtMs = nowMs + PROBE_MIN_MS + this.#random() * (PROBE_MAX_MS - PROBE_MIN_MS);
    this.#state = { kind: "probing", sent: sentBefore + 1, nextAtMs };
    return [arpRequest(target.sender, target.gateway, this.#hardwareAddress)];
  }

  #askAbsent(target: RouterTarget, sentBefore: number, nowMs: number): EgressAction[] {
    this.#state = { kind: "absent", sent: sentBefore + 1, nextAtMs: nowMs + ABSENT_PROBE_MS };
    return [arpRequest(target.sender, target.gateway)];
  }
}

function isUnicastHardwareAddress(address: Uint8Array): boolean {
  return (address[0] & 1) === 0 && address.some((octet) => octet !== 0);
}
