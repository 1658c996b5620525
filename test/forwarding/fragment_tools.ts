import { assert, assertEquals } from "@std/assert";
import { checksum, concat } from "./packets.ts";
import { type IpFields, ipPacket } from "./transport_packets.ts";

/** Fragments for tests, apart from the code that is tested. */

export const MORE_FRAGMENTS = 0x2000;

/** What one fragment has of the whole: data octets from here on, and options in place of the whole's. */
export interface Piece {
  readonly at: number;
  readonly octets: number;
  readonly isLast?: boolean;
  readonly options?: Uint8Array;
}

/** The pieces of a packet with these fields, which may be a fragment itself (RFC 791 section 3.2). */
export function fragmentsOf(
  ip: IpFields,
  protocol: number,
  data: Uint8Array,
  pieces: readonly Piece[],
): Uint8Array[] {
  const { fragment: field = 0 } = ip;
  return pieces.map(({ at, octets, isLast = false, options = ip.options }) => {
    const fragment = (field | (isLast ? 0 : MORE_FRAGMENTS)) + at / 8;
    return ipPacket({ ...ip, fragment, options }, protocol, data.subarray(at, at + octets));
  });
}

/** The whole that these fragments were, in their order; each is checked. Options are those of the first. */
export function reassembled(fragments: readonly Uint8Array[], mtu: number): Uint8Array {
  const [first] = fragments;
  const firstHeader = headerLengthOf(first);
  const pieces: Uint8Array[] = [first.subarray(0, firstHeader)];
  const field = fieldOf(first);
  let offset = field & 0x1fff;
  for (const [index, fragment] of fragments.entries()) {
    const headerLength = headerLengthOf(fragment);
    assert(fragment.length <= mtu, `fragment ${index} has ${fragment.length} octets`);
    assertEquals(checksum(fragment.subarray(0, headerLength)), 0, `header checksum of fragment ${index}`);
    assertEquals(fragment[2] << 8 | fragment[3], fragment.length, `length of fragment ${index}`);
    assertEquals(fragment[1], first[1], "type of service");
    assertEquals(fragment.subarray(4, 6), first.subarray(4, 6), "identification");
    assertEquals([fragment[8], fragment[9]], [first[8], first[9]], "time to live and protocol");
    assertEquals(fragment.subarray(12, 20), first.subarray(12, 20), "addresses");
    assertEquals(fieldOf(fragment) & 0x1fff, offset, `offset of fragment ${index}`);
    const isLast = index === fragments.length - 1;
    if (!isLast) assert((fieldOf(fragment) & MORE_FRAGMENTS) !== 0, `MF of fragment ${index}`);
    const data = fragment.subarray(headerLength);
    if (!isLast) assertEquals(data.length % 8, 0, `data of fragment ${index}`);
    offset += data.length / 8;
    pieces.push(data);
  }
  const whole = concat(...pieces);
  const more = fieldOf(fragments[fragments.length - 1]) & MORE_FRAGMENTS;
  const view = new DataView(whole.buffer);
  view.setUint16(2, whole.length);
  view.setUint16(6, field & ~MORE_FRAGMENTS | more);
  view.setUint16(10, 0);
  view.setUint16(10, checksum(whole.subarray(0, firstHeader)));
  return whole;
}

function headerLengthOf(packet: Uint8Array): number {
  return 4 * (packet[0] & 0x0f);
}

function fieldOf(packet: Uint8Array): number {
  return packet[6] << 8 | packet[7];
}
