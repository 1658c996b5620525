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

/** The payload of a packet: flow, number and time, and octets that follow from flow and number. */
export function writePacket({ flow, sequence, sentMs }: NumberedPacket): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(PAYLOAD_OCTETS);
  const view = new DataView(payload.buffer);
  view.setUint32(0, flow);
  view.setUint32(4, sequence);
  view.setFloat64(8, sentMs);
  for (let index = HEAD_OCTETS; index < PAYLOAD_OCTETS; index++) {
    payload[index] = fill(flow, sequence, index);
  }
  return payload;
}

/** Reads a payload; undefined when it is not one that writePacket() has made: another length, or changed octets. */
export function readPacket(payload: Uint8Array): NumberedPacket | undefined {
  if (payload.length !== PAYLOAD_OCTETS) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const flow = view.getUint32(0);
  const sequence = view.getUint32(4);
  for (let index = HEAD_OCTETS; index < PAYLOAD_OCTETS; index++) {
    if (payload[index] !== fill(flow, sequence, index)) return undefined;
  }
  return { flow, sequence, sentMs: view.getFloat64(8) };
}

function fill(flow: number, sequence: number, index: number): number {
  return (Math.imul(flow + 1, 0x9e3779b1) + Math.imul(sequence + 1, 0x85ebca6b) >>> (index & 15)) + index &
    0xff;
}
