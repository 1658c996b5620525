/** Blocks of pcapng (draft-ietf-opsawg-pcapng), which dsmip reads and never writes. */

/** Codes and values. */
type Options = readonly (readonly [number, Uint8Array])[];

export interface Pcapng {
  section(options?: Options): Uint8Array;
  interface(
    linkType: number,
    options?: Options,
    snapLength?: number,
  ): Uint8Array;
  enhanced(
    interfaceIndex: number,
    units: bigint,
    packet: Uint8Array,
    originalLength?: number,
    options?: Options,
  ): Uint8Array;
  simple(packet: Uint8Array, originalLength?: number): Uint8Array;
  block(type: number, body: Uint8Array): Uint8Array;
}

export function pcapng(littleEndian: boolean): Pcapng {
  const uint32 = (...values: readonly number[]) => {
    const view = new DataView(new ArrayBuffer(4 * values.length));
    values.forEach((value, index) => view.setUint32(4 * index, value, littleEndian));
    return new Uint8Array(view.buffer);
  };
  const uint16 = (...values: readonly number[]) => {
    const view = new DataView(new ArrayBuffer(2 * values.length));
    values.forEach((value, index) => view.setUint16(2 * index, value, littleEndian));
    return new Uint8Array(view.buffer);
  };
  const block = (type: number, ...parts: readonly Uint8Array[]) => {
    const body = padded(concatenate(parts));
    const length = body.length + 12;
    return concatenate([uint32(type, length), body, uint32(length)]);
  };
  const encode = (options: Options) =>
    concatenate(options.flatMap(([code, value]) => [uint16(code, value.length), padded(value)]));
  return {
    section: (options = []) =>
      block(
        0x0a0d0d0a,
        uint32(0x1a2b3c4d),
        uint16(1, 0),
        uint32(0xffffffff, 0xffffffff),
        encode(options),
      ),
    interface: (linkType, options = [], snapLength = 0) => {
      return block(1, uint16(linkType, 0), uint32(snapLength), encode(options));
    },
    enhanced: (interfaceIndex, units, packet, originalLength = packet.length, options = []) =>
      block(
        6,
        uint32(
          interfaceIndex,
          Number(units >> 32n),
          Number(units & 0xffffffffn),
          packet.length,
          originalLength,
        ),
        padded(packet),
        encode(options),
      ),
    simple: (packet, originalLength = packet.length) => block(3, uint32(originalLength), packet),
    block: (type, body) => block(type, body),
  };
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  whole.set(bytes);
  return whole;
}
