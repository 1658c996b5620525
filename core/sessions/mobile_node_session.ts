import type { PacketCursor } from "../inspect/packet_cursor.ts";
import { NONE } from "../inspect/packet_cursor.ts";
import { formatIpv4, formatIpv6 } from "../wire/address.ts";
import {
  bindingErrorStatusName,
  BindingStatusCode,
  bindingStatusName,
  FIRST_REFUSAL_STATUS,
} from "../wire/binding_status.ts";
import { LIFETIME_UNIT_SECONDS, NO_KEEPALIVE_REFRESH_SECONDS } from "../wire/constants.ts";
import { formatText } from "../wire/field.ts";
import { type Attachment, careOfAddressText, careOfAddressWords, isAt, pathOf } from "./attachment.ts";
import type { DataFlow, Encapsulation } from "./data_flow.ts";
import { HandoverRecord } from "./handover_record.ts";
import { MAXIMUM_BINDINGS, MAXIMUM_ENTRIES_OF_ONE, MAXIMUM_PENDING, MAXIMUM_PREFIXES } from "./limits.ts";
import { Samples } from "./samples.ts";
import type {
  Answer,
  CareOfPeriod,
  Exchange,
  MobileNodeReport,
  NatMapping,
  Notice,
} from "./session_record.ts";
import type { Signalling } from "./signalling.ts";

/** How many entries all mobile nodes together may still keep. */
export interface EntryBudget {
  left: number;
}

interface Pending {
  readonly exchange: Exchange;
  /** Whether anybody will see the exchange. */
  readonly kept: boolean;
  readonly attachment: Attachment | undefined;
  readonly bindingId: number;
}

/** For all exchanges that nobody will see: it only says that there was an answer. */
const ANSWER_NOT_KEPT: Answer = {
  seconds: 0,
  packet: 0,
  sequenceNumber: 0,
  accepted: false,
  status: 0,
  statusName: "",
  lifetimeSeconds: 0,
  roundTripMs: 0,
};

/** Everything about one mobile node, message by message. */
export class MobileNodeSession {
  identity: string | null = null;
  /** The home agent's inner address, as it stands in the packets; and its outer one. */
  homeAgent: Uint8Array | undefined;
  homeAgentOuter: Uint8Array | undefined;
  readonly ipv4HomeAddresses: string[] = [];
  readonly prefixes: string[] = [];
  readonly #exchanges: Exchange[] = [];
  readonly #periods: CareOfPeriod[] = [];
  readonly #mappings: NatMapping[] = [];
  readonly #notices: Notice[] = [];
  readonly #handovers: HandoverRecord[] = [];
  readonly #pending: Pending[] = [];
  readonly #attachments = new Map<number, Attachment>();
  readonly #refusals = new Map<number, { name: string; count: number; first: number; last: number }>();
  readonly #roundTrips = new Samples();
  readonly #refreshIntervals = new Samples();
  #entries = 0;
  entriesNotKept = 0;
  #updates = 0;
  #accepted = 0;
  #refused = 0;
  #unanswered = 0;
  #retransmissions = 0;
  #duplicates = 0;
  #deregistrations = 0;
  #unmatched = 0;
  #sequenceJumps = 0;
  #bindingErrors = 0;
  #refreshRequests = 0;
  #correspondentUpdates = 0;
  #correspondentAcknowledgements = 0;
  /** The last update, when it asked for an answer. */
  #lastExchange: Exchange | undefined;
  #lastSequence = NONE;
  #lastChecksum = NONE;
  #lastAnsweredSequence = NONE;
  #lastRefreshSeconds = NaN;
  #lastEntrySeconds = -Infinity;
  #natSeen = false;
  #natTold: boolean | undefined;
  #natRefreshSeconds: number | null = null;
  #mappedAddress = NONE;
  #mappedPort = NONE;

  constructor(readonly homeAddress: string, readonly data: DataFlow, readonly budget: EntryBudget) {}

  update(signalling: Signalling, cursor: PacketCursor, seconds: number, packet: number): void {
    if (!signalling.homeRegistration) {
      this.#correspondentUpdates++;
      return;
    }
    this.#noteIdentity(signalling, cursor);
    this.#noteMapping(signalling, cursor, seconds);
    const { sequenceNumber, checksum } = signalling;
    if (sequenceNumber === this.#lastSequence && checksum === this.#lastChecksum) {
      this.#duplicates++;
      return;
    }
    this.#updates++;
    if (this.#lastSequence !== NONE && sequenceNumber !== ((this.#lastSequence + 1) & 0xffff)) {
      this.#sequenceJumps++;
    }
    this.#lastSequence = sequenceNumber;
    this.#lastChecksum = checksum;
    this.homeAgent ??= cursor.bytes.slice(cursor.destinationOffset, cursor.destinationOffset + 16);
    const lifetimeSeconds = LIFETIME_UNIT_SECONDS * signalling.lifetimeUnits;
    const attachment = this.#attach(signalling, cursor, seconds, lifetimeSeconds);
    const last = this.#lastExchange;
    const careOfAddress = attachment?.careOfAddress ?? careOfAddressText(signalling, cursor.bytes);
    const retransmission = last?.answer === null && last.careOfAddress === careOfAddress &&
      (last.lifetimeSeconds === 0) === (lifetimeSeconds === 0);
    if (retransmission) this.#retransmissions++;
    attachment?.handover?.countUpdate();
    const { forceUdp } = signalling;
    const exchange: Exchange = {
      seconds,
      packet,
      sequenceNumber,
      lifetimeSeconds,
      careOfAddress,
      forceUdp,
      retransmission,
      answer: null,
    };
    const kept = this.#keep(this.#exchanges, exchange, seconds);
    this.#lastExchange = signalling.acknowledge ? exchange : undefined;
    if (!signalling.acknowledge) return;
    if (this.#pending.length === MAXIMUM_PENDING) {
      this.#pending.shift();
      this.#unanswered++;
    }
    this.#pending.push({ exchange, kept, attachment, bindingId: signalling.bindingId });
  }

  acknowledge(signalling: Signalling, cursor: PacketCursor, seconds: number, packet: number): void {
    this.#noteIdentity(signalling, cursor);
    if (this.homeAgent !== undefined && !equals(this.homeAgent, cursor.bytes, cursor.sourceOffset)) {
      this.#correspondentAcknowledgements++;
      return;
    }
    const { sequenceNumber, status } = signalling;
    const index = this.#findPending(sequenceNumber, status);
    if (index < 0) {
      if (sequenceNumber !== this.#lastAnsweredSequence) this.#unmatched++;
      return;
    }
    const [{ exchange, kept, attachment, bindingId }] = this.#pending.splice(index, 1);
    this.#lastAnsweredSequence = sequenceNumber;
    const accepted = status < FIRST_REFUSAL_STATUS;
    const roundTripMs = Math.max(1000 * (seconds - exchange.seconds), 0);
    const statusName = status === BindingStatusCode.cannotForceUdp && exchange.forceUdp
      ? "UDP cannot be forced"
      : bindingStatusName(status);
    const lifetimeSeconds = LIFETIME_UNIT_SECONDS * signalling.lifetimeUnits;
    exchange.answer = kept
      ? { seconds, packet, sequenceNumber, accepted, status, statusName, lifetimeSeconds, roundTripMs }
      : ANSWER_NOT_KEPT;
    this.#roundTrips.add(roundTripMs);
    if (!accepted) return this.#noteRefusal(status, statusName, seconds);
    this.#accepted++;
    if (exchange.lifetimeSeconds === 0) this.#detach(bindingId, seconds);
    else if (attachment !== undefined && attachment === this.#attachments.get(bindingId)) {
      this.#confirm(attachment, exchange, signalling, seconds);
    }
  }

  error(signalling: Signalling, seconds: number): void {
    this.#bindingErrors++;
    this.#notice("bindingError", signalling.status, seconds);
  }

  refreshRequest(seconds: number): void {
    this.#refreshRequests++;
    this.#notice("bindingRefreshRequest", null, seconds);
  }

  report(): MobileNodeReport {
    const { data } = this;
    return {
      homeAddress: this.homeAddress,
      ipv4HomeAddresses: this.ipv4HomeAddresses,
      prefixes: this.prefixes,
      identity: this.identity,
      homeAgent: this.homeAgent === undefined ? null : formatIpv6(this.homeAgent, 0),
      registrations: {
        updates: this.#updates,
        accepted: this.#accepted,
        refused: this.#refused,
        unanswered: this.#unanswered + this.#pending.length,
        retransmissions: this.#retransmissions,
        duplicates: this.#duplicates,
        deregistrations: this.#deregistrations,
        unmatchedAcknowledgements: this.#unmatched,
        sequenceJumps: this.#sequenceJumps,
        roundTripMs: this.#roundTrips.summary() ?? null,
        refusals: [...this.#refusals].map(([status, { name, count, first, last }]) => ({
          status,
          statusName: name,
          count,
          firstSeconds: first,
          lastSeconds: last,
        })),
      },
      exchanges: this.#exchanges,
      careOfAddresses: this.#periods,
      nat: {
        detected: this.#natSeen ? true : this.#natTold ?? null,
        mappings: this.#mappings,
        refreshSeconds: this.#natRefreshSeconds,
      },
      refreshIntervalSeconds: this.#refreshIntervals.summary() ?? null,
      bindingErrors: this.#bindingErrors,
      refreshRequests: this.#refreshRequests,
      notices: this.#notices,
      handovers: this.#handovers.map((handover) => handover.report(data)),
      data: data.counts().map(({ encapsulation, direction, packets, octets, overheadOctets }) => ({
        encapsulation,
        direction: direction === 0 ? "fromMobileNode" as const : "toMobileNode" as const,
        packets,
        octets,
        overheadOctets,
        overheadPercent: octets === overheadOctets ? 0 : 100 * overheadOctets / (octets - overheadOctets),
      })),
      correspondents: {
        updates: this.#correspondentUpdates,
        acknowledgements: this.#correspondentAcknowledgements,
      },
      entriesNotKept: this.entriesNotKept,
    };
  }

  /** An acknowledgement that tells the right sequence number (status 135) carries that, not the update's own. */
  #findPending(sequenceNumber: number, status: number): number {
    const index = this.#pending.findLastIndex(({ exchange }) => exchange.sequenceNumber === sequenceNumber);
    if (index >= 0 || status !== BindingStatusCode.sequenceNumberOutOfWindow) return index;
    return this.#pending.length - 1;
  }

  /** Where an update says that the mobile node is: the attachment that is known, or a new one. */
  #attach(
    signalling: Signalling,
    cursor: PacketCursor,
    seconds: number,
    lifetimeSeconds: number,
  ): Attachment | undefined {
    const { bindingId } = signalling;
    const current = this.#attachments.get(bindingId);
    if (lifetimeSeconds === 0) return current;
    const path = pathOf(cursor);
    this.#noteHomeAgentOuter(cursor);
    if (current !== undefined && isAt(current, signalling, cursor, path)) return current;
    const before = current === undefined || current.accepted ? current : current.before;
    current?.handover?.abandon(seconds);
    if (before !== undefined && isAt(before, signalling, cursor, path)) {
      this.#attachments.set(bindingId, before);
      return before;
    }
    if (current === undefined && this.#attachments.size >= MAXIMUM_BINDINGS) return undefined;
    const { careOfAddressVersion: version } = signalling;
    const careOfAddress = careOfAddressText(signalling, cursor.bytes);
    const attachment: Attachment = {
      version,
      words: careOfAddressWords(signalling, cursor),
      careOfAddress,
      path,
      fromSeconds: seconds,
      encapsulation: path,
      accepted: false,
      before,
      handover: undefined,
      period: undefined,
    };
    if (before !== undefined) attachment.handover = this.#beginHandover(before, attachment, seconds);
    this.#attachments.set(bindingId, attachment);
    return attachment;
  }

  #beginHandover(from: Attachment, to: Attachment, seconds: number): HandoverRecord | undefined {
    if (!this.#mayKeep()) return undefined;
    const handover = new HandoverRecord(seconds, from, to, this.data.measure());
    this.#keep(this.#handovers, handover, seconds);
    return handover;
  }

  #mayKeep(): boolean {
    if (this.#entries < MAXIMUM_ENTRIES_OF_ONE && this.budget.left > 0) return true;
    this.entriesNotKept++;
    return false;
  }

  #confirm(attachment: Attachment, exchange: Exchange, signalling: Signalling, seconds: number): void {
    const encapsulation = this.#noteNatDetection(attachment, signalling);
    const changed = attachment.accepted && attachment.encapsulation !== encapsulation;
    if (changed) {
      attachment.handover = this.#beginHandover(
        attachment,
        { ...attachment, encapsulation },
        exchange.seconds,
      );
      attachment.handover?.countUpdate();
    }
    attachment.encapsulation = encapsulation;
    attachment.handover?.accept(seconds, encapsulation);
    const isNew = !attachment.accepted;
    if (isNew || changed) {
      if (attachment.before?.period !== undefined) attachment.before.period.toSeconds = seconds;
      if (changed && attachment.period !== undefined) attachment.period.toSeconds = seconds;
      attachment.period = {
        careOfAddress: attachment.careOfAddress,
        encapsulation,
        fromSeconds: exchange.seconds,
        acceptedSeconds: seconds,
        toSeconds: null,
      };
      this.#keep(this.#periods, attachment.period, seconds);
    } else if (!exchange.retransmission) {
      this.#refreshIntervals.add(Math.max(exchange.seconds - this.#lastRefreshSeconds, 0));
    }
    this.#lastRefreshSeconds = exchange.seconds;
    attachment.accepted = true;
    attachment.before = undefined;
  }

  #detach(bindingId: number, seconds: number): void {
    this.#deregistrations++;
    const attachment = this.#attachments.get(bindingId);
    attachment?.handover?.abandon(seconds);
    const period = attachment?.period ?? attachment?.before?.period;
    if (period !== undefined) period.toSeconds = seconds;
    this.#attachments.delete(bindingId);
  }

  /** What the acknowledgement says of a NAT, and so how the data go (RFC 5555 3.2.2, 4.4.3). */
  #noteNatDetection({ path }: Attachment, signalling: Signalling): Encapsulation {
    if (path !== "udp") return path;
    const { natRefreshSeconds, natForceUdp } = signalling;
    if (natRefreshSeconds === NONE) {
      this.#natTold ??= false;
      return "ipv6InIpv4";
    }
    const keepalive = natRefreshSeconds !== NO_KEEPALIVE_REFRESH_SECONDS;
    if (keepalive) this.#natRefreshSeconds = natRefreshSeconds;
    // With F the home agent wants UDP whether it found a NAT or not.
    if (!natForceUdp) this.#natTold = keepalive || this.#natTold === true;
    return keepalive || natForceUdp ? "udp" : "ipv6InIpv4";
  }

  #noteMapping(signalling: Signalling, cursor: PacketCursor, seconds: number): void {
    if (cursor.tunnelCount === 0 || signalling.careOfAddressVersion !== 4) return;
    const { ipVersion, sourceOffset, sourcePort } = cursor.tunnels[cursor.tunnelCount - 1];
    if (ipVersion !== 4) return;
    const outer = cursor.uint32(sourceOffset);
    if (outer === cursor.uint32(signalling.careOfAddressOffset)) return;
    this.#natSeen = true;
    if (outer === this.#mappedAddress && sourcePort === this.#mappedPort) return;
    this.#mappedAddress = outer;
    this.#mappedPort = sourcePort;
    const mapping = {
      fromSeconds: seconds,
      address: formatIpv4(cursor.bytes, sourceOffset),
      port: sourcePort === NONE ? null : sourcePort,
      careOfAddress: careOfAddressText(signalling, cursor.bytes),
    };
    this.#keep(this.#mappings, mapping, seconds);
  }

  #noteIdentity({ identifierOffset, identifierEnd }: Signalling, { bytes }: PacketCursor): void {
    if (this.identity !== null || identifierOffset === NONE) return;
    this.identity = formatText(bytes.subarray(identifierOffset, identifierEnd));
  }

  #noteHomeAgentOuter(cursor: PacketCursor): void {
    if (cursor.tunnelCount === 0) return;
    const { ipVersion, destinationOffset } = cursor.tunnels[cursor.tunnelCount - 1];
    const octets = ipVersion === 4 ? 4 : 16;
    if (this.homeAgentOuter?.length === octets) return;
    this.homeAgentOuter = cursor.bytes.slice(destinationOffset, destinationOffset + octets);
  }

  noteIpv4HomeAddress(text: string): void {
    if (this.ipv4HomeAddresses.length < MAXIMUM_PREFIXES && !this.ipv4HomeAddresses.includes(text)) {
      this.ipv4HomeAddresses.push(text);
    }
  }

  notePrefix(text: string): void {
    if (this.prefixes.length < MAXIMUM_PREFIXES && !this.prefixes.includes(text)) this.prefixes.push(text);
  }

  #noteRefusal(status: number, name: string, seconds: number): void {
    this.#refused++;
    const refusal = this.#refusals.get(status);
    if (refusal === undefined) this.#refusals.set(status, { name, count: 1, first: seconds, last: seconds });
    else {
      refusal.count++;
      refusal.last = seconds;
    }
  }

  #notice(kind: Notice["kind"], status: number | null, seconds: number): void {
    const last = this.#notices.at(-1);
    const uninterrupted = last?.kind === kind && last.status === status &&
      last.toSeconds >= this.#lastEntrySeconds;
    if (last !== undefined && uninterrupted) {
      last.count++;
      last.toSeconds = seconds;
      this.#lastEntrySeconds = seconds;
      return;
    }
    const statusName = status === null ? null : bindingErrorStatusName(status);
    const notice = { kind, fromSeconds: seconds, toSeconds: seconds, count: 1, status, statusName };
    this.#keep(this.#notices, notice, seconds);
  }

  #keep<Entry>(list: Entry[], entry: Entry, seconds: number): boolean {
    this.#lastEntrySeconds = seconds;
    if (!this.#mayKeep()) return false;
    this.#entries++;
    this.budget.left--;
    list.push(entry);
    return true;
  }
}

/** Whether `octets` stand at `offset`. */
export function equals(octets: Uint8Array, bytes: Uint8Array, offset: number): boolean {
  for (let index = 0; index < octets.length; index++) {
    if (octets[index] !== bytes[offset + index]) return false;
  }
  return true;
}
