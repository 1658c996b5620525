import { associationName, type EspProtection } from "../../core/control/esp/security_association.ts";
import type { SequenceMemory, SequenceNumbers } from "../../core/control/esp/sequence_memory.ts";
import { formatIpv6, ipv6Octets } from "../../core/wire/address.ts";
import { readSecretFile } from "../configuration/key_file.ts";
import { folderOf } from "../configuration/path.ts";
import { replaceFile, writeWhole } from "../daemon/replace_file.ts";

/** Of another layout, an older file is not read. */
const MAGIC = new TextEncoder().encode("dsmipesp1\n\0\0\0\0\0\0");
/*
 * A record: 0 SPI, 32 bits, and as many unused | 8 source | 24 destination | 40 next number to send | 48 packets sent
 * | 56 highest number received; 64 bits each
 */
const RECORD_OCTETS = 64;
const NUMBERS_OFFSET = 40;
/** Those of associations that are not in use any more are kept, too: their keys may come back. */
const MAXIMUM_RECORDS = 65_536;

const NOTHING: SequenceNumbers = { nextToSend: 0, packetsSent: 0, highestReceived: 0 };

/** What the daemon's log is to say. */
export interface SequenceFileOptions {
  readonly path: string;
  /** Nothing is kept from here on, until prepare() can write the file again. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Sequence numbers of security associations in a file. It is written as a whole for associations that it does not have, to
 * its full length: after that numbers are written in their places, at every packet, and a full disk does not matter. They
 * survive the end of the process at once, and that of the machine as soon as its kernel has written them (seconds).
 */
export class SequenceFile implements SequenceMemory, Disposable {
  readonly #options: SequenceFileOptions;
  readonly #numbers = new Map<string, SequenceNumbers>();
  #places = new Map<string, number>();
  #file: Deno.FsFile | undefined;

  /** @param options `path`: its folder is made where it is not there */
  constructor(options: SequenceFileOptions) {
    this.#options = options;
  }

  /**
   * Makes room for these associations, and keeps what stands in the file: nothing of a file that is not this user's alone.
   * @returns whether there was a whole one
   */
  prepare(associations: readonly EspProtection[]): boolean {
    const records = new Map<string, EspProtection>(associations.map((one) => [associationName(one), one]));
    let isWhole = false;
    try {
      const bytes = readOwn(this.#options.path);
      isWhole = bytes.length % RECORD_OCTETS === MAGIC.length && hasOurLayout(bytes);
      const found = decodeRecords(bytes);
      const isComplete = associations.every((one) => found.has(associationName(one)));
      for (const [name, { association, numbers }] of found) {
        if (!records.has(name) && records.size < MAXIMUM_RECORDS) records.set(name, association);
        if (!this.#numbers.has(name)) this.#numbers.set(name, numbers);
      }
      if (!isComplete || !isWhole) this.#write([...records.values()]);
      this.#open(isComplete && isWhole ? [...found.keys()] : [...records.keys()]);
    } catch (error) {
      this.#close();
      this.#options.onFault(error);
    }
    for (const name of this.#numbers.keys()) {
      if (!records.has(name)) this.#numbers.delete(name);
    }
    return isWhole;
  }

  recall(name: string): SequenceNumbers {
    return this.#numbers.get(name) ?? NOTHING;
  }

  store(name: string, some: Partial<SequenceNumbers>): void {
    const numbers = { ...this.recall(name), ...some };
    this.#numbers.set(name, numbers);
    const place = this.#places.get(name);
    if (this.#file === undefined || place === undefined) return;
    try {
      this.#file.seekSync(place + NUMBERS_OFFSET, Deno.SeekMode.Start);
      writeWhole(this.#file, encodeNumbers(numbers));
    } catch (error) {
      this.#close();
      this.#options.onFault(error);
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #write(associations: readonly EspProtection[]): void {
    const { path } = this.#options;
    const bytes = new Uint8Array(MAGIC.length + associations.length * RECORD_OCTETS);
    bytes.set(MAGIC);
    for (const [index, association] of associations.entries()) {
      const place = placeOf(index);
      bytes.set(encodeAssociation(association), place);
      bytes.set(encodeNumbers(this.recall(associationName(association))), place + NUMBERS_OFFSET);
    }
    Deno.mkdirSync(folderOf(path), { recursive: true, mode: 0o700 });
    replaceFile(path, bytes, { outlastsMachine: true });
  }

  /** @param names of its records, in their order */
  #open(names: readonly string[]): void {
    this.#close();
    this.#file = Deno.openSync(this.#options.path, { write: true });
    this.#places = new Map(names.map((name, index) => [name, placeOf(index)]));
  }

  #close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** Of a record in the file. */
function placeOf(index: number): number {
  return MAGIC.length + index * RECORD_OCTETS;
}

function encodeAssociation({ spi, source, destination }: EspProtection): Uint8Array {
  const bytes = new Uint8Array(NUMBERS_OFFSET);
  new DataView(bytes.buffer).setUint32(0, spi);
  bytes.set(ipv6Octets(source), 8);
  bytes.set(ipv6Octets(destination), 24);
  return bytes;
}

function encodeNumbers({ nextToSend, packetsSent, highestReceived }: SequenceNumbers): Uint8Array {
  const bytes = new Uint8Array(RECORD_OCTETS - NUMBERS_OFFSET);
  const view = new DataView(bytes.buffer);
  for (const [index, number] of [nextToSend, packetsSent, highestReceived].entries()) {
    view.setBigUint64(8 * index, BigInt(number));
  }
  return bytes;
}

type Decoded = { readonly association: EspProtection; readonly numbers: SequenceNumbers };

/** By the names of the associations; none of a file of another layout. */
function decodeRecords(bytes: Uint8Array): Map<string, Decoded> {
  const found = new Map<string, Decoded>();
  if (!hasOurLayout(bytes)) return found;
  for (let at = placeOf(0); at + RECORD_OCTETS <= bytes.length; at += RECORD_OCTETS) {
    const record = decodeRecord(bytes.subarray(at, at + RECORD_OCTETS));
    found.set(associationName(record.association), record);
  }
  return found;
}

function decodeRecord(bytes: Uint8Array): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = (offset: number) => {
    const value = view.getBigUint64(offset);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.MAX_SAFE_INTEGER;
  };
  return {
    association: { spi: view.getUint32(0), source: formatIpv6(bytes, 8), destination: formatIpv6(bytes, 24) },
    numbers: { nextToSend: number(40), packetsSent: number(48), highestReceived: number(56) },
  };
}

function hasOurLayout(bytes: Uint8Array): boolean {
  return MAGIC.every((octet, index) => bytes[index] === octet);
}

/** Nothing where there is no file, or one that others have made or can write. @throws Error where it cannot be read */
function readOwn(path: string): Uint8Array {
  const result = readSecretFile(path, "it", MAGIC.length + MAXIMUM_RECORDS * RECORD_OCTETS);
  if ("bytes" in result) return result.bytes;
  if ("reason" in result && !result.missing) throw new Error(`cannot be read ${result.reason}`);
  return new Uint8Array(0);
}
