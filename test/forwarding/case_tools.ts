import { assert, assertEquals } from "@std/assert";
import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { Encapsulation, TunnelEnd } from "../../core/control/tunnel.ts";
import type { DropReasonName } from "../../core/forwarding/counters.ts";
import type {
  Forwarder,
  ForwarderSettings,
  HomeAgentForwarding,
  InboundVerdict,
  MobileNodeForwarding,
  OutboundVerdict,
} from "../../core/forwarding/forwarder.ts";
import type { TunHeader } from "../../core/forwarding/tun_header.ts";
import {
  CARE_OF_ADDRESS,
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_V4,
  HOME_IPV4_ADDRESS,
  IPV6_CARE_OF_ADDRESS,
} from "./packets.ts";

/** What every forwarder has to do. The name begins with the source of the rule, where there is one. */
export interface ForwardingCase {
  readonly name: string;
  readonly settings: ForwarderSettings;
  readonly run: (forwarder: Forwarder) => void;
}

export const AS_HOME_AGENT: HomeAgentForwarding = {
  role: "homeAgent",
  homeAgentAddress: HOME_AGENT,
  homeAgentIpv4Address: HOME_AGENT_V4,
};
export const AS_MOBILE_NODE: MobileNodeForwarding = {
  role: "mobileNode",
  homeAddress: HOME_ADDRESS,
  homeAgentAddress: HOME_AGENT,
  homeAgentIpv4Address: HOME_AGENT_V4,
};

/** The mobile node's, given to it while it runs. */
export const IPV4_HOME: Ipv4HomeAddress = { address: HOME_IPV4_ADDRESS, prefixLength: 32 };

/** Where the mobile node's datagrams come from. */
export const NODE = { address: CARE_OF_ADDRESS, port: 40_000 };
export const NODE_IN_UDP: TunnelEnd = { encapsulation: "udp", ...NODE };
export const NODE_IN_41: TunnelEnd = { encapsulation: "ipv6InIpv4", address: CARE_OF_ADDRESS, port: 0 };
export const NODE_IN_IPV6: TunnelEnd = {
  encapsulation: "ipv6InIpv6",
  address: IPV6_CARE_OF_ADDRESS,
  port: 0,
};
/** Where the home agent's datagrams come from. */
export const AGENT = { address: HOME_AGENT_V4, port: 4191 };
export const AGENT_IN_UDP: TunnelEnd = { encapsulation: "udp", ...AGENT };
export const AGENT_IN_41: TunnelEnd = { encapsulation: "ipv6InIpv4", address: HOME_AGENT_V4, port: 0 };
export const AGENT_IN_IPV6: TunnelEnd = { encapsulation: "ipv6InIpv6", address: HOME_AGENT, port: 0 };

/** An instant for cases in which time does not matter. */
export const NOW_MS = 1_000_000;

export function send(
  forwarder: Forwarder,
  packet: Uint8Array,
  { header, nowMs = NOW_MS }: { readonly header?: TunHeader; readonly nowMs?: number } = {},
): OutboundVerdict {
  return forwarder.outbound([{ bytes: packet, header }], nowMs)[0];
}

export function receiveUdp(
  forwarder: Forwarder,
  packet: Uint8Array,
  { source = NODE, typeOfService = 0, nowMs = NOW_MS } = {},
): InboundVerdict {
  return forwarder.inbound("udp", [{ bytes: packet, source, typeOfService }], nowMs)[0];
}

/** `packet` is the whole IPv4 packet. */
export function receive41(forwarder: Forwarder, packet: Uint8Array, nowMs = NOW_MS): InboundVerdict {
  const source = { address: "0.0.0.0", port: 0 };
  return forwarder.inbound("ipv6InIpv4", [{ bytes: packet, source, typeOfService: 0 }], nowMs)[0];
}

/** `packet` is what follows the outer IPv6 header; it comes by the socket for its version. */
export function receiveIpv6(
  forwarder: Forwarder,
  packet: Uint8Array,
  { source = IPV6_CARE_OF_ADDRESS, typeOfService = 0, innerVersion = versionOf(packet), nowMs = NOW_MS } = {},
): InboundVerdict {
  const datagram = { bytes: packet, source: { address: source, port: 0 }, typeOfService, innerVersion };
  return forwarder.inbound("ipv6InIpv6", [datagram], nowMs)[0];
}

function versionOf(packet: Uint8Array): 4 | 6 {
  return packet[0] >> 4 === 4 ? 4 : 6;
}

/** A drop at the home agent, because nobody has the source, that control is told of. */
export function assertTold(verdict: InboundVerdict, packet: Uint8Array): void {
  assertEquals(verdict.kind === "drop" ? verdict.reason : verdict.kind, "sourceNotBound");
  const told = verdict.kind === "drop" ? verdict.record : undefined;
  assertEquals([told?.kind, told?.packet], ["unboundTraffic", packet]);
}

/** A drop for this reason that nobody is told of, and that is counted once. */
export function assertDropped(
  forwarder: Forwarder,
  verdict: InboundVerdict | OutboundVerdict,
  reason: DropReasonName,
): void {
  assertEquals(verdict.kind === "drop" ? verdict.reason : verdict.kind, reason);
  if ("answer" in verdict) assertEquals(verdict.answer, undefined);
  if ("record" in verdict) assertEquals(verdict.record, undefined);
  assertEquals(forwarder.counters().dropped, { [reason]: 1 });
}

export function assertSent(
  verdict: OutboundVerdict,
  expected: {
    readonly encapsulation: Encapsulation;
    readonly address: string;
    readonly port: number;
    readonly typeOfService?: number;
    readonly datagrams: readonly Uint8Array[];
  },
): void {
  assertEquals(verdict, { kind: "send", typeOfService: 0, ...expected });
}

export function assertDelivered(verdict: InboundVerdict, bytes: Uint8Array): void {
  assertEquals(verdict, { kind: "deliver", bytes });
}

/** The answer's bytes of a packet that was refused with one. */
export function answerOf(verdict: OutboundVerdict): Uint8Array {
  assertEquals(verdict.kind === "drop" ? verdict.reason : verdict.kind, "packetTooBig");
  const answer = verdict.kind === "drop" ? verdict.answer : undefined;
  assert(answer !== undefined, "no Packet Too Big");
  return answer as Uint8Array;
}
