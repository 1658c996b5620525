import { addressField, formatText, ipv6Field, numberField, octetsField, restField } from "../field.ts";
import {
  addressPrefixCodeName,
  linkLayerAddressCodeName,
  localMobilityAnchorCodeName,
} from "../registry_names.ts";
import { subOption, subOptionsField, type SubOptionTable } from "../sub_option.ts";
import { option } from "./family.ts";

/** What a Context Request asks for: mobility options without or with what selects among them (RFC 5949 6.2.1). */
const REQUESTS: SubOptionTable = {
  hasPad1: false,
  entries: new Map([
    [8, subOption("Mobile Node Identifier", 0, {})],
    [
      19,
      subOption("Vendor Specific Mobility", 5, {
        vendorId: numberField("Vendor ID", 0, 32),
        subtype: numberField("Sub-Type", 32, 8),
      }),
    ],
    [22, subOption("Home Network Prefix", 0, {})],
    [25, subOption("Mobile Node Link-layer Identifier", 0, {})],
  ]),
};

/** Fast handovers: RFC 5568 for Mobile IPv6, RFC 5949 for Proxy Mobile IPv6. */
export const FAST_HANDOVER_OPTIONS = {
  linkLayerAddress: option(
    7,
    "Mobility Header Link-Layer Address",
    "RFC 5568 6.4.4",
    { atLeast: 1 },
    { repeatable: true },
    {
      optionCode: numberField("Option-Code", 0, 8, { name: linkLayerAddressCodeName }),
      linkLayerAddress: restField("LLA", 1),
    },
  ),
  fastBindingAuthorizationData: option(
    21,
    "Binding Authorization Data for FMIPv6",
    "RFC 5568 6.4.5",
    { atLeast: 4 },
    { last: true },
    { spi: numberField("SPI", 0, 32), authenticator: restField("Authenticator", 4) },
  ),
  addressOrPrefix: option(
    34,
    "Mobility Header IPv6 Address/Prefix",
    "RFC 5568 6.4.2",
    [18],
    { every: 8, plus: 4, repeatable: true },
    {
      optionCode: numberField("Option-Code", 0, 8, { name: addressPrefixCodeName }),
      prefixLength: numberField("Prefix Length", 8, 8),
      address: ipv6Field("IPv6 Address/Prefix", 2),
    },
  ),
  contextRequest: option(
    40,
    "Context Request",
    "RFC 5949 6.2.1",
    { atLeast: 2 },
    {},
    { requests: subOptionsField("Requests", 2, REQUESTS) },
  ),
  localMobilityAnchorAddress: option(
    41,
    "Local Mobility Anchor Address",
    "RFC 5949 6.2.2",
    [6, 18],
    {},
    {
      optionCode: numberField("Option-Code", 0, 8, { name: localMobilityAnchorCodeName }),
      address: addressField("Local Mobility Anchor Address", 2),
    },
  ),
  linkLocalInterfaceIdentifier: option(
    42,
    "Mobile Node Link-local Address Interface Identifier",
    "RFC 5949 6.2.3",
    [10],
    {},
    { interfaceIdentifier: octetsField("Interface Identifier", 2, 8) },
  ),
};

/** Route optimization with cryptographically generated addresses: RFC 4866. */
export const ENHANCED_ROUTE_OPTIMIZATION_OPTIONS = {
  cgaParametersRequest: option(11, "CGA Parameters Request", "RFC 4866 5.6", [0], {}, {}),
  cgaParameters: option(12, "CGA Parameters", "RFC 4866 5.1", { atLeast: 0 }, { repeatable: true }, {
    cgaParameters: restField("CGA Parameters", 0),
  }),
  signature: option(13, "Signature", "RFC 4866 5.2", { atLeast: 0 }, {}, {
    signature: restField("Signature", 0),
  }),
  permanentHomeKeygenToken: option(14, "Permanent Home Keygen Token", "RFC 4866 5.3", { atLeast: 0 }, {}, {
    token: restField("Permanent Home Keygen Token", 0),
  }),
  careOfTestInitOption: option(15, "Care-of Test Init", "RFC 4866 5.4", [0], {}, {}),
  careOfTestOption: option(16, "Care-of Test", "RFC 4866 5.5", [8], {}, {
    careOfKeygenToken: octetsField("Care-of Keygen Token", 0, 8),
  }),
};

/** What vendors and experiments put in: RFC 5094, RFC 5096, RFC 5149. */
export const GENERAL_OPTIONS = {
  experimental: option(18, "Experimental Mobility", "RFC 5096 4", { atLeast: 0 }, { repeatable: true }, {
    data: restField("Data", 0),
  }),
  vendorSpecific: option(
    19,
    "Vendor Specific Mobility",
    "RFC 5094 3",
    { atLeast: 5 },
    { every: 4, plus: 2, repeatable: true },
    {
      vendorId: numberField("Vendor ID", 0, 32, { name: (value) => value === 10415 ? "3GPP" : undefined }),
      subtype: numberField("Sub-Type", 32, 8),
      data: restField("Data", 5),
    },
  ),
  serviceSelection: option(20, "Service Selection", "RFC 5149 3", { atLeast: 1 }, {}, {
    identifier: restField("Identifier", 0, formatText, 1),
  }),
};
