import type { Ipv6Address } from "../wire/address.ts";
import { AnswerLimiter } from "./answer_limiter.ts";
import { type BindingCacheEntry, entrySequenceNumber } from "./binding_cache.ts";
import type { Now } from "./now.ts";
import { nextSequenceNumber } from "./sequence_number.ts";
import type { HomeAgentSettings } from "./settings.ts";
import { describePath } from "./signalling_path.ts";
import type { ReceivedUpdate } from "./update_verifier.ts";

/** How far ahead of the last number the one that is asked for may be: well within the window of RFC 6275 section 9.5.1. */
const NUMBERS = 0x4000;
/** A mobile node does not get so far by sending updates again while one is fresh. */
const FEWEST_AHEAD = 256;

/** Who has a key must not find out by trying what is asked elsewhere; and thousands may move at one time. */
const PER_NODE = { burst: 5, perSecond: 2 };
const ALL_NODES = { burst: 2000, perSecond: 2000 };

interface Asked {
  /** The outer address and port that was answered. */
  readonly place: string;
  readonly sequenceNumber: number;
}

/**
 * Is the holder of the key where its Binding Update over IPv4 came from? Nothing protects the outer header (RFC 5555 section
 * 5): who can change it on the way sends the traffic elsewhere. So the first update from a new place is answered with status
 * 135 and a number that nobody can know, as if it had been accepted last. A mobile node goes on from that number at once (RFC
 * 6275 section 11.7.3): an update with the next one, from that place, proves that the answer has reached it there. Over IPv6
 * the care-of address is part of what the update's proof covers.
 */
export class CareOfAddressProbe {
  readonly #settings: HomeAgentSettings;
  readonly #random: () => number;
  /** By home address; only those who may claim it are asked, so the configuration bounds it. */
  readonly #asked = new Map<Ipv6Address, Asked>();
  readonly #limiter = new AnswerLimiter(PER_NODE, ALL_NODES);

  /** @param random a number from 0 (inclusive) to 1 (exclusive) that nobody can foresee */
  constructor(settings: HomeAgentSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /**
   * The number to answer a proven update with, or "silence" where it is asked too often; undefined: the update may be taken,
   * its sender is where it came from, or was there before.
   */
  ask(
    received: ReceivedUpdate,
    entry: BindingCacheEntry | undefined,
    { monotonicMs }: Now,
  ): number | "silence" | undefined {
    const { homeAddress, path, update } = received;
    const { probeCareOfAddress, requireAuthentication } = this.#settings;
    if (!probeCareOfAddress || !requireAuthentication || path.kind === "ipv6") return undefined;
    const place = describePath(path);
    const asked = this.#asked.get(homeAddress);
    this.#asked.delete(homeAddress);
    if (entry?.kind === "registered" && describePath(entry.path) === place) return undefined;
    const isAnswer = asked?.place === place &&
      update.sequenceNumber === nextSequenceNumber(asked.sequenceNumber);
    if (isAnswer) return undefined;
    if (!this.#limiter.allow(received.identity, monotonicMs)) return "silence";
    const last = entry === undefined ? update.sequenceNumber : entrySequenceNumber(entry);
    const sequenceNumber = last + FEWEST_AHEAD + Math.floor(this.#random() * NUMBERS) & 0xffff;
    this.#asked.set(homeAddress, { place, sequenceNumber });
    return sequenceNumber;
  }

  /** The configuration has other mobile nodes. */
  forgetAll(): void {
    this.#asked.clear();
  }
}
