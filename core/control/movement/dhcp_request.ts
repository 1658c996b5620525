import { type Ipv4Address, UNSPECIFIED_IPV4 } from "../../wire/address.ts";
import {
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  type DhcpMessage,
  DhcpMessageType,
  DhcpOperation,
  encodeDhcpMessage,
} from "../../wire/dhcpv4.ts";
import { DHCP_OPTION_TABLE, type DhcpOptions } from "../../wire/dhcpv4_option.ts";
import { encodeIpv4Datagram } from "../../wire/ipv4_datagram.ts";
import { BROADCAST_HARDWARE_ADDRESS } from "./arp_frame.ts";
import type { EgressAction } from "./egress_action.ts";
import { EtherType } from "./egress_event.ts";
import type { Lease } from "./lease.ts";

const BROADCAST = "255.255.255.255";
/** Ethernet's: servers need not guess. */
const MAXIMUM_MESSAGE_OCTETS = 1472;
const ETHERNET = 1;

/** What is asked for; classless routes before routers (RFC 3442). Not rapid commit (RFC 4039 section 3). */
const PARAMETERS = new Uint8Array([
  DHCP_OPTION_TABLE.subnetMask.code,
  DHCP_OPTION_TABLE.classlessRoutes.code,
  DHCP_OPTION_TABLE.routers.code,
  DHCP_OPTION_TABLE.domainNameServers.code,
  DHCP_OPTION_TABLE.interfaceMtu.code,
  DHCP_OPTION_TABLE.leaseSeconds.code,
  DHCP_OPTION_TABLE.renewalSeconds.code,
  DHCP_OPTION_TABLE.rebindingSeconds.code,
]);

/** What all messages of one client have. */
export interface DhcpRequestHead {
  readonly hardwareAddress: Uint8Array;
  readonly transactionId: number;
  /** Since the exchange began; 0 in DECLINE and RELEASE. */
  readonly seconds: number;
}

/** Who grants an address (RFC 4039: at once, if the server can)? */
export function dhcpDiscover(head: DhcpRequestHead): EgressAction {
  return broadcast(head, {
    messageType: DhcpMessageType.discover,
    ...wishes(),
    rapidCommit: true,
  });
}

/** Takes the offer (RFC 2131 section 4.3.2, SELECTING). */
export function dhcpSelectingRequest(head: DhcpRequestHead, offer: Lease): EgressAction {
  const { address: requestedAddress, serverIdentifier } = offer;
  return broadcast(head, {
    messageType: DhcpMessageType.request,
    ...wishes(),
    requestedAddress,
    serverIdentifier,
  });
}

/** Is the lease of before good here (INIT-REBOOT)? */
export function dhcpRebootingRequest(head: DhcpRequestHead, lease: Lease): EgressAction {
  return broadcast(head, {
    messageType: DhcpMessageType.request,
    ...wishes(),
    requestedAddress: lease.address,
  });
}

/** Extends the lease, by its server (RENEWING). */
export function dhcpRenewingRequest(head: DhcpRequestHead, lease: Lease): EgressAction {
  return toServer(head, { messageType: DhcpMessageType.request, ...wishes() }, lease);
}

/** Extends the lease, by any server (REBINDING). */
export function dhcpRebindingRequest(head: DhcpRequestHead, lease: Lease): EgressAction {
  return broadcast(head, { messageType: DhcpMessageType.request, ...wishes() }, lease.address);
}

/** Another host has the address (section 4.4.1). */
export function dhcpDecline(head: DhcpRequestHead, lease: Lease): EgressAction {
  const { address: requestedAddress, serverIdentifier } = lease;
  return broadcast(head, { messageType: DhcpMessageType.decline, requestedAddress, serverIdentifier });
}

/** The address is not needed any more (section 4.4.6). */
export function dhcpRelease(head: DhcpRequestHead, lease: Lease): EgressAction {
  const { serverIdentifier } = lease;
  return toServer(head, { messageType: DhcpMessageType.release, serverIdentifier }, lease);
}

function wishes(): DhcpOptions {
  return { parameterRequestList: PARAMETERS, maximumMessageOctets: MAXIMUM_MESSAGE_OCTETS };
}

function broadcast(
  head: DhcpRequestHead,
  options: DhcpOptions,
  clientAddress: Ipv4Address = UNSPECIFIED_IPV4,
): EgressAction {
  return frame(head, options, clientAddress, BROADCAST, BROADCAST_HARDWARE_ADDRESS);
}

function toServer(head: DhcpRequestHead, options: DhcpOptions, lease: Lease): EgressAction {
  return frame(head, options, lease.address, lease.serverIdentifier, lease.serverHardwareAddress);
}

/** The source is the client address: 0.0.0.0 where there is none yet (section 4.1). */
function frame(
  { hardwareAddress, transactionId, seconds }: DhcpRequestHead,
  options: DhcpOptions,
  clientAddress: Ipv4Address,
  destination: Ipv4Address,
  destinationHardwareAddress: Uint8Array,
): EgressAction {
  const message: DhcpMessage = {
    operation: DhcpOperation.request,
    transactionId,
    seconds,
    broadcast: false,
    clientAddress,
    yourAddress: UNSPECIFIED_IPV4,
    nextServerAddress: UNSPECIFIED_IPV4,
    relayAddress: UNSPECIFIED_IPV4,
    clientHardwareAddress: hardwareAddress,
    options: { ...options, clientIdentifier: new Uint8Array([ETHERNET, ...hardwareAddress]) },
  };
  const payload = encodeIpv4Datagram({
    source: clientAddress,
    destination,
    sourcePort: DHCP_CLIENT_PORT,
    destinationPort: DHCP_SERVER_PORT,
    data: encodeDhcpMessage(message),
  });
  return { kind: "sendFrame", etherType: EtherType.ipv4, destinationHardwareAddress, payload };
}
