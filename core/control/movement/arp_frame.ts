import { type Ipv4Address, UNSPECIFIED_IPV4 } from "../../wire/address.ts";
import { ArpOperation, type ArpPacket, encodeArp } from "../../wire/arp.ts";
import type { EgressAction } from "./egress_action.ts";
import { EtherType } from "./egress_event.ts";

export const BROADCAST_HARDWARE_ADDRESS = new Uint8Array(6).fill(0xff);
const UNKNOWN_HARDWARE_ADDRESS = new Uint8Array(6);

/** This host on the link, as it says it in ARP. */
export interface ArpSender {
  readonly hardwareAddress: Uint8Array;
  readonly address: Ipv4Address;
}

/** Who has this address? Asked of all, or of the one host that had it (RFC 4436 section 2.1.1). */
export function arpRequest(
  sender: ArpSender,
  targetAddress: Ipv4Address,
  destination: Uint8Array = BROADCAST_HARDWARE_ADDRESS,
): EgressAction {
  return arpFrame(destination, {
    operation: ArpOperation.request,
    senderHardwareAddress: sender.hardwareAddress,
    senderAddress: sender.address,
    targetHardwareAddress: UNKNOWN_HARDWARE_ADDRESS,
    targetAddress,
  });
}

/** Does somebody have this address (RFC 5227 section 2.1.1)? Nobody's cache changes by it. */
export function arpProbe(sender: ArpSender): EgressAction {
  return arpRequest({ ...sender, address: UNSPECIFIED_IPV4 }, sender.address);
}

/** This address is mine (RFC 5227 section 2.3). */
export function arpAnnouncement(sender: ArpSender): EgressAction {
  return arpRequest(sender, sender.address);
}

/** The answer to a request for the sender's address. */
export function arpReply(sender: ArpSender, request: ArpPacket): EgressAction {
  return arpFrame(request.senderHardwareAddress, {
    operation: ArpOperation.reply,
    senderHardwareAddress: sender.hardwareAddress,
    senderAddress: sender.address,
    targetHardwareAddress: request.senderHardwareAddress,
    targetAddress: request.senderAddress,
  });
}

function arpFrame(destinationHardwareAddress: Uint8Array, packet: ArpPacket): EgressAction {
  return {
    kind: "sendFrame",
    etherType: EtherType.arp,
    destinationHardwareAddress,
    payload: encodeArp(packet),
  };
}
