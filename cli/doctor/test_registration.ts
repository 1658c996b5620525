import type { SendPacket, SendSignalling } from "../../core/control/action.ts";
import { judgeAcknowledgement } from "../../core/control/acknowledgement_verdict.ts";
import { BindingUpdateSender, type MobileNodeEnvironment } from "../../core/control/binding_update_sender.ts";
import { INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS } from "../../core/control/constants.ts";
import { grantedBinding } from "../../core/control/granted_binding.ts";
import { readMobileNodePacket } from "../../core/control/mobile_node_packet.ts";
import type { Binding, Exchange } from "../../core/control/mobile_node_state.ts";
import type { Now } from "../../core/control/now.ts";
import type { MobileNodeSettings } from "../../core/control/settings.ts";
import type { Ipv4Address } from "../../core/wire/address.ts";
import type { MobilityPacket } from "../../core/wire/mobility_packet.ts";
import type { SystemError } from "../../ffi/errno.ts";

/** Binding Updates that stay without an answer, each waited for twice as long as the one before: 1.5, 3 and 6 s. */
const MOST_UNANSWERED = 3;
/** Answers that only say what to send instead: another time of day, another sequence number. */
const MOST_CORRECTIONS = 3;
const STEP_MS = 20;
/** Whoever sends faster than we read is not waited for. */
const MOST_IN_A_STEP = 500;

/** What a registration needs of the world, or of a test. */
export interface RegistrationEnvironment extends MobileNodeEnvironment {
  readonly now: () => Now;
  readonly sleep: (ms: number) => Promise<void>;
  /** Undefined when the kernel took it. */
  readonly send: (message: SendSignalling) => SystemError | undefined;
  /** The next datagram that has come. */
  readonly take: () => Uint8Array | undefined;
  /** Nobody waits for the outcome any more. */
  readonly isStopped: () => boolean;
}

/** What came of a Binding Update. */
export type Outcome =
  | { readonly kind: "bound"; readonly binding: Binding }
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "keysDiffer" }
  | { readonly kind: "silent" }
  /** The kernel did not even take the last of them. */
  | { readonly kind: "unsent"; readonly error: SystemError }
  | { readonly kind: "stopped" };

/** The time after a registration in which nothing is said. */
export interface Silence {
  /** A Binding Refresh Request ended it. */
  readonly arrived: boolean;
  readonly isStopped: boolean;
  /** For how long nothing went out or came in before its end. */
  readonly silentMs: number;
}

/**
 * Registers an IPv4 care-of address over UDP as a mobile node does, but only to look at the way: nothing is forwarded, and what
 * comes for the home address is thrown away. The home agent decides on UDP encapsulation, and no networks are asked for.
 */
export class TestRegistration {
  readonly #settings: MobileNodeSettings;
  readonly #address: Ipv4Address;
  readonly #environment: RegistrationEnvironment;
  readonly #sender: BindingUpdateSender;
  /** Why the last datagram did not go. */
  #sendError: SystemError | undefined;
  /** When the last datagram went out or came in, on the monotonic clock. */
  #quietSinceMs = -Infinity;

  constructor(settings: MobileNodeSettings, address: Ipv4Address, environment: RegistrationEnvironment) {
    this.#settings = settings;
    this.#address = address;
    this.#environment = environment;
    this.#sender = new BindingUpdateSender(settings, environment);
  }

  /** @param lifetimeSeconds a multiple of 4 (RFC 6275 section 6.1.7) */
  register(lifetimeSeconds: number): Promise<Outcome> {
    return this.#exchange(lifetimeSeconds, this.#environment.isStopped);
  }

  /** De-registers, whoever wants to stop. False: nothing says that the binding is gone; it ends with its lifetime. */
  async remove(): Promise<boolean> {
    // Nothing went out that the home agent could know of.
    if (this.#quietSinceMs === -Infinity) return true;
    const { kind } = await this.#exchange(0, () => false);
    // A refusal says that there is no binding (status 133), or that there never was one (146).
    return kind === "bound" || kind === "refused" || kind === "keysDiffer";
  }

  /**
   * Says nothing, and waits for a Binding Refresh Request (RFC 6275 section 6.1.2).
   * @param untilMs on the monotonic clock
   */
  async awaitRefreshRequest(untilMs: number): Promise<Silence> {
    const { now, isStopped } = this.#environment;
    const silentMs = await this.#listen(
      untilMs,
      isStopped,
      (packet, silentMs) => packet.header.message.kind === "bindingRefreshRequest" ? silentMs : undefined,
    );
    if (silentMs !== undefined) return { arrived: true, isStopped: false, silentMs };
    return {
      arrived: false,
      isStopped: isStopped(),
      silentMs: now().monotonicMs - this.#quietSinceMs,
    };
  }

  async #exchange(lifetimeSeconds: number, isStopped: () => boolean): Promise<Outcome> {
    const { now } = this.#environment;
    const request = {
      candidate: {
        interfaceName: "",
        address: this.#address,
        prefixLength: 32,
        gateway: undefined,
        linkMtu: 0,
      },
      lifetimeSeconds,
      forceUdp: false,
      mobileRouter: false,
      prefixes: [],
      ipv4: undefined,
    };
    let timeoutMs = INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS;
    let sent: Exchange["sent"] = [];
    let [unanswered, corrections] = [0, 0];
    while (unanswered < MOST_UNANSWERED && corrections <= MOST_CORRECTIONS) {
      const step = this.#sender.send(request, { sent, timeoutMs, corrections, unanswered }, now());
      for (const action of step.actions) this.#send(action);
      sent = step.exchange.sent;
      const verdict = await this.#listen(
        step.exchange.retransmitAtMs,
        isStopped,
        (packet) => this.#judge(packet, step.exchange, lifetimeSeconds),
      );
      if (verdict === "corrected") corrections++;
      else if (verdict !== undefined) return verdict;
      else if (isStopped()) return { kind: "stopped" };
      else if (!step.exchange.heldBack) {
        unanswered++;
        timeoutMs *= 2;
      }
    }
    return this.#sendError === undefined ? { kind: "silent" } : { kind: "unsent", error: this.#sendError };
  }

  /**
   * Reads what comes, until a packet has what is looked for; undefined: none in time, or stopped.
   * @param untilMs on the monotonic clock
   * @param find is told of each packet, and for how long nothing went out or came in before it
   */
  async #listen<Found>(
    untilMs: number,
    isStopped: () => boolean,
    find: (packet: MobilityPacket, silentMs: number) => Found | undefined,
  ): Promise<Found | undefined> {
    const { now, sleep } = this.#environment;
    while (now().monotonicMs < untilMs && !isStopped()) {
      for (let packets = 0; packets < MOST_IN_A_STEP; packets++) {
        const before = this.#quietSinceMs;
        const taken = this.#take();
        if (taken === undefined) break;
        const found = taken.packet && find(taken.packet, this.#quietSinceMs - before);
        if (found !== undefined) return found;
      }
      await sleep(STEP_MS);
    }
    return undefined;
  }

  /** Undefined: it is no answer, or none that counts. */
  #judge(
    packet: MobilityPacket,
    exchange: Exchange,
    lifetimeSeconds: number,
  ): Outcome | "corrected" | undefined {
    const { message } = packet.header;
    if (message.kind !== "bindingAcknowledgement") return undefined;
    const { now, hmac } = this.#environment;
    const verdict = judgeAcknowledgement(packet, message, exchange, this.#settings, hmac);
    switch (verdict.kind) {
      case "accepted": {
        const settings = { ...this.#settings, lifetimeSeconds };
        return { kind: "bound", binding: grantedBinding(message, verdict.answered, settings, now()) };
      }
      case "timestampRefused":
        if (verdict.ofLatest) this.#sender.adoptClock(verdict.timestamp, verdict.answered.timestamp, now());
        return verdict.ofLatest ? "corrected" : undefined;
      case "sequenceNumberRefused":
        this.#sender.adoptSequenceNumber(verdict.sequenceNumber);
        return "corrected";
      case "keysDiffer":
      case "refused":
        return verdict;
      default:
        return undefined;
    }
  }

  #send(action: SendSignalling | SendPacket): void {
    if (action.kind !== "sendSignalling") throw new Error("An IPv4 care-of address that sends over IPv6");
    this.#sendError = this.#environment.send(action);
    if (this.#sendError === undefined) this.#quietSinceMs = this.#environment.now().monotonicMs;
  }

  /** The next datagram; without a packet where it is none of the home agent's mobility messages. */
  #take(): { readonly packet: MobilityPacket | undefined } | undefined {
    const bytes = this.#environment.take();
    if (bytes === undefined) return undefined;
    this.#quietSinceMs = this.#environment.now().monotonicMs;
    const { homeAgentIpv4Address, homeAgentPort } = this.#settings;
    if (homeAgentIpv4Address === undefined) return { packet: undefined };
    const outer = { address: homeAgentIpv4Address, port: homeAgentPort };
    const event = { kind: "signalling", outer, packet: bytes } as const;
    const read = readMobileNodePacket(event, this.#address, this.#settings);
    return { packet: read.kind === "packet" && read.forHomeAddress ? read.packet : undefined };
  }
}
