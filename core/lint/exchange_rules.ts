import { NONE } from "../inspect/packet_cursor.ts";
import { FIRST_REFUSAL_STATUS } from "../wire/binding_status.ts";
import { LIFETIME_UNIT_SECONDS } from "../wire/constants.ts";
import type { LintView } from "./lint_view.ts";
import type { RuleText } from "./rule.ts";

/** Rules over an update and what came before it, and over an answer and its update. */
export const EXCHANGE_RULES = {
  sequence: {
    id: "sequence-not-greater",
    severity: "error",
    section: "RFC 6275 11.7.2",
    row: "M-491",
    says: "An update has a sequence number greater than the one before it, modulo 65536.",
  },
  rate: {
    id: "update-rate",
    severity: "error",
    section: "RFC 6275 11.8",
    row: "M-518",
    says: "No more than MAX_UPDATE_RATE, 3, updates go to a home agent within a second.",
  },
  retransmission: {
    id: "retransmission-too-fast",
    severity: "warning",
    section: "RFC 6275 11.8",
    row: "M-514",
    says: "An update that was not answered is sent again after 1 s or more.",
  },
  unasked: {
    id: "answer-without-update",
    severity: "note",
    section: "RFC 6275 11.7.3",
    row: "",
    says: "An answer follows an update that the capture has.",
  },
  copied: {
    id: "sequence-not-copied",
    severity: "error",
    section: "RFC 6275 10.3.1",
    row: "M-286",
    says: "An answer has the sequence number of an update, unless its status is 135.",
  },
  lifetime: {
    id: "lifetime-greater",
    severity: "error",
    section: "RFC 6275 10.3.1",
    row: "M-276",
    says: "No answer grants a longer lifetime than was asked for.",
  },
  inUdp: {
    id: "answer-not-in-udp",
    severity: "error",
    section: "RFC 5555 4.2",
    row: "D-062",
    says: "The answer to an update in UDP is in UDP.",
  },
  authentication: {
    id: "answer-unauthenticated",
    severity: "error",
    section: "RFC 4285 5.1.1",
    row: "A-008",
    says: "The answer that accepts an update with an MN-HA authentication option has one, too.",
  },
  ipv4Home: {
    id: "ipv4-acknowledgement-missing",
    severity: "warning",
    section: "RFC 5555 2.3.2.1",
    row: "D-018",
    says:
      "An update with the IPv4 Home Address option is accepted with the IPv4 Address Acknowledgement option.",
  },
} as const satisfies Readonly<Record<string, RuleText>>;

type Report = (rule: RuleText, found: string) => void;

interface SentUpdate {
  sequenceNumber: number;
  lifetimeUnits: number;
  timeMs: number | undefined;
  carriage: string;
  authenticated: boolean;
  ipv4Home: boolean;
  answered: boolean;
  /** Checksum of the mobility header, and care-of address: what tells a second sight of the same packet. */
  checksum: number;
  source: string;
}

/** Our own limits: so many pairs of mobile node and home agent, and updates of each, are remembered. */
const MAXIMUM_PAIRS = 4096;
const MAXIMUM_UPDATES = 8;
const MAX_UPDATE_RATE = 3;
const SEQUENCE_OUT_OF_WINDOW = 135;
/** INITIAL_BINDACK_TIMEOUT (RFC 6275 section 12), less what the clock of a capture may be off. */
const FASTEST_RETRANSMISSION_MS = 950;
/** The same octets so soon are the same packet, captured in two places. */
const SEEN_AGAIN_MS = 100;

/** Remembers the last updates of each mobile node, within limits. */
export class ExchangeChecker {
  readonly #pairs = new Map<string, SentUpdate[]>();

  check(view: LintView, report: Report): void {
    if (view.carriage === "control") return;
    if (view.isUpdate) this.#update(view, report);
    else if (view.isAcknowledgement) this.#answer(view, report);
  }

  #update(view: LintView, report: Report): void {
    const { cursor, timeMs, sequenceNumber } = view;
    const home = cursor.homeAddressOffset === NONE ? cursor.sourceOffset : cursor.homeAddressOffset;
    const key = `${view.ipv6(home)} ${view.ipv6(cursor.destinationOffset)}`;
    const updates = this.#updatesOf(key);
    const update: SentUpdate = {
      sequenceNumber,
      timeMs,
      lifetimeUnits: view.lifetimeUnits,
      carriage: view.carriage,
      authenticated: view.option(9) !== undefined,
      ipv4Home: view.option(29) !== undefined,
      answered: false,
      checksum: cursor.uint16(cursor.offset + 4),
      source: careOfAddress(view),
    };
    const last = updates.at(-1);
    if (last !== undefined) {
      const elapsed = elapsedMs(last, update);
      if (isSame(last, update) && elapsed !== undefined && elapsed < SEEN_AGAIN_MS) return;
      const ahead = sequenceNumber - last.sequenceNumber & 0xffff;
      // Behind a de-registration there is no list entry: the number may start anywhere (RFC 6275 11.7.2).
      if (last.lifetimeUnits > 0 && (ahead === 0 || ahead >= 0x8000)) {
        report(EXCHANGE_RULES.sequence, `${sequenceNumber} after ${last.sequenceNumber}`);
      }
      checkPace(updates, update, report);
    }
    updates.push(update);
    if (updates.length > MAXIMUM_UPDATES) updates.shift();
  }

  #answer(view: LintView, report: Report): void {
    const { cursor, status, sequenceNumber } = view;
    const { routingHomeAddressOffset: routed } = cursor;
    const home = routed === NONE ? cursor.destinationOffset : routed;
    const updates = this.#pairs.get(`${view.ipv6(home)} ${view.ipv6(cursor.sourceOffset)}`);
    if (updates === undefined) return report(EXCHANGE_RULES.unasked, `sequence number ${sequenceNumber}`);
    const update = updates.findLast((one) => one.sequenceNumber === sequenceNumber);
    if (status === SEQUENCE_OUT_OF_WINDOW) {
      for (const one of updates) one.answered = true;
      return;
    }
    if (update === undefined) {
      const sent = updates.map((one) => one.sequenceNumber).join(", ");
      return report(EXCHANGE_RULES.copied, `${sequenceNumber}, sent were ${sent}`);
    }
    update.answered = true;
    if (update.carriage === "ipv4Udp" && view.carriage !== "ipv4Udp") {
      report(EXCHANGE_RULES.inUdp, view.carriage === "ipv6" ? "IPv6" : "IPv6 in IPv4");
    }
    if (status >= FIRST_REFUSAL_STATUS) return;
    if (view.lifetimeUnits > update.lifetimeUnits) {
      const [granted, asked] = [view, update].map((one) => LIFETIME_UNIT_SECONDS * one.lifetimeUnits);
      report(EXCHANGE_RULES.lifetime, `${granted} s granted, ${asked} s asked for`);
    }
    if (update.authenticated && !view.authenticated) {
      report(EXCHANGE_RULES.authentication, `status ${status} to sequence number ${sequenceNumber}`);
    }
    if (update.ipv4Home && update.lifetimeUnits > 0 && view.option(30) === undefined) {
      report(EXCHANGE_RULES.ipv4Home, `status ${status} to sequence number ${sequenceNumber}`);
    }
  }

  #updatesOf(key: string): SentUpdate[] {
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    if (this.#pairs.size >= MAXIMUM_PAIRS) this.#pairs.delete(this.#pairs.keys().next().value!);
    const updates: SentUpdate[] = [];
    this.#pairs.set(key, updates);
    return updates;
  }
}

function checkPace(updates: readonly SentUpdate[], update: SentUpdate, report: Report): void {
  const recent = updates.filter((one) => (elapsedMs(one, update) ?? Infinity) < 1000).length + 1;
  if (recent > MAX_UPDATE_RATE) report(EXCHANGE_RULES.rate, `${recent} within a second`);
  const last = updates[updates.length - 1];
  const elapsed = elapsedMs(last, update);
  const again = !last.answered && last.source === update.source &&
    last.lifetimeUnits === update.lifetimeUnits &&
    last.carriage === update.carriage;
  if (again && elapsed !== undefined && elapsed < FASTEST_RETRANSMISSION_MS) {
    report(EXCHANGE_RULES.retransmission, `after ${Math.round(elapsed)} ms`);
  }
}

function careOfAddress(view: LintView): string {
  const option = view.option(32);
  if (option?.octets === 6) return view.ipv4(option.data + 2);
  return view.ipv6(view.cursor.sourceOffset);
}

function isSame(one: SentUpdate, other: SentUpdate): boolean {
  return one.checksum === other.checksum && one.sequenceNumber === other.sequenceNumber &&
    one.source === other.source;
}

function elapsedMs(one: SentUpdate, other: SentUpdate): number | undefined {
  if (one.timeMs === undefined || other.timeMs === undefined) return undefined;
  return other.timeMs < one.timeMs ? undefined : other.timeMs - one.timeMs;
}
