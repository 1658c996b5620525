import { assertEquals } from "@std/assert";
import {
  AGENT,
  AGENT_IN_UDP,
  AS_HOME_AGENT,
  AS_MOBILE_NODE,
  assertDelivered,
  assertDropped,
  assertSent,
  type ForwardingCase,
  NODE,
  NODE_IN_UDP,
  receiveUdp,
  send,
} from "./case_tools.ts";
import { CORRESPONDENT, HOME_ADDRESS, ipv6 } from "./packets.ts";

const PREFIX = { address: "2001:db8:200::", length: 56 };
const INSIDE = "2001:db8:200:ff::9";
const OUTSIDE = "2001:db8:200:100::9";
const to = (destination: string) => ipv6({ source: CORRESPONDENT, destination });
const from = (source: string) => ipv6({ source, destination: CORRESPONDENT });

/** A mobile router's network behind its home address (RFC 3963). */
export const mobileNetworkCases: readonly ForwardingCase[] = [
  {
    name:
      "RFC 3963 6.4 N-045, 6.5 N-046: home agent: packets for the mobile network go to its router, both ways",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      forwarder.setBinding(PREFIX, NODE_IN_UDP, 1472);
      assertSent(send(forwarder, to(INSIDE)), { encapsulation: "udp", ...NODE, datagrams: [to(INSIDE)] });
      assertDelivered(receiveUdp(forwarder, from(INSIDE)), from(INSIDE));
      assertDropped(forwarder, send(forwarder, to(OUTSIDE)), "noBinding");
    },
  },
  {
    name:
      "RFC 3963 6.4 N-045: home agent: a source in the mobile network, from elsewhere than its router, is dropped",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(PREFIX, NODE_IN_UDP, 1472);
      const verdict = receiveUdp(forwarder, from(INSIDE), { source: { ...NODE, port: 1 } });
      assertEquals(verdict.kind === "drop" && verdict.reason, "sourceNotBound");
    },
  },
  {
    name: "RFC 3963 5.5: mobile router: its network goes through the tunnel of the home address, both ways",
    settings: { ...AS_MOBILE_NODE, mobileNetworkPrefixes: [PREFIX] },
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      assertSent(send(forwarder, from(INSIDE)), {
        encapsulation: "udp",
        ...AGENT,
        datagrams: [from(INSIDE)],
      });
      assertDelivered(receiveUdp(forwarder, to(INSIDE), { source: AGENT }), to(INSIDE));
      assertDropped(forwarder, send(forwarder, from(OUTSIDE)), "sourceNotHomeAddress");
    },
  },
];
