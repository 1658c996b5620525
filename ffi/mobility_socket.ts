import { type Ipv6Address } from "../core/wire/address.ts";
import { Protocol } from "../core/wire/constants.ts";
import { decodeExtensionHeaders } from "../core/wire/extension_header.ts";
import { decodeIpv6Header, IPV6_HEADER_OCTETS } from "../core/wire/ipv6.ts";
import { type NetworkLayerPacket, NetworkLayerSocket } from "./network_layer_socket.ts";
import { attachMobilityFilter } from "./socket_filter.ts";

const ETH_P_IPV6 = 0x86dd;

/**
 * Receives the IPv6 packets to one address of this host that hold a mobility header (RFC 6275 section 6.1), behind
 * whatever extension headers they have. A packet socket, because without Mobile IPv6 in the kernel no other socket gets
 * those with a Home Address option or a type 2 routing header. The kernel's own opinion of the packets is the
 * SilentTunnelTable's matter.
 */
export class MobilitySocket extends NetworkLayerSocket {
  /**
   * @param options `interfaceIndex`: one interface only; all where it is missing
   * @throws SystemError with what to do
   */
  constructor(
    { address, interfaceIndex = 0, receiveBufferOctets }: {
      readonly address: Ipv6Address;
      readonly interfaceIndex?: number;
      readonly receiveBufferOctets: number;
    },
  ) {
    super({
      etherType: ETH_P_IPV6,
      interfaceIndex,
      receiveBufferOctets,
      attachFilter: (fileDescriptor) => attachMobilityFilter(fileDescriptor, address),
    });
  }

  override receive(): NetworkLayerPacket | undefined {
    for (;;) {
      const packet = super.receive();
      if (packet === undefined || holdsMobilityHeader(packet.payload)) return packet;
    }
  }
}

/** False also for fragments: nobody has put them together. */
function holdsMobilityHeader(packet: Uint8Array): boolean {
  const header = decodeIpv6Header(packet, 0);
  if (!header.ok) return false;
  const end = IPV6_HEADER_OCTETS + header.value.payloadLength;
  if (end > packet.length) return false;
  const chain = decodeExtensionHeaders(packet, IPV6_HEADER_OCTETS, end, header.value.nextHeader);
  return chain.ok && chain.value.nextHeader === Protocol.mobilityHeader &&
    chain.value.headers.every(({ kind }) => kind !== "fragment");
}
