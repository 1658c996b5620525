/** How far the sequence numbers of one association have come. */
export interface SequenceNumbers {
  /** All below it may have been sent; 0: none. */
  readonly nextToSend: number;
  /** So many packets may have been sent. */
  readonly packetsSent: number;
  /** The greatest that has been accepted; 0: none. */
  readonly highestReceived: number;
}

/**
 * Outlasts a restart, so that nobody can send again what was sent to an association before it, and no number is used twice.
 * Given to core from outside. Neither throws: what cannot be kept is told in the log.
 */
export interface SequenceMemory {
  /** @param name see associationName() */
  recall(name: string): SequenceNumbers;
  /** Keeps these, and what it has of the others. */
  store(name: string, numbers: Partial<SequenceNumbers>): void;
}

/** 2020-01-01, UTC. */
const FIRST_SECOND_UNIX_MS = 1_577_836_800_000;

/**
 * Where a sender begins that remembers nothing: by the clock, which is past every number before as long as no more than a
 * packet a second was sent on the average.
 */
export function numberByClock(unixMs: number): number {
  return Math.max(1, Math.floor((unixMs - FIRST_SECOND_UNIX_MS) / 1000));
}
