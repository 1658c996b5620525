import type { Ipv6Address } from "../../wire/address.ts";
import { type Dhcpv6Message, type Dhcpv6RelayMessage, encodeDhcpv6 } from "../../wire/dhcpv6.ts";
import { findDhcpv6Option } from "../../wire/dhcpv6_option.ts";
import { RELAY_HOP_COUNT } from "./constants.ts";

/** The relay agent in the mobile router: a message of its client, for the home agent (RFC 6276 section 3.1.2). */
export function relayForward(message: Dhcpv6Message, homeAddress: Ipv6Address): Dhcpv6RelayMessage {
  return {
    kind: "relayForward",
    hopCount: RELAY_HOP_COUNT,
    linkAddress: homeAddress,
    peerAddress: homeAddress,
    options: [{ kind: "relayMessage", message: encodeDhcpv6(message) }],
  };
}

/** The answer goes back as the request came: RFC 8415 section 19.3. */
export function relayReply(message: Dhcpv6Message, request: Dhcpv6RelayMessage): Dhcpv6RelayMessage {
  const { hopCount, linkAddress, peerAddress } = request;
  const interfaceId = findDhcpv6Option(request.options, "interfaceId");
  return {
    kind: "relayReply",
    hopCount,
    linkAddress,
    peerAddress,
    options: [
      ...(interfaceId === undefined ? [] : [interfaceId]),
      { kind: "relayMessage", message: encodeDhcpv6(message) },
    ],
  };
}
