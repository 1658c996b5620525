import { type Ipv6Address, UNSPECIFIED_IPV6 } from "../../wire/address.ts";
import {
  encodeNeighborDiscoveryPacket,
  multicastHardwareAddress,
  type NeighborDiscoveryMessage,
  solicitedNodeAddress,
} from "../../wire/neighbor_discovery.ts";
import type { NeighborDiscoveryOption } from "../../wire/neighbor_discovery_option.ts";
import type { EgressAction } from "./egress_action.ts";
import { EtherType } from "./egress_event.ts";
import type { OwnAddress } from "./own_addresses.ts";
import type { Router } from "./router_list.ts";

/** The solicitations and advertisements of a host, as frames to send. */

const ALL_ROUTERS: Ipv6Address = "ff02::2";
const ALL_NODES: Ipv6Address = "ff02::1";

/** RFC 4861 4.1, from the link-local address, so that the router can answer this node alone. */
export function routerSolicitation(linkLocal: OwnAddress, hardwareAddress: Uint8Array): EgressAction {
  return frame(linkLocal.address, ALL_ROUTERS, multicastHardwareAddress(ALL_ROUTERS), {
    kind: "routerSolicitation",
    options: sourceOptions(linkLocal, hardwareAddress),
  });
}

/** Is the router there (RFC 4861 7.3.3, RFC 6059 4.3)? To its hardware address alone. */
export function routerProbe(
  linkLocal: OwnAddress,
  hardwareAddress: Uint8Array,
  router: Router,
): EgressAction {
  return frame(linkLocal.address, router.address, router.hardwareAddress, {
    kind: "neighborSolicitation",
    target: router.address,
    options: sourceOptions(linkLocal, hardwareAddress),
  });
}

/** Has anybody this address already (RFC 4862 5.4.2)? */
export function duplicateAddressProbe(address: Ipv6Address): EgressAction {
  const destination = solicitedNodeAddress(address);
  return frame(UNSPECIFIED_IPV6, destination, multicastHardwareAddress(destination), {
    kind: "neighborSolicitation",
    target: address,
    options: [],
  });
}

/** Tells all nodes on the link where an address is now (RFC 4861 7.2.6, RFC 6275 11.5.5). */
export function neighborAdvertisement(
  address: Ipv6Address,
  { hardwareAddress, router }: { readonly hardwareAddress: Uint8Array; readonly router: boolean },
): EgressAction {
  return frame(address, ALL_NODES, multicastHardwareAddress(ALL_NODES), {
    kind: "neighborAdvertisement",
    router,
    solicited: false,
    override: true,
    target: address,
    options: [{ kind: "targetLinkLayerAddress", hardwareAddress }],
  });
}

/** An optimistic address must not change what others know of its real owner, if there is one (RFC 4429 3.2). */
function sourceOptions(linkLocal: OwnAddress, hardwareAddress: Uint8Array): NeighborDiscoveryOption[] {
  if (linkLocal.optimisticUntilMs !== undefined) return [];
  return [{ kind: "sourceLinkLayerAddress", hardwareAddress }];
}

function frame(
  source: Ipv6Address,
  destination: Ipv6Address,
  destinationHardwareAddress: Uint8Array,
  message: NeighborDiscoveryMessage,
): EgressAction {
  const payload = encodeNeighborDiscoveryPacket({ source, destination, message });
  return { kind: "sendFrame", etherType: EtherType.ipv6, destinationHardwareAddress, payload };
}
