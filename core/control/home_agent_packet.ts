import { type Ipv6Address, isRoutableUnicastIpv6 } from "../wire/address.ts";
import { Protocol } from "../wire/constants.ts";
import { decodeMobilityPacket, type MobilityPacket } from "../wire/mobility_packet.ts";
import { describeWireError } from "../wire/result.ts";
import type { Report } from "./action.ts";
import type { SignallingEvent } from "./event.ts";
import { dropped } from "./home_agent_answers.ts";
import { report } from "./report.ts";
import { describePath, pathTo, type SignallingPath } from "./signalling_path.ts";

export type HomeAgentPacket =
  | { readonly kind: "packet"; readonly packet: MobilityPacket; readonly path: SignallingPath }
  | Report;

/** Reads a mobility message to a home agent (RFC 6275 section 9.2). @param address the home agent's */
export function readHomeAgentPacket(
  { packet: bytes, outer }: SignallingEvent,
  address: Ipv6Address,
): HomeAgentPacket {
  const decoded = decodeMobilityPacket(bytes);
  if (!decoded.ok) {
    const from = outer === undefined ? "IPv6" : describePath({ kind: "udp", outer });
    return report("debug", "dropped: malformed mobility packet", {
      from,
      fault: describeWireError(decoded.error),
    });
  }
  const packet = decoded.value;
  const path = pathTo(outer, packet.source);
  if (!packet.checksumValid) return dropped("wrong mobility header checksum", path);
  if (packet.header.payloadProtocol !== Protocol.noNextHeader) {
    return dropped("a payload in a mobility header", path);
  }
  if (packet.destination !== address) return dropped("not for this home agent", path);
  if (packet.routingHomeAddress !== undefined) {
    return dropped("a type 2 routing header to a home agent", path);
  }
  if (!isRoutableUnicastIpv6(packet.source)) return dropped("inner source is not unicast", path);
  return { kind: "packet", packet, path };
}
