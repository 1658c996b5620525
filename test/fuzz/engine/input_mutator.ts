import type { SeededRandom } from "../mutation.ts";

/** Octets that headers treat in a special way: lengths, types, signs. */
const TELLING_OCTETS = [0, 1, 2, 3, 4, 8, 16, 32, 43, 44, 58, 59, 60, 64, 127, 128, 135, 201, 254, 255];
const MOST_CHANGES = 6;
const MOST_REPEATED_OCTETS = 64;

/**
 * Makes new inputs of old ones: changes of bits and octets, pieces taken out, doubled, moved or put in from another input,
 * words of a dictionary, and lengths: octets that say how much follows them are changed together with what follows.
 */
export class InputMutator {
  readonly #random: SeededRandom;
  readonly #words: readonly Uint8Array[];
  readonly #maximumOctets: number;

  /** @param words what the program compares with; may be empty */
  constructor(random: SeededRandom, words: readonly Uint8Array[], maximumOctets: number) {
    this.#random = random;
    this.#words = words;
    this.#maximumOctets = maximumOctets;
  }

  /** @param other gives pieces */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let bytes = input;
    for (let changes = 1 + this.#random.below(MOST_CHANGES); changes > 0; changes--) {
      bytes = this.#change(bytes, other);
    }
    return bytes.subarray(0, this.#maximumOctets);
  }

  #change(bytes: Uint8Array, other: Uint8Array): Uint8Array {
    const random = this.#random;
    const at = random.below(bytes.length + 1);
    const octets = 1 + random.below(Math.min(MOST_REPEATED_OCTETS, bytes.length + 1));
    switch (random.below(11)) {
      case 0:
        return replaced(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ 1 << random.below(8)));
      case 1:
        return replaced(bytes, at, Uint8Array.of(random.next() & 0xff));
      case 2:
        return replaced(bytes, at, Uint8Array.of(TELLING_OCTETS[random.below(TELLING_OCTETS.length)]));
      case 3:
        return replaced(bytes, at, Uint8Array.of((bytes[at] ?? 0) + random.below(9) - 4));
      case 4:
        return spliced(bytes, at, octets, new Uint8Array());
      case 5:
        return spliced(bytes, at, 0, bytes.subarray(at, at + octets));
      case 6:
        return this.#fromOther(bytes, at, other);
      case 7:
        return replaced(bytes, at, this.#word());
      case 8:
        return spliced(bytes, at, 0, this.#word());
      case 9:
        return this.#stretched(bytes, at);
      default:
        return replaced(bytes, at, bytes.subarray(random.below(bytes.length + 1)).subarray(0, octets));
    }
  }

  #fromOther(bytes: Uint8Array, at: number, other: Uint8Array): Uint8Array {
    const from = this.#random.below(other.length + 1);
    const piece = other.subarray(from, from + 1 + this.#random.below(other.length - from + 1));
    switch (this.#random.below(3)) {
      case 0:
        return spliced(bytes, at, 0, piece);
      case 1:
        return replaced(bytes, at, piece);
      default:
        return spliced(bytes, at, bytes.length, other.subarray(Math.min(at, other.length)));
    }
  }

  /** Takes an octet for the length of what follows, in units of 1, 4 or 8 octets, and makes both longer or shorter. */
  #stretched(bytes: Uint8Array, at: number): Uint8Array {
    if (at >= bytes.length) return bytes;
    const unit = [1, 4, 8][this.#random.below(3)];
    const units = 1 + this.#random.below(4);
    const end = Math.min(bytes.length, at + 1 + unit * bytes[at]);
    if (this.#random.below(2) === 0) {
      const longer = spliced(bytes, end, 0, new Uint8Array(unit * units).fill(this.#random.next() & 0xff));
      return replaced(longer, at, Uint8Array.of(bytes[at] + units));
    }
    const shorter = spliced(bytes, Math.max(at + 1, end - unit * units), unit * units, new Uint8Array());
    return replaced(shorter, at, Uint8Array.of(Math.max(0, bytes[at] - units)));
  }

  #word(): Uint8Array {
    return this.#words[this.#random.below(Math.max(1, this.#words.length))] ?? new Uint8Array(4);
  }
}

/** Overwrites from `at` on, and lengthens where that goes beyond the end. */
function replaced(bytes: Uint8Array, at: number, piece: Uint8Array): Uint8Array {
  return spliced(bytes, at, piece.length, piece);
}

function spliced(bytes: Uint8Array, at: number, taken: number, piece: Uint8Array): Uint8Array {
  const after = bytes.subarray(Math.min(bytes.length, at + taken));
  const result = new Uint8Array(at + piece.length + after.length);
  result.set(bytes.subarray(0, at));
  result.set(piece, at);
  result.set(after, at + piece.length);
  return result;
}

/** Words of a dictionary: numbers in as many octets as they take, in network order, and text. */
export function dictionary(literals: Iterable<number | string>): Uint8Array[] {
  return [...literals].map((literal) => {
    if (typeof literal === "string") return new TextEncoder().encode(literal);
    const octets = literal <= 0xff ? 1 : literal <= 0xffff ? 2 : 4;
    return Uint8Array.from({ length: octets }, (_, index) => literal >>> 8 * (octets - 1 - index) & 0xff);
  });
}
