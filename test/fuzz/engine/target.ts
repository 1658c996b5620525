/** Something that takes octets which anybody may have made. */
export interface FuzzTarget {
  readonly name: string;
  /** Longer inputs are not tried. */
  readonly maximumOctets: number;
  /** Inputs that are right in most of their parts, to begin with. */
  seeds(): Uint8Array[];
  /** Throws where the input does what no input may do; a fault that is told in the way that is meant for it is none. */
  run(input: Uint8Array): void;
}

/** Takes apart what a target makes of an input; behind its end stand zeros. */
export class InputReader {
  #offset = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  octet(): number {
    return this.#bytes[this.#offset++] ?? 0;
  }

  uint16(): number {
    return this.octet() << 8 | this.octet();
  }

  /** One of them, whatever the octet. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.octet() % items.length];
  }

  /** A copy of as many octets as the two octets before them say, or as there are. */
  octets(): Uint8Array {
    const length = this.uint16();
    const start = Math.min(this.#offset, this.#bytes.length);
    this.#offset = start + length;
    return this.#bytes.slice(start, start + length);
  }

  rest(): Uint8Array {
    const start = Math.min(this.#offset, this.#bytes.length);
    this.#offset = this.#bytes.length;
    return this.#bytes.slice(start);
  }
}

/** The other way: what InputReader.octets() reads. */
export function withLength(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(bytes.length >> 8, bytes.length & 0xff, ...bytes);
}
