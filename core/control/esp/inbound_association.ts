import { decodeEspContent, decodeEspHeader, type EspContent } from "../../wire/esp.ts";
import { describeWireError } from "../../wire/result.ts";
import { highOrder, inferNumber } from "./extended_number.ts";
import { REPLAY_WINDOW_SIZE, ReplayWindow } from "./replay_window.ts";
import { associationName, type SecurityAssociation } from "./security_association.ts";
import type { SequenceMemory } from "./sequence_memory.ts";

export type OpenedEsp =
  /** `isLatest`: as in ReceivedProtection */
  | { readonly kind: "opened"; readonly content: EspContent; readonly isLatest: boolean }
  /** `keysDiffer`: either end has the wrong key, or somebody makes it up. */
  | { readonly kind: "refused"; readonly reason: string; readonly keysDiffer: boolean };

/** The receiver's side of a security association: integrity, and no packet twice (RFC 4303 section 3.4). */
export class InboundAssociation {
  readonly association: SecurityAssociation;
  readonly #memory: SequenceMemory;
  readonly #window: ReplayWindow;

  constructor(association: SecurityAssociation, memory: SequenceMemory) {
    this.association = association;
    this.#memory = memory;
    this.#window = new ReplayWindow(memory.recall(associationName(association)).highestReceived);
  }

  /** @param packet from the SPI to the integrity check value */
  open(packet: Uint8Array): OpenedEsp {
    const { cipher, extendedNumbers } = this.association;
    const header = decodeEspHeader(packet);
    if (!header.ok) return refused(describeWireError(header.error));
    const low = header.value.sequenceNumber;
    const number = extendedNumbers ? inferNumber(low, this.#window.highest, REPLAY_WINDOW_SIZE) : low;
    if (!this.#window.admits(number)) return refused("ESP sequence number used before, or too old");
    const content = cipher.open(packet, extendedNumbers ? highOrder(number) : undefined);
    if (content === undefined) return refused("wrong ESP integrity check value", true);
    const isLatest = this.#accept(number);
    const decoded = decodeEspContent(content);
    return decoded.ok
      ? { kind: "opened", content: decoded.value, isLatest }
      : refused(describeWireError(decoded.error));
  }

  /** @returns whether it is the highest */
  #accept(number: number): boolean {
    const isHighest = number > this.#window.highest;
    this.#window.accept(number);
    if (isHighest) this.#memory.store(associationName(this.association), { highestReceived: number });
    return isHighest;
  }
}

function refused(reason: string, keysDiffer = false): OpenedEsp {
  return { kind: "refused", reason, keysDiffer };
}
