import {
  decodeDhcpv6,
  type Dhcpv6Message,
  Dhcpv6MessageType,
  type Dhcpv6RelayMessage,
} from "../../wire/dhcpv6.ts";
import { type Ipv6Address, type Ipv6Prefix, parseIpv6Prefix, UNSPECIFIED_IPV6 } from "../../wire/address.ts";
import {
  type Dhcpv6Option,
  type Dhcpv6StatusCode,
  type Duid,
  findDhcpv6Option,
  type IaPd,
} from "../../wire/dhcpv6_option.ts";
import { equalOctets } from "../../wire/octets.ts";
import { describeWireError } from "../../wire/result.ts";
import type { DelegationWay } from "./way.ts";

/** In one message; our own limit, so that the answer is no longer than a packet. */
const MAXIMUM_ASSOCIATIONS_ASKED = 16;

/** A client's message that may be answered. */
export interface ClientRequest {
  readonly message: Dhcpv6Message;
  readonly duid: Duid;
  readonly associations: readonly IaPd[];
  /** What it came in; the answer goes back in the same. */
  readonly relay: Dhcpv6RelayMessage | undefined;
}

/** The request, or why there is none (RFC 8415 section 16; RFC 6276 section 3.1.2). */
export function readRequest(
  { way, source, datagram }: {
    readonly way: DelegationWay;
    readonly source: Ipv6Address;
    readonly datagram: Uint8Array;
  },
  serverDuid: Duid,
): ClientRequest | string {
  const outer = decodeDhcpv6(datagram);
  if (!outer.ok) return describeWireError(outer.error);
  if (way === "homeLink") {
    return outer.value.kind === "message"
      ? valid(outer.value, undefined, serverDuid)
      : "a relay agent at home";
  }
  const relay = outer.value;
  if (relay.kind !== "relayForward") return "not from a relay agent";
  if (relay.linkAddress !== source || relay.peerAddress !== source) return "relayed for another node";
  const carried = findDhcpv6Option(relay.options, "relayMessage");
  if (carried === undefined) return "no message in it";
  const inner = decodeDhcpv6(carried.message);
  if (!inner.ok) return describeWireError(inner.error);
  return inner.value.kind === "message" ? valid(inner.value, relay, serverDuid) : "relayed twice";
}

function valid(
  message: Dhcpv6Message,
  relay: Dhcpv6RelayMessage | undefined,
  serverDuid: Duid,
): ClientRequest | string {
  const { type, options } = message;
  const client = findDhcpv6Option(options, "clientIdentifier");
  if (client === undefined) return "no client identifier";
  const server = findDhcpv6Option(options, "serverIdentifier");
  switch (type) {
    case Dhcpv6MessageType.solicit:
    case Dhcpv6MessageType.rebind:
      if (server !== undefined) return "it names a server";
      break;
    case Dhcpv6MessageType.request:
    case Dhcpv6MessageType.renew:
    case Dhcpv6MessageType.release:
      if (server === undefined || !equalOctets(server.duid, serverDuid)) return "not for this server";
      break;
    default:
      return `message type ${type} is not served`;
  }
  const associations = options.filter((option): option is IaPd => option.kind === "iaPd");
  if (associations.length === 0) return "no IA_PD in it";
  if (associations.length > MAXIMUM_ASSOCIATIONS_ASKED) return "too many IA_PDs in it";
  if (new Set(associations.map(({ iaid }) => iaid)).size < associations.length) return "an IAID twice in it";
  return { message, duid: client.duid, associations, relay };
}

/** The prefixes that a client names; a length alone is none (RFC 8415 section 21.22). */
export function namedPrefixes({ options }: IaPd): Ipv6Prefix[] {
  return options.flatMap((option) => {
    if (option.kind !== "iaPrefix" || option.prefix === UNSPECIFIED_IPV6) return [];
    return parseIpv6Prefix(`${option.prefix}/${option.prefixLength}`) ?? [];
  });
}

export function answerTo(
  { message, duid }: ClientRequest,
  type: number,
  serverDuid: Duid,
  ...options: readonly Dhcpv6Option[]
): Dhcpv6Message {
  const identifiers: Dhcpv6Option[] = [
    { kind: "clientIdentifier", duid },
    { kind: "serverIdentifier", duid: serverDuid },
  ];
  const { transactionId } = message;
  return { kind: "message", type, transactionId, options: [...identifiers, ...options] };
}

/** With the same number, and times of 0, as they are where nothing is granted. */
export function emptyAssociation({ iaid }: IaPd, ...options: IaPd["options"]): IaPd {
  return { kind: "iaPd", iaid, renewSeconds: 0, rebindSeconds: 0, options };
}

export function status(code: number, text: string): Dhcpv6StatusCode {
  return { kind: "statusCode", status: code, text };
}
