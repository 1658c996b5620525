import { mobilityMessageEntry } from "../wire/mobility_message_table.ts";
import { mobilityOptionEntry } from "../wire/mobility_option_table.ts";

/**
 * Names of the IANA registry "Mobility Parameters" for what core/wire has no record of. The tables of core/wire
 * come first: a message or an option that gets a record there leaves this list.
 */
const MESSAGE_NAMES: ReadonlyMap<number, string> = new Map([
  [8, "Fast Binding Update"],
  [9, "Fast Binding Acknowledgment"],
  [10, "Fast Neighbor Advertisement"],
  [11, "Experimental Mobility Header"],
  [12, "Home Agent Switch Message"],
  [13, "Heartbeat Message"],
  [14, "Handover Initiate Message"],
  [15, "Handover Acknowledge Message"],
  [16, "Binding Revocation Message"],
  [17, "Localized Routing Initiation"],
  [18, "Localized Routing Acknowledgment"],
  [19, "Update Notification"],
  [20, "Update Notification Acknowledgement"],
  [21, "Flow Binding Message"],
  [22, "Subscription Query"],
  [23, "Subscription Response"],
]);

const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "Pad1"],
  [1, "PadN"],
  [7, "Mobility Header Link-Layer Address"],
  [11, "CGA Parameters Request"],
  [12, "CGA Parameters"],
  [13, "Signature"],
  [14, "Permanent Home Keygen Token"],
  [15, "Care-of Test Init"],
  [16, "Care-of Test"],
  [17, "DNS Update"],
  [18, "Experimental Mobility"],
  [19, "Vendor Specific Mobility"],
  [20, "Service Selection"],
  [21, "Binding Authorization Data for FMIPv6"],
  [22, "Home Network Prefix"],
  [23, "Handoff Indicator"],
  [24, "Access Technology Type"],
  [25, "Mobile Node Link-layer Identifier"],
  [26, "Link-local Address"],
  [27, "Timestamp"],
  [28, "Restart Counter"],
  [33, "GRE Key"],
  [34, "Mobility Header IPv6 Address/Prefix"],
  [36, "IPv4 Home Address Request"],
  [37, "IPv4 Home Address Reply"],
  [38, "IPv4 Default-Router Address"],
  [39, "IPv4 DHCP Support Mode"],
  [40, "Context Request"],
  [41, "Local Mobility Anchor Address"],
  [42, "Mobile Node Link-local Address Interface Identifier"],
  [43, "Transient Binding"],
  [44, "Flow Summary"],
  [45, "Flow Identification"],
  [46, "Redirect-Capability"],
  [47, "Redirect"],
  [48, "Load Information"],
  [49, "Alternate IPv4 Care-of Address"],
  [50, "Mobile Node Group Identifier"],
  [51, "MAG IPv6 Address"],
  [52, "Access Network Identifier"],
  [53, "IPv4 Traffic Offload Selector"],
  [54, "Dynamic IP Multicast Selector"],
  [55, "Delegated Mobile Network Prefix"],
  [56, "Active Multicast Subscription IPv4"],
  [57, "Active Multicast Subscription IPv6"],
  [58, "Quality-of-Service"],
  [59, "LMA User-Plane Address"],
  [60, "Multicast Mobility"],
  [61, "Multicast Acknowledgement"],
  [62, "LMA-Controlled MAG Parameters"],
  [63, "MAG Multipath-Binding"],
  [64, "MAG Identifier"],
  [65, "Anchored Prefix"],
  [66, "Local Prefix"],
  [67, "Previous MAAR"],
  [68, "Serving MAAR"],
  [69, "DLIF Link-Local Address"],
  [70, "DLIF Link-Layer Address"],
]);

/** "Binding Update"; "unknown message 99" where no registry has it. */
export function mobilityMessageTypeName(type: number): string {
  return mobilityMessageEntry(type)?.name ?? MESSAGE_NAMES.get(type) ?? `unknown message ${type}`;
}

/** "IPv4 Care-of Address"; "unknown" where no registry has it. */
export function mobilityOptionTypeName(type: number): string {
  return mobilityOptionEntry(type)?.name ?? OPTION_NAMES.get(type) ?? "unknown";
}
