/** What a packet of a numbered flow says of itself. */
export interface NumberedPacket {
  readonly flow: number;
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly sentMs: number;
}

const HEAD_OCTETS = 16;
/** Of every packet's UDP payload: with the headers of IPv6, 250 octets, as in the paper. */
export const PAYLOAD_OCTETS = 202;

/** The payload of a packet: flow, number and time, and octets that follow from these. */
export function writePacket({ flow, sequence, sentMs }: NumberedPacket): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(PAYLOAD_OCTETS);
  const view = new DataView(payload.buffer);
  view.setUint32(0, flow);
  view.setUint32(4, sequence);
  view.setFloat64(8, sentMs);
  payload.set(rest(payload), HEAD_OCTETS);
  return payload;
}

/** Reads a payload; undefined when it is not one that writePacket() has made: another length, or changed octets. */
export function readPacket(payload: Uint8Array): NumberedPacket | undefined {
  if (payload.length !== PAYLOAD_OCTETS) return undefined;
  if (rest(payload).some((octet, index) => octet !== payload[HEAD_OCTETS + index])) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return { flow: view.getUint32(0), sequence: view.getUint32(4), sentMs: view.getFloat64(8) };
}

/** The octets behind the head: a hash of it (FNV-1a), and what xorshift32 makes of that. */
function rest(payload: Uint8Array): Uint8Array {
  let state = 0x811c9dc5;
  for (let index = 0; index < HEAD_OCTETS; index++) state = Math.imul(state ^ payload[index], 0x01000193);
  return Uint8Array.from({ length: PAYLOAD_OCTETS - HEAD_OCTETS }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}
