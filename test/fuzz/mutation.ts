/** A small, fast and repeatable generator (mulberry32): numbers from 0 up to 2^32 - 1. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = this.#state + 0x6d2b79f5 >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ mixed >>> 15, mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return (mixed ^ mixed >>> 14) >>> 0;
  }

  /** From 0 up to `limit` - 1. */
  below(limit: number): number {
    return this.next() % limit;
  }
}

/** Octets that headers treat in a special way: lengths, types, signs. */
const TELLING_OCTETS = [0, 1, 2, 3, 4, 8, 43, 44, 59, 60, 127, 128, 135, 201, 254, 255];
const MAXIMUM_GROWTH = 64;

/** Makes damaged copies of packets, all in one buffer: a copy is gone when the next one is made. */
export class Mutator {
  readonly #buffer: Uint8Array;
  readonly #random: SeededRandom;

  constructor(longestPacket: number, random: SeededRandom) {
    this.#buffer = new Uint8Array(longestPacket + MAXIMUM_GROWTH);
    this.#random = random;
  }

  /** One to four changes of some kind. */
  mutate(packet: Uint8Array): Uint8Array {
    this.#buffer.set(packet);
    let length = packet.length;
    for (let changes = 1 + this.#random.below(4); changes > 0; changes--) length = this.#change(length);
    return this.#buffer.subarray(0, length);
  }

  #change(length: number): number {
    const buffer = this.#buffer;
    const random = this.#random;
    const at = random.below(length + 1);
    switch (random.below(8)) {
      case 0:
      case 1:
        buffer[at] ^= 1 << random.below(8);
        return length;
      case 2:
      case 3:
        buffer[at] = TELLING_OCTETS[random.below(TELLING_OCTETS.length)];
        return length;
      case 4:
        buffer[at] = random.next();
        return length;
      case 5:
        buffer.copyWithin(at, random.below(length + 1), length);
        return length;
      case 6:
        return at;
      default:
        return Math.min(buffer.length, length + random.below(16));
    }
  }
}
