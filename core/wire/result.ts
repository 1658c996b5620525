/**
 * What a decoder returns. Bytes from outside are never trusted: a fault in them is a value that says
 * where and why, not an exception. (A broken invariant of our own is an assertion and throws.)
 */
export type Decoded<Value> = { readonly ok: true; readonly value: Value } | {
  readonly ok: false;
  readonly error: WireError;
};

/** A fault in received bytes. `offset` counts octets from the start of the buffer given to the decoder. */
export interface WireError {
  readonly offset: number;
  /** The header or field at fault, in the RFC's words: "mobility header length". */
  readonly field: string;
  /** What is wrong with it, as the end of a sentence: "goes past the end of the packet". */
  readonly reason: string;
}

export function decoded<Value>(value: Value): Decoded<Value> {
  return { ok: true, value };
}

export function malformed(
  offset: number,
  field: string,
  reason: string,
): { readonly ok: false; readonly error: WireError } {
  return { ok: false, error: { offset, field, reason } };
}

/** One line for a log or a person: "mobility header length at offset 41: goes past the end of the packet". */
export function describeWireError(error: WireError): string {
  return `${error.field} at offset ${error.offset}: ${error.reason}`;
}
