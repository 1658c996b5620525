/** Values of the IANA registry "Mobile IPv6 Parameters" by their names, but for the statuses of binding_status.ts. */

/** The name of a value; undefined where nobody has assigned it. */
export type NameOf = (value: number) => string | undefined;

/** The registries that several formats share, and those that one format has for itself. */
function registry(names: Readonly<Record<number, string>>): NameOf {
  const map = new Map(Object.entries(names).map(([value, name]) => [Number(value), name]));
  return (value) => map.get(value);
}

/** RFC 4283, RFC 8371. */
export const mobileNodeIdentifierSubtypeName = registry({
  1: "NAI",
  2: "IPv6 Address",
  3: "IMSI",
  4: "P-TMSI",
  5: "EUI-48 address",
  6: "EUI-64 address",
  7: "GUTI",
  8: "DUID",
});

/** RFC 5026 8.1. */
export const dnsUpdateStatusName = registry({
  0: "DNS update performed",
  128: "Reason unspecified",
  129: "Administratively prohibited",
  130: "DNS Update Failed",
});

/** RFC 5213 8.4, RFC 7864. */
export const handoffIndicatorName = registry({
  0: "Reserved",
  1: "Attachment over a new interface",
  2: "Handoff between two different interfaces of the mobile node",
  3: "Handoff between mobile access gateways for the same interface",
  4: "Handoff state unknown",
  5: "Handoff state not changed (Re-registration)",
  6: "Attachment over a new interface sharing prefixes",
});

/** RFC 5213 8.5, 3GPP TS 29.275 and documents of 3GPP2. */
export const accessTechnologyName = registry({
  0: "Reserved",
  1: "Virtual",
  2: "PPP",
  3: "IEEE 802.3",
  4: "IEEE 802.11a/b/g",
  5: "IEEE 802.16e",
  6: "3GPP GERAN",
  7: "3GPP UTRAN",
  8: "3GPP E-UTRAN",
  9: "3GPP2 eHRPD",
  10: "3GPP2 HRPD",
  11: "3GPP2 1xRTT",
  12: "3GPP2 UMB",
  13: "3GPP NB-IOT",
});

/** RFC 5846 5.1; 250 to 255 are for tests. */
export const revocationTriggerName = registry({
  0: "Unspecified",
  1: "Administrative Reason",
  2: "Inter-MAG Handover - same Access Type",
  3: "Inter-MAG Handover - different Access Type",
  4: "Inter-MAG Handover - Unknown",
  5: "User Initiated Session(s) Termination",
  6: "Access Network Session(s) Termination",
  7: "Possible Out-of Sync BCE State",
  128: "Per-Peer Policy",
  129: "Revoking Mobility Node Local Policy",
});

/** RFC 5846 5.2. */
export const revocationStatusName = registry({
  0: "success",
  1: "partial success",
  128: "Binding Does NOT Exist",
  129: "IPv4 Home Address Option Required",
  130: "Global Revocation NOT Authorized",
  131: "Revoked Mobile Nodes Identity Required",
  132: "Revocation Failed - MN is Attached",
  133: "Revocation Trigger NOT Supported",
  134: "Revocation Function NOT Supported",
  135: "Proxy Binding Revocation NOT Supported",
});

/** RFC 5568 6.4.3. */
export const linkLayerAddressCodeName = registry({
  0: "Wildcard",
  1: "New Access Point",
  2: "MN",
  3: "NAR",
  4: "RtSolPr or PrRtAdv",
  5: "access point of this router",
  6: "no prefix information",
  7: "no fast handover support",
});

/** RFC 5568 6.4.2. */
export const addressPrefixCodeName = registry({
  1: "Old Care-of Address",
  2: "New Care-of Address",
  3: "NAR's IP address",
  4: "NAR's Prefix",
});

/** RFC 5568 6.2.3. */
export const fastBindingStatusName = registry({
  0: "Fast Binding Update accepted",
  1: "Fast Binding Update accepted but NCoA is invalid",
  128: "Reason unspecified",
  129: "Administratively prohibited",
  130: "Insufficient resources",
  131: "Incorrect interface identifier length",
});

/** RFC 5568 6.2.1.1, RFC 5949 6.1.1. */
export const handoverInitiateCodeName = registry({
  0: "FBU with the PCoA as source IP address",
  1: "FBU whose source IP address is not PCoA",
  2: "Indicate the completion of forwarding",
  3: "All available context transferred",
});

/** RFC 5568 6.2.1.2, RFC 5949 6.1.2; 0 has another meaning where P is set. */
export const handoverAcknowledgeCodeName = registry({
  0: "Handover Accepted with NCoA valid, or with P: Accepted or Successful",
  1: "Handover Accepted, NCoA not valid",
  2: "Handover Accepted, NCoA assigned",
  3: "Handover Accepted, use PCoA",
  4: "Message sent unsolicited",
  5: "Context Transfer Accepted or Successful",
  6: "All available Context Transferred",
  128: "Handover Not Accepted, reason unspecified",
  129: "Administratively prohibited",
  130: "Insufficient resources",
  131: "Requested Context Not Available",
  132: "Forwarding Not Available",
});

/** RFC 5844 3.3.2. */
export const ipv4HomeAddressReplyStatusName = registry({
  0: "Success",
  128: "Failure, Reason Unspecified",
  129: "Administratively prohibited",
  130: "Incorrect IPv4 home address",
  131: "Invalid IPv4 address",
  132: "Dynamic IPv4 home address assignment not available",
});

/** RFC 5949 6.2.2. */
export const localMobilityAnchorCodeName = registry({ 0: "Reserved", 1: "IPv6 address", 2: "IPv4 address" });

/** RFC 6089 4.2. */
export const flowIdentificationStatusName = registry({
  0: "Flow binding successful",
  128: "Administratively prohibited",
  129: "Flow binding rejected, reason unspecified",
  130: "Flow identification mobility option malformed",
  131: "BID not found",
  132: "FID not found",
  133: "Traffic selector format not supported",
});

/** RFC 6088. */
export const trafficSelectorFormatName = registry({
  0: "Reserved",
  1: "IPv4 Binary Traffic Selector",
  2: "IPv6 Binary Traffic Selector",
});

/** RFC 7109 6.2.1. */
export const flowBindingActionName = registry({
  11: "Add a flow binding",
  12: "Delete a flow binding",
  13: "Modify a flow binding",
  14: "Refresh a flow binding",
  15: "Move a flow binding",
  16: "Revoke a flow binding",
});

/** RFC 7109 6.1.1. */
export const flowBindingTriggerName = registry({
  0: "Reserved",
  1: "Unspecified",
  2: "Administrative Reason",
  3: "Possible Out-of-Sync BCE State",
});

/** RFC 7109 6.1.2. */
export const flowBindingStatusName = registry({
  0: "Success",
  128: "Binding (target CoA) Does NOT Exist",
  129: "Action NOT Authorized",
});

/** RFC 6602 4.3. */
export const mobileNodeGroupTypeName = registry({
  0: "Reserved",
  1: "Bulk Binding Update Group",
  255: "Reserved",
});

/** RFC 6705 10.2. */
export const localizedRoutingStatusName = registry({
  0: "Success",
  128: "Localized Routing Not Allowed",
  129: "MN Not Attached",
});

/** RFC 6757 3.1.3. */
export const operatorIdentifierTypeName = registry({
  0: "Reserved",
  1: "Private Enterprise Number",
  2: "Realm of the Operator",
  255: "Reserved",
});

/** RFC 7077 4.1, RFC 7222, RFC 7864, 3GPP TS 29.275. */
export const notificationReasonName = registry({
  0: "Reserved",
  1: "FORCE-REREGISTRATION",
  2: "UPDATE-SESSION-PARAMETERS",
  3: "VENDOR-SPECIFIC-REASON",
  4: "ANI-PARAMS-REQUESTED",
  5: "QOS_SERVICE_REQUEST",
  6: "PGW-TRIGGERED-PCSCF-RESTORATION-PCO",
  7: "PGW-TRIGGERED-PCSCF-RESTORATION-DHCP",
  8: "FLOW-MOBILITY",
  255: "Reserved",
});

/** RFC 7077 4.2, RFC 7222, RFC 7864. */
export const notificationStatusName = registry({
  0: "SUCCESS",
  128: "FAILED-TO-UPDATE-SESSION-PARAMETERS",
  129: "MISSING-VENDOR-SPECIFIC-OPTION",
  130: "CANNOT_MEET_QOS_SERVICE_REQUEST",
  131: "Reason unspecified",
  132: "MN not attached",
});

/** RFC 7222 4.1. */
export const qualityOfServiceOperationName = registry({
  0: "RESPONSE",
  1: "ALLOCATE",
  2: "DE-ALLOCATE",
  3: "MODIFY",
  4: "QUERY",
  5: "NEGOTIATE",
});

/** RFC 7161 4.1.2 and 4.1.3, RFC 7028: the ICMPv6 types of the reports. */
export const multicastListenerTypeName = registry({ 131: "MLDv1", 143: "MLDv2" });

/** RFC 7161 6.1: the IGMP types of the reports. */
export const groupManagementTypeName = registry({ 18: "IGMPv1", 22: "IGMPv2", 34: "IGMPv3" });
