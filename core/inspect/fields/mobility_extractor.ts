import {
  ACCESS_NETWORK_PLACES,
  ACCESS_POINT_NAME,
  ACCESS_POINT_NAME_LENGTH,
  NETWORK_NAME,
  SUB_OPTION_DATA,
  SUB_OPTION_PLACES,
} from "./access_network.ts";
import { assignedOptionType } from "../mobility_names.ts";
import { octets } from "./field_spec.ts";
import type { Place } from "./field_spec.ts";
import { take, wanted } from "./field_slot.ts";
import type { Slots, WantedPlace } from "./field_slot.ts";
import {
  ADDRESS_BY_LENGTH,
  AGENT_SWITCH_ADDRESS,
  INVALID_OPTION_LENGTH,
  MESSAGE_PLACES,
  MOBILITY_HEADER_PLACES,
  OPTION_LENGTH,
  OPTION_PLACES,
  OPTION_TYPE,
  REVOCATION_PLACES,
  UNKNOWN_MESSAGE,
} from "./mobility_fields.ts";
import type { OptionPlaces } from "./mobility_fields.ts";

const UNIT_OCTETS = 8;
const PAD1 = 0;
const AGENT_SWITCH = 12;
const REVOCATION = 16;
const ACCESS_NETWORK = 52;
const NETWORK_IDENTIFIER = 1;
/** Type and length in front of an option's data. */
const OPTION_HEAD_OCTETS = 2;
const IPV4_OCTETS = 4;
const IPV6_OCTETS = 16;

interface WantedMessage {
  readonly places: readonly WantedPlace[];
  readonly optionsAt: number | undefined;
}

interface WantedOption {
  readonly lengths: OptionPlaces["lengths"];
  /** All of it, from its type octet. */
  readonly whole: readonly WantedPlace[];
  readonly places: readonly WantedPlace[];
  readonly addressAt: number;
  readonly ipv4: readonly WantedPlace[];
  readonly ipv6: readonly WantedPlace[];
}

/** Takes the wanted fields out of mobility headers. */
export class MobilityExtractor {
  readonly #head: readonly WantedPlace[];
  readonly #messages: ReadonlyMap<number, WantedMessage>;
  readonly #unknown: WantedMessage;
  readonly #revocations: ReadonlyMap<number, readonly WantedPlace[]>;
  readonly #agentSwitchAddress: readonly WantedPlace[];
  readonly #anyOption: readonly WantedPlace[];
  readonly #pad1: readonly WantedPlace[];
  readonly #invalidLength: readonly WantedPlace[];
  readonly #options: ReadonlyMap<number, WantedOption>;
  readonly #subOptions: ReadonlyMap<number, readonly WantedPlace[]>;
  readonly #subOption: readonly WantedPlace[];
  readonly #networkName: readonly WantedPlace[];
  readonly #accessPointNameLength: readonly WantedPlace[];
  readonly #accessPointName: readonly WantedPlace[];
  /** Something behind the message's fixed part is wanted. */
  readonly #wantsOptions: boolean;
  readonly #wantsAccessNetwork: boolean;

  constructor(slots: Slots) {
    const pick = (...places: readonly Place[]) => wanted(places, slots);
    const pickMap = (map: ReadonlyMap<number, readonly Place[]>) =>
      new Map([...map].map(([type, places]) => [type, pick(...places)] as const));
    this.#head = pick(...MOBILITY_HEADER_PLACES);
    this.#messages = new Map(
      [...MESSAGE_PLACES].map((
        [type, { places, optionsAt }],
      ) => [type, { places: pick(...places), optionsAt }]),
    );
    this.#unknown = { places: pick(...UNKNOWN_MESSAGE.places), optionsAt: undefined };
    this.#revocations = pickMap(REVOCATION_PLACES);
    this.#agentSwitchAddress = pick(AGENT_SWITCH_ADDRESS);
    this.#anyOption = pick(OPTION_TYPE, OPTION_LENGTH);
    this.#invalidLength = pick(INVALID_OPTION_LENGTH);
    this.#options = new Map([...OPTION_PLACES].map(([type, { name, lengths, places }]) => {
      const address = ADDRESS_BY_LENGTH.get(type);
      return [type, {
        lengths,
        whole: pick(octets(name, 0)),
        places: pick(...places),
        addressAt: address?.at ?? 0,
        ipv4: address === undefined ? [] : pick(address.ipv4),
        ipv6: address === undefined ? [] : pick(address.ipv6),
      }];
    }));
    this.#pad1 = this.#options.get(PAD1)?.whole ?? [];
    this.#subOption = pick(...SUB_OPTION_PLACES);
    this.#subOptions = pickMap(SUB_OPTION_DATA);
    this.#networkName = pick(NETWORK_NAME);
    this.#accessPointNameLength = pick(ACCESS_POINT_NAME_LENGTH);
    this.#accessPointName = pick(ACCESS_POINT_NAME);
    this.#wantsAccessNetwork = pick(...ACCESS_NETWORK_PLACES).length > 0;
    this.#wantsOptions = this.#wantsAccessNetwork || this.#anyOption.length > 0 ||
      this.#invalidLength.length > 0 ||
      [...this.#options.values()].some(({ whole, places, ipv4, ipv6 }) =>
        whole.length + places.length + ipv4.length + ipv6.length > 0
      );
  }

  /** A mobility header at `start`, of which the octets before `limit` are there; with codepoints of drafts or not. */
  read(bytes: Uint8Array, start: number, limit: number, legacy: boolean): void {
    take(this.#head, bytes, start, limit);
    if (start + 3 > limit) return;
    const headerEnd = start + UNIT_OCTETS * (bytes[start + 1] + 1);
    const end = Math.min(limit, headerEnd);
    const type = bytes[start + 2];
    const { places, optionsAt } = this.#messages.get(type) ?? this.#unknown;
    // Of a message that its own header length cuts short nothing is shown, as tshark has it.
    if (optionsAt !== undefined && start + optionsAt > headerEnd) return;
    // Data that the snap length cut would look like other data.
    if (optionsAt === undefined && headerEnd > limit) return;
    take(places, bytes, start, end);
    if (optionsAt === undefined || start + optionsAt > end) return;
    let options = start + optionsAt;
    if (type === REVOCATION) take(this.#revocations.get(bytes[start + 6]) ?? [], bytes, start, end);
    if (type === AGENT_SWITCH) {
      for (let left = bytes[start + 6]; left > 0 && options + IPV6_OCTETS <= end; left--) {
        take(this.#agentSwitchAddress, bytes, options, end);
        options += IPV6_OCTETS;
      }
    }
    if (this.#wantsOptions) this.#readOptions(bytes, options, headerEnd, limit, legacy);
  }

  /** The options from `start` up to `end`, as far as they were captured, up to `limit`. */
  #readOptions(bytes: Uint8Array, start: number, end: number, limit: number, legacy: boolean): void {
    for (let option = start; option < Math.min(end, limit);) {
      const type = bytes[option];
      if (type === PAD1) {
        take(this.#pad1, bytes, option, option + 1);
        option++;
        continue;
      }
      const next = option + OPTION_HEAD_OCTETS + bytes[option + 1];
      if (option + OPTION_HEAD_OCTETS > end || next > end) {
        take(this.#invalidLength, bytes, option, end);
        return;
      }
      if (option + OPTION_HEAD_OCTETS > limit || next > limit) return;
      take(this.#anyOption, bytes, option, next);
      const assigned = assignedOptionType(type, legacy);
      const known = this.#options.get(assigned);
      if (known !== undefined) this.#readOption(known, assigned, bytes, option, next);
      option = next;
    }
  }

  #readOption(option: WantedOption, type: number, bytes: Uint8Array, start: number, end: number): void {
    take(option.whole, bytes, start, end);
    const data = start + OPTION_HEAD_OCTETS;
    // What fits is shown all the same.
    if (!hasLength(option.lengths, end - data)) take(this.#invalidLength, bytes, start, end);
    take(option.places, bytes, data, end);
    const addressOctets = end - data - option.addressAt;
    if (addressOctets === IPV4_OCTETS) take(option.ipv4, bytes, data, end);
    else if (addressOctets === IPV6_OCTETS) take(option.ipv6, bytes, data, end);
    if (type === ACCESS_NETWORK && this.#wantsAccessNetwork) this.#readAccessNetwork(bytes, data, end);
  }

  #readAccessNetwork(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end;) {
      const next = at + OPTION_HEAD_OCTETS + bytes[at + 1];
      if (at + OPTION_HEAD_OCTETS > end || next > end) {
        take(this.#subOption, bytes, at, end);
        return;
      }
      take(this.#subOption, bytes, at, next);
      take(this.#subOptions.get(bytes[at]) ?? [], bytes, at, next);
      if (bytes[at] === NETWORK_IDENTIFIER && at + 4 <= next) this.#readNames(bytes, at + 3, next);
      at = next;
    }
  }

  /** Two names, each with its length in front. */
  #readNames(bytes: Uint8Array, start: number, end: number): void {
    const accessPoint = start + 1 + bytes[start];
    take(this.#networkName, bytes, start + 1, Math.min(accessPoint, end));
    if (accessPoint >= end) return;
    take(this.#accessPointNameLength, bytes, accessPoint, end);
    take(this.#accessPointName, bytes, accessPoint + 1, Math.min(accessPoint + 1 + bytes[accessPoint], end));
  }
}

function hasLength(lengths: OptionPlaces["lengths"], octetCount: number): boolean {
  return "atLeast" in lengths ? octetCount >= lengths.atLeast : lengths.includes(octetCount);
}
