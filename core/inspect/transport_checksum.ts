import type { PacketCursor } from "./packet_cursor.ts";
import { hexNumber, verifiedChecksum } from "./tree.ts";

/**
 * The checksum of TCP or UDP, verified. What Linux leaves to the network card holds the sum of the pseudo-header
 * only, and on a virtual link, where no card follows, captures show it so.
 */
export function showTransportChecksum(
  cursor: PacketCursor,
  protocol: number,
  at: number,
  right: number,
): string {
  const found = cursor.uint16(at);
  return found !== right && found === cursor.pseudoHeaderSum(protocol)
    ? `${hexNumber(found, 4)} (partial, left to the network card)`
    : verifiedChecksum(found, right);
}
