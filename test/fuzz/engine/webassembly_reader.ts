/** Reads as much of a WebAssembly module as it takes to go over its instructions. */

const MAGIC_OCTETS = 8;

export interface Section {
  readonly id: number;
  readonly content: Uint8Array;
}

/** What follows an instruction: "u" one number, "m" a memory operand, and so on. */
type Immediates = "" | "u" | "uu" | "m" | "ml" | "blockType" | "table" | "types" | "f32" | "f64" | "v128";

export class ModuleReader {
  offset: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, offset = MAGIC_OCTETS) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  sections(): Section[] {
    const found: Section[] = [];
    while (this.offset < this.#bytes.length) {
      const id = this.#bytes[this.offset++];
      const octets = this.unsigned();
      found.push({ id, content: this.#bytes.subarray(this.offset, this.offset + octets) });
      this.offset += octets;
    }
    return found;
  }

  /** LEB128, up to 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const octet = this.#octet();
      value += (octet & 0x7f) * 2 ** shift;
      if (octet < 0x80) return value;
    }
  }

  /** The declarations of locals at the beginning of a function. */
  skipLocals(): void {
    for (let groups = this.unsigned(); groups > 0; groups--) {
      this.unsigned();
      this.offset += 1;
    }
  }

  /** Goes over one instruction and returns its first octet. @throws Error where it is not known */
  instruction(): number {
    const code = this.#octet();
    const prefixed = PREFIXED[code];
    this.#skip(prefixed === undefined ? plainImmediates(code) : prefixed(this.unsigned()));
    return code;
  }

  #skip(immediates: Immediates): void {
    switch (immediates) {
      case "":
        return;
      case "u":
      case "blockType":
        return this.#number();
      case "uu":
        this.#number();
        return this.#number();
      case "m":
        return this.#memoryOperand();
      case "ml":
        this.#memoryOperand();
        this.offset += 1;
        return;
      case "table":
        for (let targets = this.unsigned(); targets >= 0; targets--) this.#number();
        return;
      case "types":
        this.offset += this.unsigned();
        return;
      case "f32":
        this.offset += 4;
        return;
      case "f64":
        this.offset += 8;
        return;
      case "v128":
        this.offset += 16;
        return;
    }
  }

  #memoryOperand(): void {
    const flags = this.unsigned();
    if ((flags & 0x40) !== 0) this.#number();
    this.#number();
  }

  /** LEB128 of any length, signed or not. */
  #number(): void {
    while (this.#octet() >= 0x80);
  }

  #octet(): number {
    if (this.offset >= this.#bytes.length) throw new Error("WebAssembly ends within an instruction");
    return this.#bytes[this.offset++];
  }
}

function plainImmediates(code: number): Immediates {
  if (code >= 0x02 && code <= 0x04) return "blockType";
  if (code === 0x0c || code === 0x0d || code === 0x10) return "u";
  if (code === 0x0e) return "table";
  if (code === 0x11) return "uu";
  if (code === 0x1c) return "types";
  if (code >= 0x20 && code <= 0x26) return "u";
  if (code >= 0x28 && code <= 0x3e) return "m";
  if (code === 0x3f || code === 0x40) return "u";
  if (code === 0x41 || code === 0x42) return "u";
  if (code === 0x43) return "f32";
  if (code === 0x44) return "f64";
  const isPlain = code <= 0x01 || code === 0x05 || code === 0x0b || code === 0x0f || code === 0x1a ||
    code === 0x1b || code >= 0x45 && code <= 0xc4;
  if (!isPlain) throw new Error(`WebAssembly instruction 0x${code.toString(16)} is not known`);
  return "";
}

/** Conversions that saturate, and bulk memory. */
function miscellaneousImmediates(code: number): Immediates {
  if (code <= 7) return "";
  return code === 8 || code === 10 || code === 12 || code === 14 ? "uu" : "u";
}

function vectorImmediates(code: number): Immediates {
  if (code <= 11 || code === 92 || code === 93) return "m";
  if (code === 12 || code === 13) return "v128";
  if (code >= 21 && code <= 34) return "u";
  return code >= 84 && code <= 91 ? "ml" : "";
}

/** Everything but the fence has a memory operand; the fence has one octet. */
function atomicImmediates(code: number): Immediates {
  return code === 3 ? "u" : "m";
}

const PREFIXED: Readonly<Record<number, (code: number) => Immediates>> = {
  0xfc: miscellaneousImmediates,
  0xfd: vectorImmediates,
  0xfe: atomicImmediates,
};
