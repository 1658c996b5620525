import { UNSPECIFIED_IPV4 } from "../../wire/address.ts";
import type { ArpPacket } from "../../wire/arp.ts";
import { arpAnnouncement, arpProbe, type ArpSender } from "./arp_frame.ts";
import type { EgressAction } from "./egress_action.ts";

/** RFC 5227 section 1.1. */
const PROBE_NUM = 3;
const PROBE_MIN_MS = 1000;
const PROBE_MAX_MS = 2000;
const DEFEND_INTERVAL_MS = 10_000;

/** What an ARP packet means for the address: nothing, "defended" with these actions, or another host has it. */
export type ConflictVerdict = readonly EgressAction[] | "conflict";

/**
 * Detects that another host has our address (RFC 5227). The address is in use while it is probed: a handover does
 * not wait for it. After the probes it is defended once in ten seconds, then given up (section 2.4, case b).
 */
export class AddressConflictDetector {
  readonly #random: () => number;
  #sender: ArpSender | undefined;
  #probesSent = 0;
  /** The next probe, or the end of the last one's wait; undefined after that. */
  #nextAtMs: number | undefined;
  #defendedAtMs = -Infinity;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Probes a new address of ours. */
  start(sender: ArpSender, nowMs: number): EgressAction[] {
    this.#sender = sender;
    this.#probesSent = 0;
    this.#defendedAtMs = -Infinity;
    return this.#probe(sender, nowMs);
  }

  stop(): void {
    this.#sender = undefined;
    this.#nextAtMs = undefined;
  }

  nextDeadline(): number | undefined {
    return this.#nextAtMs;
  }

  passTime(nowMs: number): EgressAction[] {
    if (this.#sender === undefined || this.#nextAtMs === undefined || nowMs < this.#nextAtMs) return [];
    if (this.#probesSent < PROBE_NUM) return this.#probe(this.#sender, nowMs);
    this.#nextAtMs = undefined;
    return [];
  }

  /** Takes what another host has sent. */
  receive(packet: ArpPacket, nowMs: number): ConflictVerdict {
    const sender = this.#sender;
    if (sender === undefined) return [];
    const probing = this.#nextAtMs !== undefined;
    if (probing && packet.senderAddress === UNSPECIFIED_IPV4 && packet.targetAddress === sender.address) {
      return "conflict";
    }
    if (packet.senderAddress !== sender.address) return [];
    if (probing || nowMs < this.#defendedAtMs + DEFEND_INTERVAL_MS) return "conflict";
    this.#defendedAtMs = nowMs;
    return [arpAnnouncement(sender)];
  }

  #probe(sender: ArpSender, nowMs: number): EgressAction[] {
    this.#probesSent++;
    this.#nextAtMs = nowMs + PROBE_MIN_MS + this.#random() * (PROBE_MAX_MS - PROBE_MIN_MS);
    return [arpProbe(sender)];
  }
}
