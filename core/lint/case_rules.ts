import { NONE } from "../inspect/packet_cursor.ts";
import { FIRST_REFUSAL_STATUS } from "../wire/binding_status.ts";
import { isRoutableUnicastIpv6, isUnicastIpv4 } from "../wire/address.ts";
import { LIFETIME_UNIT_SECONDS, NO_KEEPALIVE_REFRESH_SECONDS } from "../wire/constants.ts";
import { type LintView, UpdateFlag } from "./lint_view.ts";
import type { PacketRule } from "./rule.ts";

const Option = {
  refreshAdvice: 2,
  alternateCareOfAddress: 3,
  nonceIndices: 4,
  authorizationData: 5,
  identifier: 8,
  authentication: 9,
  ipv4HomeAddress: 29,
  ipv4Acknowledgement: 30,
  natDetection: 31,
  ipv4CareOfAddress: 32,
  bindingIdentifier: 35,
} as const;

const IDENTIFIER_WITH_IPV4_OCTETS = 8;
/** Status values that say that nonces have expired (RFC 6275 9.5.4). */
const FIRST_NONCE_STATUS = 136;
const LAST_NONCE_STATUS = 138;

/** Rules over what an update or an answer holds in this case: care-of address of IPv6 or IPv4, de-registration. */
export const CASE_RULES: readonly PacketRule[] = [{
  id: "ipv4-not-in-udp",
  severity: "error",
  section: "RFC 5555 4.2",
  row: "D-061",
  says: "A Binding Update over IPv4 is in UDP to port 4191.",
  check(view) {
    if (!view.isHomeUpdate || !view.overIpv4) return undefined;
    if (view.carriage === "ipv4Plain") return "IPv6 in IPv4, protocol 41";
    const { destinationPort } = outer(view);
    return destinationPort === view.homeAgentPort ? undefined : `UDP to port ${destinationPort}`;
  },
}, {
  id: "ipv4-care-of-missing",
  severity: "error",
  section: "RFC 5555 2.3.2.1",
  row: "D-014",
  says: "A Binding Update over IPv4 has the IPv4 Care-of Address option, or a Binding Identifier with one.",
  check(view) {
    if (!view.isHomeUpdate || !view.overIpv4) return undefined;
    if (view.option(Option.ipv4CareOfAddress) !== undefined || hasIpv4Identifier(view)) return undefined;
    return `no care-of address, outer source ${view.ipv4(outer(view).sourceOffset)}`;
  },
}, {
  id: "ipv4-home-address-option",
  severity: "error",
  section: "RFC 5555 4.2",
  row: "D-059",
  says: "A Binding Update over IPv4 has no Home Address destination option.",
  check(view) {
    const { homeAddressOffset } = view.cursor;
    if (!view.isUpdate || !view.overIpv4 || homeAddressOffset === NONE) return undefined;
    return `Home Address option ${view.ipv6(homeAddressOffset)}`;
  },
}, {
  id: "ipv4-alternate-care-of",
  severity: "warning",
  section: "RFC 5555 4.2",
  row: "D-059",
  says: "A Binding Update over IPv4 has no Alternate Care-of Address option.",
  check(view) {
    const option = view.option(Option.alternateCareOfAddress);
    if (!view.isUpdate || !view.overIpv4 || option?.octets !== 16) return undefined;
    return `Alternate Care-of Address ${view.ipv6(option.data)}`;
  },
}, {
  id: "ipv4-routing-header",
  severity: "error",
  section: "RFC 5555 4.2",
  row: "D-064",
  says: "A Binding Acknowledgement over IPv4 has no type 2 routing header.",
  check(view) {
    const { routingHomeAddressOffset } = view.cursor;
    if (!view.isAcknowledgement || !view.overIpv4 || routingHomeAddressOffset === NONE) return undefined;
    return `routing header to ${view.ipv6(routingHomeAddressOffset)}`;
  },
}, {
  id: "ipv4-inner-source",
  severity: "error",
  section: "RFC 5555 4.2",
  row: "D-059",
  says:
    "Within IPv4, an update goes from the home address to the home agent, both routable unicast addresses.",
  check(view) {
    if (!view.isHomeUpdate || !view.overIpv4) return undefined;
    const { sourceOffset, destinationOffset } = view.cursor;
    const bad = [sourceOffset, destinationOffset].find((at) => !isRoutableUnicastIpv6(view.ipv6(at)));
    if (bad === undefined) return undefined;
    return `${bad === sourceOffset ? "source" : "destination"} ${view.ipv6(bad)}`;
  },
}, {
  id: "home-address-option-missing",
  severity: "warning",
  section: "RFC 6275 11.7.1",
  row: "M-461",
  says: "A registration from an IPv6 care-of address has the Home Address option.",
  check(view) {
    if (!view.isHomeUpdate || view.carriage !== "ipv6" || view.lifetimeUnits === 0) return undefined;
    if (view.cursor.homeAddressOffset !== NONE || view.cursor.espSpi !== NONE) return undefined;
    return `source ${view.ipv6(view.cursor.sourceOffset)}`;
  },
}, {
  id: "alternate-care-of-missing",
  severity: "error",
  section: "RFC 6275 11.7.1",
  row: "M-463",
  says: "A registration from an IPv6 care-of address has the Alternate Care-of Address option.",
  check(view) {
    if (!view.isHomeUpdate || view.carriage !== "ipv6" || view.lifetimeUnits === 0) return undefined;
    if (view.cursor.homeAddressOffset === NONE) return undefined;
    if (view.option(Option.alternateCareOfAddress) ?? view.option(Option.bindingIdentifier)) return undefined;
    return `source ${view.ipv6(view.cursor.sourceOffset)}`;
  },
}, {
  id: "care-of-not-unicast",
  severity: "error",
  section: "RFC 6275 9.5.1",
  row: "",
  says: "A care-of address is a unicast address.",
  check(view) {
    if (!view.isUpdate) return undefined;
    const ipv4 = view.option(Option.ipv4CareOfAddress);
    if (ipv4?.octets === 6 && !isUnicastIpv4(view.ipv4(ipv4.data + 2))) return view.ipv4(ipv4.data + 2);
    const ipv6 = view.option(Option.alternateCareOfAddress);
    if (ipv6?.octets === 16 && !isRoutableUnicastIpv6(view.ipv6(ipv6.data))) return view.ipv6(ipv6.data);
    return undefined;
  },
}, {
  id: "acknowledge-missing",
  severity: "error",
  section: "RFC 6275 11.7.1",
  row: "M-460",
  says: "An update to a home agent asks for an answer: A is set with H.",
  check(view) {
    const asks = (view.updateFlags & UpdateFlag.acknowledge) !== 0;
    return view.isHomeUpdate && !asks ? "H without A" : undefined;
  },
}, {
  id: "nonce-indices-at-home-agent",
  severity: "error",
  section: "RFC 6275 9.5.1",
  row: "M-226",
  says: "An update with H has no Nonce Indices option.",
  check(view) {
    return view.isHomeUpdate && view.option(Option.nonceIndices) !== undefined ? "H and nonces" : undefined;
  },
}, {
  id: "nonce-indices-missing",
  severity: "error",
  section: "RFC 6275 9.5.1",
  row: "M-221",
  says: "An update without H has the Nonce Indices option.",
  check(view) {
    if (!view.isUpdate || view.isHomeUpdate || view.option(Option.nonceIndices) !== undefined) {
      return undefined;
    }
    return view.option(Option.authorizationData) === undefined ? undefined : "authorization data, no nonces";
  },
}, {
  id: "update-unauthenticated",
  severity: "error",
  section: "RFC 6275 5.1",
  row: "D-082",
  says: "An update is protected by ESP, by an MN-HA authentication option, or by binding authorization data.",
  check(view) {
    return view.isUpdate && !view.authenticated ? "neither ESP nor an option vouches for it" : undefined;
  },
}, {
  id: "identifier-missing",
  severity: "error",
  section: "RFC 4285 4",
  row: "A-001",
  says: "An update with an authentication option says who the mobile node is, by its identifier.",
  check(view) {
    if (!view.isUpdate || view.option(Option.authentication) === undefined) return undefined;
    return view.option(Option.identifier) === undefined ? "no Mobile Node Identifier option" : undefined;
  },
}, {
  id: "force-udp-with-ipv6",
  severity: "warning",
  section: "RFC 5555 3.1.3",
  row: "D-037",
  says: "F is not set in an update from an IPv6 care-of address.",
  check(view) {
    const forced = (view.updateFlags & UpdateFlag.forceUdp) !== 0;
    return view.isHomeUpdate && forced && view.carriage === "ipv6" ? "F over IPv6" : undefined;
  },
}, {
  id: "nat-detection-with-ipv6",
  severity: "warning",
  section: "RFC 5555 3.2.2",
  row: "D-047",
  says: "F is not set in the NAT detection option to an IPv6 care-of address.",
  check(view) {
    const option = view.option(Option.natDetection);
    if (!view.isAcknowledgement || view.carriage !== "ipv6" || option?.octets !== 6) return undefined;
    return (view.cursor.bytes[option.data] & 0x80) !== 0 ? "F over IPv6" : undefined;
  },
}, {
  id: "ipv4-home-prefix-zero",
  severity: "error",
  section: "RFC 5555 3.1.1",
  row: "D-030",
  says: "The prefix length in the IPv4 Home Address option is not 0.",
  check(view) {
    const option = view.options.find(({ type, octets, data }) =>
      type === Option.ipv4HomeAddress && octets === 6 && view.cursor.bytes[data] >> 2 === 0
    );
    return option === undefined ? undefined : `${view.ipv4(option.data + 2)}/0`;
  },
}, {
  id: "ipv4-refusal-with-prefix",
  severity: "error",
  section: "RFC 5555 3.2.1",
  row: "D-039",
  says: "The prefix length in an IPv4 Address Acknowledgement option that refuses is 0.",
  check(view) {
    const { bytes } = view.cursor;
    const option = view.options.find(({ type, octets, data }) =>
      type === Option.ipv4Acknowledgement && octets === 6 && bytes[data] >= FIRST_REFUSAL_STATUS &&
      bytes[data + 1] >> 2 !== 0
    );
    if (option === undefined) return undefined;
    return `status ${bytes[option.data]}, prefix length ${bytes[option.data + 1] >> 2}`;
  },
}, {
  id: "nat-detection-missing",
  severity: "error",
  section: "RFC 5555 4.2",
  row: "D-063",
  says: "An answer in UDP has the NAT detection option.",
  check(view) {
    if (!view.isAcknowledgement || view.carriage !== "ipv4Udp") return undefined;
    return view.option(Option.natDetection) === undefined ? `status ${view.status}` : undefined;
  },
}, {
  id: "answer-source-port",
  severity: "error",
  section: "RFC 5555 2.3.2.2",
  row: "D-023",
  says: "An answer in UDP comes from port 4191.",
  check(view) {
    if (!view.isAcknowledgement || view.carriage !== "ipv4Udp") return undefined;
    const { sourcePort } = outer(view);
    return sourcePort === view.homeAgentPort ? undefined : `source port ${sourcePort}`;
  },
}, {
  id: "refresh-later-than-lifetime",
  severity: "note",
  section: "RFC 5555 4.3",
  row: "D-068",
  says: "The refresh time in the NAT detection option is less than the lifetime granted.",
  check(view) {
    const option = view.option(Option.natDetection);
    if (!view.isAcknowledgement || option?.octets !== 6 || view.lifetimeUnits === 0) return undefined;
    const refresh = view.cursor.uint32(option.data + 2);
    const lifetime = LIFETIME_UNIT_SECONDS * view.lifetimeUnits;
    if (refresh === NO_KEEPALIVE_REFRESH_SECONDS || refresh <= lifetime) return undefined;
    return `refresh time ${refresh} s, lifetime ${lifetime} s`;
  },
}, {
  id: "refresh-advice-too-late",
  severity: "error",
  section: "RFC 6275 6.2.4",
  row: "M-065",
  says: "The interval in a Binding Refresh Advice option is less than the lifetime granted.",
  check(view) {
    const option = view.option(Option.refreshAdvice);
    if (!view.isAcknowledgement || option?.octets !== 2) return undefined;
    const interval = view.cursor.uint16(option.data);
    if (interval < view.lifetimeUnits) return undefined;
    const [advised, granted] = [interval, view.lifetimeUnits].map((units) => LIFETIME_UNIT_SECONDS * units);
    return `interval ${advised} s, lifetime ${granted} s`;
  },
}, {
  id: "several-care-of-with-option-32",
  severity: "error",
  section: "RFC 5648 8.1",
  row: "C-083",
  says: "An update with a Binding Identifier option has no IPv4 Care-of Address option.",
  check(view) {
    if (!view.isUpdate || view.option(Option.bindingIdentifier) === undefined) return undefined;
    return view.option(Option.ipv4CareOfAddress) === undefined ? undefined : "options 35 and 32";
  },
}, {
  id: "binding-identifier-zero",
  severity: "warning",
  section: "RFC 5648 4.3",
  row: "C-013",
  says: "A binding identifier is not 0.",
  check(view) {
    const zero = view.options.some(({ type, octets, data }) =>
      type === Option.bindingIdentifier && octets >= 2 && view.cursor.uint16(data) === 0
    );
    return zero ? "identifier 0" : undefined;
  },
}, {
  id: "authorization-with-expired-nonces",
  severity: "error",
  section: "RFC 6275 9.5.4",
  row: "M-248",
  says: "An answer about expired nonces has no Binding Authorization Data option.",
  check(view) {
    if (!view.isAcknowledgement || view.option(Option.authorizationData) === undefined) return undefined;
    const { status } = view;
    return status >= FIRST_NONCE_STATUS && status <= LAST_NONCE_STATUS ? `status ${status}` : undefined;
  },
}];

function outer({ cursor }: LintView) {
  return cursor.tunnels[cursor.tunnelCount - 1];
}

function hasIpv4Identifier({ options }: LintView): boolean {
  return options.some(({ type, octets }) =>
    type === Option.bindingIdentifier && octets === IDENTIFIER_WITH_IPV4_OCTETS
  );
}
