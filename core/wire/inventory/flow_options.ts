import { type Field, flagField, formatText, numberField, optionalAddressField, restField } from "../field.ts";
import {
  flowBindingActionName,
  flowIdentificationStatusName,
  groupManagementTypeName,
  multicastListenerTypeName,
  operatorIdentifierTypeName,
  qualityOfServiceOperationName,
  trafficSelectorFormatName,
} from "../registry_names.ts";
import { subOption, type SubOptionEntry, subOptionsField, type SubOptionTable } from "../sub_option.ts";
import { option } from "./family.ts";

const NUMBER_OCTETS = 2;

/** Numbers of 16 bits, one or more, up to the end of the region. */
function numbersField(label: string, octetOffset: number): Field<Uint8Array> {
  return restField(label, octetOffset, (octets) => {
    const numbers: number[] = [];
    for (let at = 0; at + 1 < octets.length; at += 2) numbers.push(octets[at] << 8 | octets[at + 1]);
    return numbers.length === 0 ? "none" : numbers.join(", ");
  }, NUMBER_OCTETS);
}

/** The selector itself is of RFC 6088, and shown as octets. */
const TRAFFIC_SELECTOR = subOption("Traffic Selector", 2, {
  format: numberField("TS Format", 0, 8, { name: trafficSelectorFormatName }),
  selector: restField("Traffic Selector", 2),
});

/** RFC 6089 4.2.1, RFC 7109 6.2. */
const FLOW_SUB_OPTIONS: SubOptionTable = {
  hasPad1: true,
  entries: new Map([
    [1, subOption("PadN", 0, {})],
    [2, subOption("BID Reference", 2, { bindingIds: numbersField("BID", 0) })],
    [3, TRAFFIC_SELECTOR],
    [
      4,
      subOption("Flow Binding Action", 2, {
        action: numberField("Action", 8, 8, { name: flowBindingActionName }),
      }),
    ],
    [
      5,
      subOption("Target Care-of Address", 6, { address: optionalAddressField("Target Care-of Address", 2) }),
    ],
  ]),
};

/** A length octet and the text of that length behind it, `skip` such pairs after `octetOffset`. */
function countedTextField(label: string, octetOffset: number, skip: number): Field<Uint8Array> {
  return restField(label, octetOffset, (octets) => {
    let at = 0;
    for (let pair = 0; pair < skip; pair++) at += 1 + (octets[at] ?? 0);
    return formatText(octets.subarray(at + 1, at + 1 + (octets[at] ?? 0))) || "none";
  });
}

/** 24 bits in two's complement, of which 15 stand behind the point (RFC 6757 3.1.2). */
const degrees = (value: number) => `${((value << 8 >> 8) / 2 ** 15).toFixed(4)} degrees`;

/** RFC 6757 3.1; 4 to 6 are of RFC 7563. */
const ACCESS_NETWORK_SUB_OPTIONS: SubOptionTable = {
  hasPad1: false,
  entries: new Map([
    [
      1,
      subOption("Network-Identifier", 3, {
        utf8: flagField("E", 0),
        networkName: countedTextField("Network Name", 1, 0),
        accessPointName: countedTextField("Access-Point Name", 1, 1),
      }),
    ],
    [
      2,
      subOption("Geo-Location", 6, {
        latitude: numberField("Latitude", 0, 24, { name: degrees }),
        longitude: numberField("Longitude", 24, 24, { name: degrees }),
      }),
    ],
    [
      3,
      subOption("Operator-Identifier", 1, {
        type: numberField("Op-ID Type", 0, 8, { name: operatorIdentifierTypeName }),
        identifier: restField("Operator-Identifier", 1, formatText),
      }),
    ],
    [4, subOption("Civic-Location", 0, { data: restField("Data", 0) })],
    [5, subOption("MAG-Group-Identifier", 0, { data: restField("Data", 0) })],
    [6, subOption("ANI Update-Timer", 0, { data: restField("Data", 0) })],
  ]),
};

function bitRate(name: string): SubOptionEntry {
  return subOption(name, 6, { bitRate: numberField("Rate", 16, 32, { unit: "bit/s" }) });
}

function sessionBitRate(name: string): SubOptionEntry {
  return subOption(name, 6, {
    service: flagField("S", 0),
    exclude: flagField("E", 1),
    bitRate: numberField("Rate", 16, 32, { unit: "bit/s" }),
  });
}

/** RFC 7222 4.2. */
const QUALITY_OF_SERVICE_ATTRIBUTES: SubOptionTable = {
  hasPad1: false,
  entries: new Map([
    [1, bitRate("Per-MN-Agg-Max-DL-Bit-Rate")],
    [2, bitRate("Per-MN-Agg-Max-UL-Bit-Rate")],
    [3, sessionBitRate("Per-Session-Agg-Max-DL-Bit-Rate")],
    [4, sessionBitRate("Per-Session-Agg-Max-UL-Bit-Rate")],
    [
      5,
      subOption("Allocation-Retention-Priority", 2, {
        priorityLevel: numberField("PL", 8, 4),
        preemptionCapability: numberField("PC", 12, 2),
        preemptionVulnerability: numberField("PV", 14, 2),
      }),
    ],
    [6, bitRate("Aggregate-Max-DL-Bit-Rate")],
    [7, bitRate("Aggregate-Max-UL-Bit-Rate")],
    [8, bitRate("Guaranteed-DL-Bit-Rate")],
    [9, bitRate("Guaranteed-UL-Bit-Rate")],
    [
      10,
      subOption("QoS-Traffic-Selector", 2, {
        format: numberField("TS Format", 8, 8, { name: trafficSelectorFormatName }),
        selector: restField("Traffic Selector", 2),
      }),
    ],
    [
      11,
      subOption("QoS-Vendor-Specific-Attribute", 7, {
        vendorId: numberField("Vendor ID", 16, 32),
        subtype: numberField("Sub-Type", 48, 8),
        data: restField("Data", 7),
      }),
    ],
  ]),
};

/** RFC 8127 3.1. */
const ANCHOR_PARAMETERS: SubOptionTable = {
  hasPad1: false,
  entries: new Map([
    [
      1,
      subOption("Binding Re-registration Control", 6, {
        startSeconds: numberField("Re-registration-Start-Time", 0, 16, { scale: 4, unit: "s" }),
        initialSeconds: numberField("Initial-Retransmission-Time", 16, 16, { unit: "s" }),
        maximumSeconds: numberField("Maximum-Retransmission-Time", 32, 16, { unit: "s" }),
      }),
    ],
    [
      2,
      subOption("Heartbeat Control", 6, {
        intervalSeconds: numberField("HB-Interval", 0, 16, { unit: "s" }),
        retransmissionSeconds: numberField("HB-Retransmission-Delay", 16, 16, { unit: "s" }),
        maximumRetransmissions: numberField("HB-Max-Retransmissions", 32, 16),
      }),
    ],
  ]),
};

const TRAFFIC_SELECTORS: SubOptionTable = { hasPad1: true, entries: new Map([[3, TRAFFIC_SELECTOR]]) };

/** Flows, what networks say of themselves, and quality: RFC 6089, RFC 6757, RFC 6909, RFC 7222, RFC 8127. */
export const FLOW_OPTIONS = {
  flowSummary: option(44, "Flow Summary", "RFC 6089 4.2.2", { atLeast: 2 }, { every: 2 }, {
    flowIds: numbersField("FID", 0),
  }),
  flowIdentification: option(
    45,
    "Flow Identification",
    "RFC 6089 4.2",
    { atLeast: 6 },
    { every: 2, repeatable: true },
    {
      flowId: numberField("FID", 0, 16),
      priority: numberField("FID-PRI", 16, 16),
      status: numberField("Status", 40, 8, { name: flowIdentificationStatusName }),
      subOptions: subOptionsField("Sub-options", 6, FLOW_SUB_OPTIONS),
    },
  ),
  accessNetworkIdentifier: option(
    52,
    "Access Network Identifier",
    "RFC 6757 3",
    { atLeast: 0 },
    { every: 4 },
    { subOptions: subOptionsField("ANI Sub-options", 0, ACCESS_NETWORK_SUB_OPTIONS) },
  ),
  ipv4TrafficOffloadSelector: option(
    53,
    "IPv4 Traffic Offload Selector",
    "RFC 6909 3.1",
    { atLeast: 4 },
    { every: 4 },
    {
      offloadAllOthers: flagField("M", 0),
      selectors: subOptionsField("Traffic Selector Sub-option", 4, TRAFFIC_SELECTORS),
    },
  ),
  qualityOfService: option(
    58,
    "Quality-of-Service",
    "RFC 7222 4.1",
    { atLeast: 6 },
    { every: 4, repeatable: true },
    {
      serviceRequestId: numberField("SR-ID", 0, 8),
      codePoint: numberField("DSCP", 8, 6),
      operation: numberField("OC", 16, 8, { name: qualityOfServiceOperationName }),
      attributes: subOptionsField("QoS Attributes", 6, QUALITY_OF_SERVICE_ATTRIBUTES),
    },
  ),
  anchorControlledParameters: option(
    62,
    "LMA-Controlled MAG Parameters",
    "RFC 8127 3",
    { atLeast: 0 },
    { every: 4, plus: 2 },
    { subOptions: subOptionsField("LCMP Sub-Options", 0, ANCHOR_PARAMETERS) },
  ),
};

/** Multicast: RFC 7028, RFC 7161, RFC 7411. */
export const MULTICAST_OPTIONS = {
  dynamicMulticastSelector: option(
    54,
    "Dynamic IP Multicast Selector",
    "RFC 7028 5.1.2",
    { atLeast: 4 },
    { repeatable: true },
    {
      protocol: numberField("Protocol", 0, 8, { name: multicastListenerTypeName }),
      directRouting: flagField("M", 8),
      recordCount: numberField("Nr of Mcast Address Records", 16, 16),
      records: restField("Multicast Address Records", 4),
    },
  ),
  activeIpv4Subscription: option(
    56,
    "Active Multicast Subscription IPv4",
    "RFC 7161 6.1",
    { atLeast: 1 },
    { every: 4, plus: 1, repeatable: true },
    {
      protocol: numberField("IGMP Type", 0, 8, { name: groupManagementTypeName }),
      context: restField("Multicast Membership Context", 1),
    },
  ),
  activeIpv6Subscription: option(
    57,
    "Active Multicast Subscription IPv6",
    "RFC 7161 4.1.2",
    { atLeast: 1 },
    { every: 8, plus: 1, repeatable: true },
    {
      protocol: numberField("MLD Type", 0, 8, { name: multicastListenerTypeName }),
      context: restField("Multicast Membership Context", 1),
    },
  ),
  // RFC 7411 counts their lengths in units of 4 octets, every other option in octets: the data stay as they are.
  multicast: option(60, "Multicast Mobility", "RFC 7411 5.3", { atLeast: 0 }, {}, {
    data: restField("Data", 0),
  }),
  multicastAcknowledgement: option(61, "Multicast Acknowledgement", "RFC 7411 5.4", { atLeast: 0 }, {}, {
    data: restField("Data", 0),
  }),
};
