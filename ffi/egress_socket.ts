import { EtherType } from "../core/control/movement/egress_event.ts";
import { type NetworkLayerPacket, NetworkLayerSocket } from "./network_layer_socket.ts";
import { attachConfigurationFilter } from "./socket_filter.ts";

const ETH_P_ALL = 3;
/** Room for a burst of advertisements and ARP while the event loop is busy. */
const RECEIVE_BUFFER_OCTETS = 256 * 1024;
const UDP_CHECKSUM_OFFSET = 6;

/**
 * A packet socket on one interface that sees what the interface is configured by (see attachConfigurationFilter), and
 * sends whole packets to neighbours. The kernel sees the same packets, and has joined the multicast groups of all nodes
 * and of its own addresses by itself.
 */
export class EgressSocket extends NetworkLayerSocket {
  /**
   * @param options `allMulticast`: also what goes to the solicited-node groups of other nodes' addresses
   * @throws SystemError with what to do: no such interface, no permission
   */
  constructor(
    { interfaceIndex, allMulticast }: { readonly interfaceIndex: number; readonly allMulticast?: boolean },
  ) {
    super({
      etherType: ETH_P_ALL,
      interfaceIndex,
      allMulticast,
      receiveBufferOctets: RECEIVE_BUFFER_OCTETS,
      attachFilter: attachConfigurationFilter,
    });
  }

  override receive(): NetworkLayerPacket | undefined {
    const packet = super.receive();
    if (packet?.isChecksumMissing && packet.etherType === EtherType.ipv4) clearUdpChecksum(packet.payload);
    return packet;
  }
}

/** Zero: the sender has computed no checksum (RFC 768). The filter has let through UDP only. */
function clearUdpChecksum(packet: Uint8Array): void {
  const at = (packet[0] & 0xf) * 4 + UDP_CHECKSUM_OFFSET;
  if (at + 2 <= packet.length) packet.fill(0, at, at + 2);
}
