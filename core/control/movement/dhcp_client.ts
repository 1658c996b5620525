import type { Ipv4Address } from "../../wire/address.ts";
import { type DhcpMessage, DhcpMessageType, DhcpOperation } from "../../wire/dhcpv4.ts";
import { equalOctets } from "../../wire/octets.ts";
import type { Report } from "../action.ts";
import {
  dhcpDecline,
  dhcpDiscover,
  dhcpRebindingRequest,
  dhcpRebootingRequest,
  dhcpRelease,
  dhcpRenewingRequest,
  type DhcpRequestHead,
  dhcpSelectingRequest,
} from "./dhcp_request.ts";
import { dhcpDeadline, type DhcpExchange, type DhcpState, usableLease } from "./dhcp_state.ts";
import type { EgressAction } from "./egress_action.ts";
import { type Lease, leaseOf } from "./lease.ts";

/** Quicker than RFC 2131 section 4.1, which begins with 4 s: a moving node has packets waiting. The last one repeats. */
const RETRANSMISSION_MS = [300, 1000, 2000, 4000, 8000, 16_000] as const;
/** Each is up to this part longer or shorter. */
const JITTER = 0.1;
/** After so many, the next DHCPDISCOVER is seconds away. */
const VAIN_DISCOVERS = 3;
/** An offer that is asked for so often in vain is given up. */
const REQUESTING_ATTEMPTS = 3;
/** RENEWING and REBINDING: never sooner again (section 4.4.5). */
const MINIMUM_RENEWAL_INTERVAL_MS = 60_000;
/** After a DECLINE (section 3.1, step 5). */
const DECLINE_WAIT_MS = 10_000;

export interface DhcpOutcome {
  readonly actions: readonly EgressAction[];
  /** A server does not grant this lease, which the client had or asked for. */
  readonly denied?: Lease;
}

interface AskedFor {
  readonly lease: Lease;
  /** Undefined: any server may answer. */
  readonly server: Ipv4Address | undefined;
}

/**
 * A DHCP client (RFC 2131 section 4.4) with rapid commit (RFC 4039), which says only what to send. Its lease says
 * nothing about the interface: whoever owns the client puts the address there, or not.
 */
export class DhcpClient {
  readonly #random: () => number;
  #hardwareAddress = new Uint8Array(6);
  #state: DhcpState = { kind: "idle" };
  /** Refusals since the last lease: the first is answered at once, the others wait. */
  #refusals = 0;

  /** @param random a number from 0 (inclusive) to 1 (exclusive) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The lease that may be used now. */
  get lease(): Lease | undefined {
    return usableLease(this.#state);
  }

  nextDeadline(): number | undefined {
    return dhcpDeadline(this.#state);
  }

  /** A link is there. `known`: the lease of the network that it probably is. */
  start(hardwareAddress: Uint8Array, known: Lease | undefined, nowMs: number): EgressAction[] {
    this.#hardwareAddress = new Uint8Array(hardwareAddress);
    this.#refusals = 0;
    if (known === undefined) return this.#discover(nowMs);
    const exchange = this.#newExchange(nowMs);
    this.#state = { kind: "rebooting", lease: known, exchange };
    return [dhcpRebootingRequest(this.#head(exchange, nowMs), known)];
  }

  /** The link may be another one: servers that were looked for in vain are looked for from the beginning. */
  hurry(nowMs: number): EgressAction[] {
    const state = this.#state;
    if (state.kind !== "selecting" || state.exchange.sent < VAIN_DISCOVERS) return [];
    return this.#discover(nowMs);
  }

  /** The link is gone, or the daemon ends. */
  stop(): void {
    this.#state = { kind: "idle" };
  }

  /** The router of a lease of before has answered (RFC 4436 section 2.1): the lease is good here. */
  confirm(lease: Lease): void {
    const state = this.#state;
    if (this.lease !== undefined || state.kind === "idle") return;
    const asked = state.kind === "rebooting" && state.lease === lease;
    this.#state = { kind: "bound", lease, exchange: asked ? state.exchange : undefined };
  }

  /** Another host has the address of the lease. */
  decline(nowMs: number): EgressAction[] {
    const lease = this.lease;
    if (lease === undefined) return [];
    this.#state = { kind: "waiting", startAtMs: nowMs + DECLINE_WAIT_MS };
    return [dhcpDecline(this.#freshHead(), lease)];
  }

  /** Gives the lease back. */
  release(): EgressAction[] {
    const lease = this.lease;
    this.stop();
    return lease === undefined ? [] : [dhcpRelease(this.#freshHead(), lease)];
  }

  passTime(nowMs: number): EgressAction[] {
    const state = this.#state;
    const dueMs = this.nextDeadline();
    if (dueMs === undefined || nowMs < dueMs) return [];
    const lease = this.lease;
    if (lease !== undefined && nowMs >= lease.expiresAtMs) {
      return [report("warning", "lease has ended", { address: lease.address }), ...this.#discover(nowMs)];
    }
    switch (state.kind) {
      case "idle":
        return [];
      case "waiting":
      case "rebooting":
        return this.#discover(nowMs);
      case "selecting": {
        const exchange = this.#sentAgain(state.exchange, nowMs);
        this.#state = { ...state, exchange };
        const discover = dhcpDiscover(this.#head(exchange, nowMs));
        if (exchange.sent !== VAIN_DISCOVERS) return [discover];
        return [report("info", "no DHCP server has answered yet", { sent: exchange.sent }), discover];
      }
      case "requesting": {
        if (state.exchange.sent >= REQUESTING_ATTEMPTS) return this.#discover(nowMs);
        const exchange = this.#sentAgain(state.exchange, nowMs);
        this.#state = { ...state, exchange };
        return [
          dhcpSelectingRequest({ ...this.#head(exchange, nowMs), seconds: state.seconds }, state.offer),
        ];
      }
      case "bound":
        return this.#extend(state.lease, this.#newExchange(nowMs), nowMs);
      case "renewing":
      case "rebinding":
        return this.#extend(state.lease, this.#sentAgain(state.exchange, nowMs), nowMs);
    }
  }

  /** A message that came to the client's port. `serverHardwareAddress` is its frame's source. */
  receive(message: DhcpMessage, serverHardwareAddress: Uint8Array, nowMs: number): DhcpOutcome {
    const state = this.#state;
    const exchange = "exchange" in state ? state.exchange : undefined;
    if (message.operation !== DhcpOperation.reply) return refused("it is no reply");
    if (!equalOctets(message.clientHardwareAddress, this.#hardwareAddress)) {
      return refused("it is for another client");
    }
    if (exchange === undefined || message.transactionId !== exchange.transactionId) {
      return refused("nothing with its transaction ID is on its way");
    }
    if (message.options.messageType === DhcpMessageType.nak) return this.#receiveNak(message, nowMs);
    const request = { sentAtMs: exchange.lastSentAtMs, serverHardwareAddress, random: this.#random };
    const lease = leaseOf(message, request);
    if (typeof lease === "string") return refused(lease, "warning");
    switch (message.options.messageType) {
      case DhcpMessageType.offer:
        if (state.kind !== "selecting") return refused("no offer is awaited");
        return { actions: this.#select(lease, state.exchange, nowMs) };
      case DhcpMessageType.ack: {
        const fault = this.#faultOfAcknowledgement(message, lease);
        return fault === undefined ? { actions: this.#bind(lease) } : refused(fault);
      }
      default:
        return refused("it is no answer to a client");
    }
  }

  /** Looks for servers, whatever was before. */
  #discover(nowMs: number): EgressAction[] {
    const exchange = this.#newExchange(nowMs);
    this.#state = { kind: "selecting", exchange };
    return [dhcpDiscover(this.#head(exchange, nowMs))];
  }

  /** The first offer that can be used is the best: it is here. */
  #select(offer: Lease, discover: DhcpExchange, nowMs: number): EgressAction[] {
    // The DISCOVER's transaction goes on (section 4.4.1), and its seconds (section 4.1).
    const seconds = secondsBetween(discover.startedAtMs, discover.lastSentAtMs);
    const exchange = { ...this.#newExchange(nowMs), transactionId: discover.transactionId };
    this.#state = { kind: "requesting", offer, seconds, exchange };
    return [dhcpSelectingRequest({ ...this.#head(exchange, nowMs), seconds }, offer)];
  }

  /** An acknowledgement grants what was asked for, and comes from whom was asked. */
  #faultOfAcknowledgement(message: DhcpMessage, lease: Lease): string | undefined {
    const asked = this.#askedFor();
    // Of whichever server answers the DISCOVER so, also after another's offer (RFC 4039 section 3).
    const discovering = this.#state.kind === "selecting" || this.#state.kind === "requesting";
    if (discovering && message.options.rapidCommit) return undefined;
    if (asked === undefined) return "nothing was asked for, and it has no rapid commit";
    if (lease.address !== asked.lease.address) return `${lease.address} was not asked for`;
    return answersFor(asked, lease.serverIdentifier) ? undefined : "another server was asked";
  }

  /** The lease that the exchange is about, and whose answer counts. */
  #askedFor(): AskedFor | undefined {
    const state = this.#state;
    switch (state.kind) {
      case "requesting":
        return { lease: state.offer, server: state.offer.serverIdentifier };
      case "renewing":
        return { lease: state.lease, server: state.lease.serverIdentifier };
      case "rebooting":
      case "bound":
      case "rebinding":
        return { lease: state.lease, server: undefined };
      default:
        return undefined;
    }
  }

  #bind(lease: Lease): EgressAction[] {
    this.#refusals = 0;
    this.#state = { kind: "bound", lease, exchange: undefined };
    const { address, prefixLength, gateway = "none", serverIdentifier: server } = lease;
    return [report("info", "lease granted", { address, prefixLength, gateway, server })];
  }

  #receiveNak(message: DhcpMessage, nowMs: number): DhcpOutcome {
    const asked = this.#askedFor();
    if (asked === undefined) return refused("nothing was asked for that it could deny");
    if (!answersFor(asked, message.options.serverIdentifier)) return refused("another server was asked");
    const denied = asked.lease;
    const actions: EgressAction[] = [report("info", "lease denied", { address: denied.address })];
    if (this.#refusals === 0) actions.push(...this.#discover(nowMs));
    else this.#state = { kind: "waiting", startAtMs: nowMs + this.#delay(this.#refusals - 1) };
    this.#refusals++;
    return { actions, denied };
  }

  /** RENEWING until T2, REBINDING after it (section 4.4.5). */
  #extend(lease: Lease, exchange: DhcpExchange, nowMs: number): EgressAction[] {
    const rebinding = nowMs >= lease.rebindAtMs;
    const endMs = rebinding ? lease.expiresAtMs : lease.rebindAtMs;
    const retransmitAtMs = nowMs + Math.max((endMs - nowMs) / 2, MINIMUM_RENEWAL_INTERVAL_MS);
    const next = { ...exchange, lastSentAtMs: nowMs, retransmitAtMs };
    this.#state = { kind: rebinding ? "rebinding" : "renewing", lease, exchange: next };
    const request = rebinding ? dhcpRebindingRequest : dhcpRenewingRequest;
    return [request(this.#head(next, nowMs), lease)];
  }

  #newExchange(nowMs: number): DhcpExchange {
    return {
      transactionId: this.#transactionId(),
      startedAtMs: nowMs,
      lastSentAtMs: nowMs,
      sent: 1,
      retransmitAtMs: nowMs + this.#delay(0),
    };
  }

  #sentAgain(exchange: DhcpExchange, nowMs: number): DhcpExchange {
    const { sent } = exchange;
    return { ...exchange, sent: sent + 1, lastSentAtMs: nowMs, retransmitAtMs: nowMs + this.#delay(sent) };
  }

  /** Before the next message, after `sent` of them and one more. */
  #delay(sent: number): number {
    const delayMs = RETRANSMISSION_MS[Math.min(sent, RETRANSMISSION_MS.length - 1)];
    return delayMs * (1 + JITTER * (2 * this.#random() - 1));
  }

  #head(exchange: DhcpExchange, nowMs: number): DhcpRequestHead {
    const seconds = secondsBetween(exchange.startedAtMs, nowMs);
    return { hardwareAddress: this.#hardwareAddress, transactionId: exchange.transactionId, seconds };
  }

  /** Of a message that nobody answers. */
  #freshHead(): DhcpRequestHead {
    return { hardwareAddress: this.#hardwareAddress, transactionId: this.#transactionId(), seconds: 0 };
  }

  #transactionId(): number {
    return Math.floor(this.#random() * 2 ** 32);
  }
}

/** As the seconds field has them: 16 bits. */
function secondsBetween(startMs: number, endMs: number): number {
  return Math.min(0xffff, Math.floor((endMs - startMs) / 1000));
}

function answersFor({ server }: AskedFor, serverIdentifier: Ipv4Address | undefined): boolean {
  return server === undefined || server === serverIdentifier;
}

function refused(reason: string, level: Report["level"] = "debug"): DhcpOutcome {
  return { actions: [report(level, "DHCP message refused", { reason })] };
}

function report(level: Report["level"], message: string, details: Report["details"]): Report {
  return { kind: "report", level, message, details };
}
