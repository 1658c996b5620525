import { encodeEspContent, encodeEspHeader, type EspContent } from "../../wire/esp.ts";
import { highOrder, lowOrder } from "./extended_number.ts";
import { associationName, PACKET_LIMIT, type SecurityAssociation } from "./security_association.ts";
import { numberByClock, type SequenceMemory } from "./sequence_memory.ts";

const LAST_NUMBER = 2 ** 32 - 1;
/** Numbers are taken from the memory so many at a time: one write for all of them, and a restart wastes the rest. */
export const RESERVED_AT_ONCE = 64;

/** The sender's side of a security association: its counter, which never starts again (RFC 4303 section 3.3.3). */
export class OutboundAssociation {
  readonly association: SecurityAssociation;
  readonly #memory: SequenceMemory;
  #next: number;
  #packets: number;
  #reserved = 0;

  constructor(association: SecurityAssociation, memory: SequenceMemory, unixMs: number) {
    const { nextToSend, packetsSent } = memory.recall(associationName(association));
    this.association = association;
    this.#memory = memory;
    this.#next = Math.max(nextToSend, numberByClock(unixMs));
    this.#packets = packetsSent;
  }

  /** No number is left, or its key has protected enough. */
  get isUsedUp(): boolean {
    const lastNumber = this.association.extendedNumbers ? Number.MAX_SAFE_INTEGER : LAST_NUMBER;
    return this.#packets >= PACKET_LIMIT || this.#next > lastNumber;
  }

  /** A whole ESP packet. Throws where the association is used up. */
  seal(content: EspContent): Uint8Array {
    if (this.isUsedUp) throw new Error("A security association that is used up");
    const { spi, cipher, extendedNumbers } = this.association;
    const number = this.#takeNumber();
    const header = encodeEspHeader({ spi, sequenceNumber: lowOrder(number) });
    const high = extendedNumbers ? highOrder(number) : undefined;
    return cipher.seal(header, encodeEspContent(content, cipher.blockOctets), high);
  }

  #takeNumber(): number {
    if (this.#reserved === 0) {
      this.#reserved = RESERVED_AT_ONCE;
      const name = associationName(this.association);
      this.#memory.store(name, {
        nextToSend: this.#next + RESERVED_AT_ONCE,
        packetsSent: this.#packets + RESERVED_AT_ONCE,
      });
    }
    this.#reserved--;
    this.#packets++;
    return this.#next++;
  }
}
