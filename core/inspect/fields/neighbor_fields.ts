import { take, wanted } from "./field_slot.ts";
import type { Slots, WantedPlace } from "./field_slot.ts";
import { again, colonOctets, flag, hex, ipv6, number, protocol } from "./field_spec.ts";
import type { Place } from "./field_spec.ts";

/** Where the options of neighbor discovery (RFC 4861 4.6) begin, by ICMPv6 type; 147 is RFC 6275 6.8. */
export const NEIGHBOR_OPTIONS_AT: ReadonlyMap<number, number> = new Map([
  [133, 8],
  [134, 16],
  [135, 24],
  [136, 24],
  [137, 40],
  [147, 8],
]);

const ANY_OPTION: readonly Place[] = [
  { ...protocol("icmpv6.opt"), kind: "present" },
  number("icmpv6.opt.type", 0, 1),
  number("icmpv6.opt.length", 1, 1),
];

/** By option type, from the option's first octet; 7 and 8 are RFC 6275 7.3 and 7.4. */
const OPTIONS: ReadonlyMap<number, readonly Place[]> = new Map([
  [1, [colonOctets("icmpv6.opt.linkaddr", 2), ...again(colonOctets("icmpv6.opt.src_linkaddr", 2))]],
  [2, [colonOctets("icmpv6.opt.linkaddr", 2), ...again(colonOctets("icmpv6.opt.target_linkaddr", 2))]],
  [3, [
    number("icmpv6.opt.prefix.length", 2, 1),
    hex("icmpv6.opt.prefix.flag", 3, 1),
    flag("icmpv6.opt.prefix.flag.l", 3, 0x80),
    flag("icmpv6.opt.prefix.flag.a", 3, 0x40),
    flag("icmpv6.opt.prefix.flag.r", 3, 0x20),
    number("icmpv6.opt.prefix.valid_lifetime", 4, 4),
    number("icmpv6.opt.prefix.preferred_lifetime", 8, 4),
    ipv6("icmpv6.opt.prefix", 16),
  ]],
  [5, [number("icmpv6.opt.mtu", 4, 4)]],
  [7, [number("icmpv6.opt.advertisement_interval", 4, 4)]],
  [8, [number("icmpv6.opt.home_agent_preference", 4, 2), number("icmpv6.opt.home_agent_lifetime", 6, 2)]],
]);

export const NEIGHBOR_PLACES: readonly Place[] = [...ANY_OPTION, ...[...OPTIONS.values()].flat()];

/** Takes the wanted fields out of the options of neighbor discovery. */
export class NeighborOptionExtractor {
  readonly #any: readonly WantedPlace[];
  readonly #options: ReadonlyMap<number, readonly WantedPlace[]>;
  readonly #wanted: boolean;

  constructor(slots: Slots) {
    this.#any = wanted(ANY_OPTION, slots);
    this.#options = new Map([...OPTIONS].map(([type, places]) => [type, wanted(places, slots)]));
    this.#wanted = wanted(NEIGHBOR_PLACES, slots).length > 0;
  }

  /** The options from `start` up to `limit`. */
  read(bytes: Uint8Array, start: number, limit: number): void {
    if (!this.#wanted) return;
    for (let option = start; option + 2 <= limit;) {
      const next = option + 8 * bytes[option + 1];
      take(this.#any, bytes, option, limit);
      if (next === option || next > limit) return;
      take(this.#options.get(bytes[option]) ?? [], bytes, option, next);
      option = next;
    }
  }
}
