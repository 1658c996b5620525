import { constantField, countedIpv6Field, flagField, numberField } from "../field.ts";
import {
  fastBindingStatusName,
  flowBindingStatusName,
  flowBindingTriggerName,
  handoverAcknowledgeCodeName,
  handoverInitiateCodeName,
  localizedRoutingStatusName,
  notificationReasonName,
  notificationStatusName,
} from "../registry_names.ts";
import type { FamilyMessage } from "./family.ts";

function message<Fields extends object>(
  type: number,
  name: string,
  section: string,
  fixedOctets: number,
  fields: Fields,
  more: Pick<FamilyMessage, "variant" | "octetsAt"> = {},
): FamilyMessage<Fields> {
  return { type, name, section, fixedOctets, fields, ...more };
}

const IPV6_OCTETS = 16;
const HOME_AGENT_LIST_AT = 2;
const INFINITE = 0xffff;

const sequenceNumber = () => numberField("Sequence #", 0, 16);

function localizedLifetime() {
  return numberField("Lifetime", 32, 16, {
    unit: "s",
    name: (seconds) => seconds === INFINITE ? "infinite" : seconds === 0 ? "stop" : undefined,
  });
}

/** Fast handovers: RFC 5568, and with the flags P and F RFC 5949. */
const FAST_HANDOVER_MESSAGES = {
  fastBindingUpdate: message(8, "Fast Binding Update", "RFC 5568 6.2.2", 6, {
    sequenceNumber: sequenceNumber(),
    acknowledge: flagField("A", 16),
    homeRegistration: flagField("H", 17),
    linkLocalCompatibility: flagField("L", 18),
    keyManagementMobility: flagField("K", 19),
    lifetimeSeconds: numberField("Lifetime", 32, 16, { unit: "s" }),
  }),
  fastBindingAcknowledgement: message(9, "Fast Binding Acknowledgment", "RFC 5568 6.2.3", 6, {
    status: numberField("Status", 0, 8, { name: fastBindingStatusName }),
    keyManagementMobility: flagField("K", 8),
    sequenceNumber: numberField("Sequence #", 16, 16),
    lifetimeSeconds: numberField("Lifetime", 32, 16, { unit: "s" }),
  }),
  fastNeighborAdvertisement: message(10, "Fast Neighbor Advertisement", "RFC 4068", 2, {}),
  handoverInitiate: message(14, "Handover Initiate Message", "RFC 5568 6.2.1.1", 4, {
    sequenceNumber: sequenceNumber(),
    assignAddress: flagField("S", 16),
    buffer: flagField("U", 17),
    proxy: flagField("P", 18),
    forward: flagField("F", 19),
    code: numberField("Code", 24, 8, { name: handoverInitiateCodeName }),
  }),
  handoverAcknowledge: message(15, "Handover Acknowledge Message", "RFC 5568 6.2.1.2", 4, {
    sequenceNumber: sequenceNumber(),
    buffer: flagField("U", 16),
    proxy: flagField("P", 17),
    forward: flagField("F", 18),
    code: numberField("Code", 24, 8, { name: handoverAcknowledgeCodeName }),
  }),
};

/** What home agents and anchors say on their own: RFC 5142, RFC 5846, RFC 5847, RFC 6705, RFC 7077. */
const ANCHOR_MESSAGES = {
  homeAgentSwitch: message(12, "Home Agent Switch Message", "RFC 5142 4", 2, {
    homeAgentAddresses: countedIpv6Field("Home Agent Addresses", 0, HOME_AGENT_LIST_AT),
  }, { octetsAt: (bytes, data) => HOME_AGENT_LIST_AT + IPV6_OCTETS * (bytes[data] ?? 0) }),
  heartbeat: message(13, "Heartbeat Message", "RFC 5847 3.3", 6, {
    unsolicited: flagField("U", 14),
    response: flagField("R", 15),
    sequenceNumber: numberField("Sequence Number", 16, 32),
  }),
  localizedRoutingInitiation: message(17, "Localized Routing Initiation", "RFC 6705 10.1", 6, {
    sequenceNumber: sequenceNumber(),
    lifetimeSeconds: localizedLifetime(),
  }),
  localizedRoutingAcknowledgement: message(18, "Localized Routing Acknowledgment", "RFC 6705 10.2", 6, {
    sequenceNumber: sequenceNumber(),
    unsolicited: flagField("U", 16),
    status: numberField("Status", 24, 8, { name: localizedRoutingStatusName }),
    lifetimeSeconds: localizedLifetime(),
  }),
  updateNotification: message(19, "Update Notification", "RFC 7077 4.1", 6, {
    sequenceNumber: sequenceNumber(),
    reason: numberField("Notification Reason", 16, 16, { name: notificationReasonName }),
    acknowledge: flagField("A", 32),
    retransmission: flagField("D", 33),
  }),
  updateNotificationAcknowledgement: message(20, "Update Notification Acknowledgement", "RFC 7077 4.2", 6, {
    sequenceNumber: sequenceNumber(),
    status: numberField("Status Code", 16, 8, { name: notificationStatusName }),
  }),
};

/** Flows and multicast: RFC 7109, RFC 7161. */
const FLOW_MESSAGES = {
  flowBindingIndication: message(21, "Flow Binding Indication", "RFC 7109 6.1.1", 6, {
    flowBindingType: constantField("Flow Binding Type", 0, 16, 1),
    sequenceNumber: numberField("Sequence #", 16, 16),
    trigger: numberField("Trigger", 32, 8, { name: flowBindingTriggerName }),
    acknowledge: flagField("A", 40),
  }, { variant: { octets: 2, value: 1 } }),
  flowBindingAcknowledgement: message(21, "Flow Binding Acknowledgement", "RFC 7109 6.1.2", 6, {
    flowBindingType: constantField("Flow Binding Type", 0, 16, 2),
    sequenceNumber: numberField("Sequence #", 16, 16),
    status: numberField("Status", 32, 8, { name: flowBindingStatusName }),
  }, { variant: { octets: 2, value: 2 } }),
  subscriptionQuery: message(22, "Subscription Query", "RFC 7161 4.3.1.2", 2, {
    sequenceNumber: numberField("Sequence #", 0, 8),
  }),
  subscriptionResponse: message(23, "Subscription Response", "RFC 7161 4.3.2.2", 2, {
    sequenceNumber: numberField("Sequence #", 0, 8),
    multicastInformation: flagField("I", 8),
  }),
};

/** Messages that the inspector knows; type 11 belongs to experiments (RFC 5096) and has no format to know. */
export const FAMILY_MESSAGES = { ...FAST_HANDOVER_MESSAGES, ...ANCHOR_MESSAGES, ...FLOW_MESSAGES };

/** The two flags of a Binding Update that the stack does not act on (RFC 7161 4.2.2.1, RFC 8885 4.1). */
export const BINDING_UPDATE_FLAGS = {
  multicastSignaling: flagField("S", 26),
  distributedMobility: flagField("D", 27),
};

/** The same of a Binding Acknowledgement (RFC 7161 4.2.2.2, RFC 8885 4.2). */
export const BINDING_ACKNOWLEDGEMENT_FLAGS = {
  multicastSignaling: flagField("S", 13),
  distributedMobility: flagField("D", 14),
};
