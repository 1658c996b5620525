import { type Ipv6Address } from "../core/wire/address.ts";
import { Protocol } from "../core/wire/constants.ts";
import { decodeExtensionHeaders } from "../core/wire/extension_header.ts";
import { decodeIpv6Header, IPV6_HEADER_OCTETS } from "../core/wire/ipv6.ts";
import { type NetworkLayerPacket, NetworkLayerSocket } from "./network_layer_socket.ts";
import { attachMobilityFilter } from "./socket_filter.ts";

const ETH_P_IPV6 = 0x86dd;

/** ICMPv6 of home agent address discovery and mobile prefix discovery (RFC 6275 sections 6.5 to 6.8). */
const FIRST_DISCOVERY_TYPE = 144;
const LAST_DISCOVERY_TYPE = 147;
/** What an ESP header begins with (RFC 4303 section 2.1). */
const SPI_OCTETS = 4;

/**
 * Receives the IPv6 packets to one address of this host that hold a mobility header (RFC 6275 section 6.1), a message
 * of home agent or prefix discovery, or ESP with an SPI of ours, behind whatever extension headers they have. A packet
 * socket, because without Mobile IPv6 in the kernel no other socket gets those with a Home Address option or a type 2
 * routing header. The kernel's own opinion of the packets is the matter of the SilentTunnelTables.
 */
export class MobilitySocket extends NetworkLayerSocket {
  readonly #address: Ipv6Address;
  #spis: ReadonlySet<number> = new Set();

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
      attachFilter: (fileDescriptor) =>
        attachMobilityFilter(fileDescriptor, { destination: address, spis: new Set() }),
    });
    this.#address = address;
  }

  /** ESP with one of these SPIs is ours from now on; none is at first. */
  setSpis(spis: ReadonlySet<number>): void {
    this.#spis = new Set(spis);
    attachMobilityFilter(this.fileDescriptor, { destination: this.#address, spis });
  }

  override receive(): NetworkLayerPacket | undefined {
    for (;;) {
      const packet = super.receive();
      if (packet === undefined || this.#isOurs(packet.payload)) return packet;
    }
  }

  #isOurs(packet: Uint8Array): boolean {
    const content = mobilityContent(packet);
    return typeof content === "object" ? this.#spis.has(content.spi) : content !== undefined;
  }
}

/** ESP, and its SPI. */
interface EspContent {
  readonly spi: number;
}

/** What a whole IPv6 packet holds; undefined also for fragments: nobody has put them together. */
export function mobilityContent(
  packet: Uint8Array,
): "mobilityHeader" | "discovery" | EspContent | undefined {
  const header = decodeIpv6Header(packet, 0);
  if (!header.ok) return undefined;
  const end = IPV6_HEADER_OCTETS + header.value.payloadLength;
  if (end > packet.length) return undefined;
  const chain = decodeExtensionHeaders(packet, IPV6_HEADER_OCTETS, end, header.value.nextHeader);
  if (!chain.ok || chain.value.headers.some(({ kind }) => kind === "fragment")) return undefined;
  const { nextHeader, offset } = chain.value;
  if (nextHeader === Protocol.mobilityHeader) return "mobilityHeader";
  if (nextHeader === Protocol.esp && offset + SPI_OCTETS <= end) {
    return { spi: new DataView(packet.buffer, packet.byteOffset).getUint32(offset) };
  }
  const isDiscovery = nextHeader === Protocol.icmpv6 && offset < end &&
    packet[offset] >= FIRST_DISCOVERY_TYPE && packet[offset] <= LAST_DISCOVERY_TYPE;
  return isDiscovery ? "discovery" : undefined;
}
