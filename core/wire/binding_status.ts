/** Status codes of the Binding Acknowledgement, the Binding Error and the IPv4 address acknowledgement option. */

/** Those codes that the control path sends or acts on. */
export const BindingStatusCode = {
  /** RFC 6275 6.1.8 */ accepted: 0,
  /** RFC 6275 6.1.8 */ acceptedPrefixDiscoveryNecessary: 1,
  /** RFC 6275 6.1.8 */ reasonUnspecified: 128,
  /** RFC 6275 6.1.8 */ administrativelyProhibited: 129,
  /** RFC 6275 6.1.8 */ insufficientResources: 130,
  /** RFC 6275 6.1.8 */ homeRegistrationNotSupported: 131,
  /** RFC 6275 6.1.8 */ notHomeSubnet: 132,
  /** RFC 6275 6.1.8 */ notHomeAgentForThisMobileNode: 133,
  /** RFC 6275 6.1.8 */ duplicateAddressDetectionFailed: 134,
  /** RFC 6275 6.1.8 */ sequenceNumberOutOfWindow: 135,
  /** RFC 6275 6.1.8 */ registrationTypeChangeDisallowed: 139,
  /** RFC 3963 4.2 */ mobileRouterOperationNotPermitted: 140,
  /** RFC 3963 4.2 */ invalidPrefix: 141,
  /** RFC 3963 4.2 */ notAuthorizedForPrefix: 142,
  /** RFC 3963 4.2 */ forwardingSetupFailed: 143,
  /** RFC 5555 4.5: the F flag is refused; the same number as identificationMismatch. */ cannotForceUdp: 144,
  /** RFC 4285 6 */ identificationMismatch: 144,
  /** RFC 4285 6 */ messageIdentificationRequired: 145,
  /** RFC 4285 5.3 */ authenticationFailed: 146,
  /** RFC 5213 8.9 */ proxyRegistrationNotEnabled: 152,
  /** RFC 6275 6.1.8 */ invalidCareOfAddress: 174,
} as const;

/** The first status that refuses a Binding Update (RFC 6275 6.1.8) or an IPv4 home address (RFC 5555 3.2.1). */
export const FIRST_REFUSAL_STATUS = 128;

/** RFC 6275 6.1.9. */
export const BindingErrorStatusCode = {
  /** Unknown binding for the Home Address destination option. */ unknownBinding: 1,
  /** Unrecognized mobility header type. */ unrecognizedMessage: 2,
} as const;

/** RFC 5555 3.2.1. */
export const Ipv4AddressStatusCode = {
  success: 0,
  reasonUnspecified: 128,
  administrativelyProhibited: 129,
  incorrectHomeAddress: 130,
  invalidAddress: 131,
  dynamicAssignmentNotAvailable: 132,
  prefixAllocationUnauthorized: 133,
} as const;

/** The names of the IANA registry "Status Codes" of mobility parameters, all of them. */
const BINDING_STATUS_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "Binding Update accepted"],
  [1, "Accepted but prefix discovery necessary"],
  [2, "GRE_KEY_OPTION_NOT_REQUIRED"],
  [3, "GRE_TUNNELING_BUT_TLV_HEADER_NOT_SUPPORTED"],
  [4, "MCOA NOTCOMPLETE"],
  [5, "MCOA RETURNHOME WO/NDP"],
  [6, "PBU_ACCEPTED_TB_IGNORED_SETTINGSMISMATCH"],
  [128, "Reason unspecified"],
  [129, "Administratively prohibited"],
  [130, "Insufficient resources"],
  [131, "Home registration not supported"],
  [132, "Not home subnet"],
  [133, "Not home agent for this mobile node"],
  [134, "Duplicate Address Detection failed"],
  [135, "Sequence number out of window"],
  [136, "Expired home nonce index"],
  [137, "Expired care-of nonce index"],
  [138, "Expired nonces"],
  [139, "Registration type change disallowed"],
  [140, "Mobile Router Operation not permitted"],
  [141, "Invalid Prefix"],
  [142, "Not Authorized for Prefix"],
  [143, "Forwarding Setup failed"],
  [144, "MIPV6-ID-MISMATCH"],
  [145, "MIPV6-MESG-ID-REQD"],
  [146, "MIPV6-AUTH-FAIL"],
  [147, "Permanent home keygen token unavailable"],
  [148, "CGA and signature verification failed"],
  [149, "Permanent home keygen token exists"],
  [150, "Non-null home nonce index expected"],
  [151, "SERVICE_AUTHORIZATION_FAILED"],
  [152, "PROXY_REG_NOT_ENABLED"],
  [153, "NOT_LMA_FOR_THIS_MOBILE_NODE"],
  [154, "MAG_NOT_AUTHORIZED_FOR_PROXY_REG"],
  [155, "NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX"],
  [156, "TIMESTAMP_MISMATCH"],
  [157, "TIMESTAMP_LOWER_THAN_PREV_ACCEPTED"],
  [158, "MISSING_HOME_NETWORK_PREFIX_OPTION"],
  [159, "BCE_PBU_PREFIX_SET_DO_NOT_MATCH"],
  [160, "MISSING_MN_IDENTIFIER_OPTION"],
  [161, "MISSING_HANDOFF_INDICATOR_OPTION"],
  [162, "MISSING_ACCESS_TECH_TYPE_OPTION"],
  [163, "GRE_KEY_OPTION_REQUIRED"],
  [164, "MCOA MALFORMED"],
  [165, "MCOA NON-MCOA BINDING EXISTS"],
  [166, "MCOA PROHIBITED"],
  [167, "MCOA UNKNOWN COA"],
  [168, "MCOA BULK REGISTRATION PROHIBITED"],
  [169, "MCOA SIMULTANEOUS HOME AND FOREIGN PROHIBITED"],
  [170, "NOT_AUTHORIZED_FOR_IPV4_MOBILITY_SERVICE"],
  [171, "NOT_AUTHORIZED_FOR_IPV4_HOME_ADDRESS"],
  [172, "NOT_AUTHORIZED_FOR_IPV6_MOBILITY_SERVICE"],
  [173, "MULTIPLE_IPV4_HOME_ADDRESS_ASSIGNMENT_NOT_SUPPORTED"],
  [174, "Invalid Care-of Address"],
  [175, "INVALID_MOBILE_NODE_GROUP_IDENTIFIER"],
  [176, "REINIT_SA_WITH_HAC"],
  [177, "NOT_AUTHORIZED_FOR_DELEGATED_MNP"],
  [178, "REQUESTED_DMNP_IN_USE"],
  [179, "CANNOT_MEET_QOS_SERVICE_REQUEST"],
  [180, "CANNOT_SUPPORT_MULTIPATH_BINDING"],
]);

const BINDING_ERROR_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "Unknown binding for Home Address destination option"],
  [2, "Unrecognized MH Type value"],
]);

const IPV4_ADDRESS_STATUS_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "Success"],
  [128, "Failure, reason unspecified"],
  [129, "Administratively prohibited"],
  [130, "Incorrect IPv4 home address"],
  [131, "Invalid IPv4 address"],
  [132, "Dynamic IPv4 home address assignment not available"],
  [133, "Prefix allocation unauthorized"],
]);

/** The name of a Binding Acknowledgement's status. 144 means "cannot force UDP" where the update had the F flag. */
export function bindingStatusName(status: number): string {
  return BINDING_STATUS_NAMES.get(status) ?? unassigned(status);
}

export function bindingErrorStatusName(status: number): string {
  return BINDING_ERROR_NAMES.get(status) ?? "unassigned";
}

export function ipv4AddressStatusName(status: number): string {
  return IPV4_ADDRESS_STATUS_NAMES.get(status) ?? unassigned(status);
}

function unassigned(status: number): string {
  return status < FIRST_REFUSAL_STATUS ? "unassigned, accepted" : "unassigned, refused";
}
