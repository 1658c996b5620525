const EMPTY = -1;
const FIRST_CAPACITY = 64;

/**
 * A map from addresses of 128 bits, read where they stand in a packet, to small numbers: a lookup makes no string and
 * no object. IPv4 addresses go in as ::ffff:a.b.c.d.
 */
export class AddressTable {
  #capacity = FIRST_CAPACITY;
  #words = new Uint32Array(4 * FIRST_CAPACITY);
  #values = new Int32Array(FIRST_CAPACITY).fill(EMPTY);
  size = 0;

  constructor(readonly maximum: number) {}

  /** The number kept for the address of `version` at `offset`, of which the first `bits` count; -1 for none. */
  find(bytes: Uint8Array, offset: number, version: 4 | 6, bits = 128): number {
    readWords(bytes, offset, version, bits);
    return this.#values[this.#slot()];
  }

  /** Keeps a number, 0 or more. False when the table is full. */
  set(bytes: Uint8Array, offset: number, version: 4 | 6, value: number, bits = 128): boolean {
    readWords(bytes, offset, version, bits);
    let slot = this.#slot();
    if (this.#values[slot] === EMPTY) {
      if (this.size >= this.maximum) return false;
      if (2 * (this.size + 1) > this.#capacity) {
        this.#grow();
        readWords(bytes, offset, version, bits);
        slot = this.#slot();
      }
      this.size++;
      this.#words.set(words, 4 * slot);
    }
    this.#values[slot] = value;
    return true;
  }

  /** Where the address in `words` is or would go. */
  #slot(): number {
    const mask = this.#capacity - 1;
    const stored = this.#words;
    let slot = hash() & mask;
    while (this.#values[slot] !== EMPTY) {
      const at = 4 * slot;
      if (
        stored[at + 3] === words[3] && stored[at + 2] === words[2] && stored[at + 1] === words[1] &&
        stored[at] === words[0]
      ) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const oldWords = this.#words;
    const oldValues = this.#values;
    this.#capacity *= 2;
    this.#words = new Uint32Array(4 * this.#capacity);
    this.#values = new Int32Array(this.#capacity).fill(EMPTY);
    for (let old = 0; old < oldValues.length; old++) {
      if (oldValues[old] === EMPTY) continue;
      for (let word = 0; word < 4; word++) words[word] = oldWords[4 * old + word];
      const slot = this.#slot();
      this.#words.set(words, 4 * slot);
      this.#values[slot] = oldValues[old];
    }
  }
}

/** The address that is looked for: one place for all tables, because nothing here waits. */
const words = new Uint32Array(4);

function readWords(bytes: Uint8Array, offset: number, version: 4 | 6, bits: number): void {
  if (version === 4) {
    words[0] = 0;
    words[1] = 0;
    words[2] = 0xffff;
    words[3] = word(bytes, offset);
    return;
  }
  for (let index = 0; index < 4; index++) {
    const kept = bits - 32 * index;
    if (kept <= 0) words[index] = 0;
    else words[index] = word(bytes, offset + 4 * index) & (kept >= 32 ? -1 : -1 << (32 - kept));
  }
}

function word(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3];
}

/** Multiply and shift, as in MurmurHash3: neighbours in one prefix must not stand in one row. */
function hash(): number {
  let value = Math.imul(words[0], 0x85ebca6b) ^ Math.imul(words[1], 0xc2b2ae35) ^
    Math.imul(words[2], 0x27d4eb2f) ^ words[3];
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
