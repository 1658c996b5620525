import { assertEquals } from "@std/assert";
import type { Forwarder, InboundVerdict } from "../../core/forwarding/forwarder.ts";
import {
  AGENT,
  AGENT_IN_41,
  AGENT_IN_UDP,
  AS_HOME_AGENT,
  AS_MOBILE_NODE,
  assertDelivered,
  assertDropped,
  type ForwardingCase,
  NODE,
  NODE_IN_41,
  NODE_IN_UDP,
  NOW_MS,
  receive41,
  receiveUdp,
} from "./case_tools.ts";
import {
  concat,
  CORRESPONDENT,
  ESP,
  esp,
  extension,
  HOME_ADDRESS,
  HOME_AGENT,
  ipv4,
  ipv6,
  MOBILITY,
  mobilityHeader,
} from "./packets.ts";

const SPI = 0x1000_0001;
const NEW_SPI = 0xffff_ffff;
const FOREIGN_SPI = 0x1000_0002;
const MOBILE_NETWORK = { address: "2001:db8:200::", length: 64 };

/** From the mobile node to its home agent. */
function toAgent(payload: Uint8Array, nextHeader = ESP): Uint8Array {
  return ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT, nextHeader, payload });
}

/** And back. */
function toNode(payload: Uint8Array, source = HOME_AGENT): Uint8Array {
  return ipv6({ source, destination: HOME_ADDRESS, nextHeader: ESP, payload });
}

function assertSignalling(verdict: InboundVerdict, packet: Uint8Array, outer = NODE): void {
  const record = { kind: "signalling", outer, encapsulation: "udp", packet, arrivedMs: NOW_MS } as const;
  assertEquals(verdict, { kind: "signalling", record });
}

function atHomeAgent(name: string, run: (forwarder: Forwarder) => void): ForwardingCase {
  const prepared = (forwarder: Forwarder) => {
    forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
    forwarder.setSpis(new Set([SPI]));
    run(forwarder);
  };
  return { name: `home agent: ${name}`, settings: AS_HOME_AGENT, run: prepared };
}

function atMobileNode(name: string, run: (forwarder: Forwarder) => void): ForwardingCase {
  const prepared = (forwarder: Forwarder) => {
    forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
    forwarder.setSpis(new Set([SPI]));
    run(forwarder);
  };
  return { name: `mobile node: ${name}`, settings: AS_MOBILE_NODE, run: prepared };
}

/** ESP between the mobile node and its home agent goes up with its outer source (RFC 5555 section 5.1); other ESP is traffic. */
export const espCases: readonly ForwardingCase[] = [
  atHomeAgent(
    "RFC 5555 4.2, 5.2.1: ESP with an SPI of ours goes up, whole, with its outer source",
    (forwarder) => {
      const packet = toAgent(esp(SPI));
      assertSignalling(receiveUdp(forwarder, packet), packet);
      // Without a binding, and from anywhere: who it is from, the seal says.
      const source = { address: "192.0.2.77", port: 1024 };
      forwarder.removeBinding(HOME_ADDRESS);
      assertSignalling(receiveUdp(forwarder, packet, { source }), packet, source);
      assertEquals([forwarder.counters().signallingPackets, forwarder.counters().dropped], [2, {}]);
    },
  ),
  atHomeAgent("ESP with another SPI is traffic for the home agent's own host", (forwarder) => {
    const packet = toAgent(esp(FOREIGN_SPI));
    assertDelivered(receiveUdp(forwarder, packet), packet);
    assertEquals(forwarder.counters().signallingPackets, 0);
  }),
  atHomeAgent("ESP with an SPI of ours for a correspondent is traffic", (forwarder) => {
    const packet = ipv6({
      source: HOME_ADDRESS,
      destination: CORRESPONDENT,
      nextHeader: ESP,
      payload: esp(SPI),
    });
    assertDelivered(receiveUdp(forwarder, packet), packet);
  }),
  atHomeAgent(
    "RFC 4303 2.1: SPIs come and go while packets flow; all of their 32 bits count",
    (forwarder) => {
      const old = toAgent(esp(SPI));
      const now = toAgent(esp(NEW_SPI));
      assertDelivered(receiveUdp(forwarder, now), now);
      forwarder.setSpis(new Set([SPI, NEW_SPI]));
      assertSignalling(receiveUdp(forwarder, old), old);
      assertSignalling(receiveUdp(forwarder, now), now);
      forwarder.setSpis(new Set([NEW_SPI]));
      assertDelivered(receiveUdp(forwarder, old), old);
      assertSignalling(receiveUdp(forwarder, now), now);
      for (let bit = 0; bit < 32; bit++) {
        const other = toAgent(esp((NEW_SPI ^ 1 << bit) >>> 0));
        assertDelivered(receiveUdp(forwarder, other), other);
      }
      forwarder.setSpis(new Set());
      assertDelivered(receiveUdp(forwarder, now), now);
    },
  ),
  atHomeAgent("ten thousand SPIs are told from those beside them, and do not bind anybody", (forwarder) => {
    const spis = Array.from({ length: 500 }, (_, index) => 256 + 2 * index);
    for (let round = 0; round < 20; round++) {
      forwarder.setSpis(new Set(spis.map((spi) => spi + 1000 * round)));
    }
    for (const spi of [256, 10_000, 19_254]) {
      const packet = toAgent(esp(spi));
      assertDelivered(receiveUdp(forwarder, packet), packet);
    }
    for (const spi of [19_256, 19_258, 20_254]) {
      const packet = toAgent(esp(spi));
      assertSignalling(receiveUdp(forwarder, packet), packet);
      const next = toAgent(esp(spi + 1));
      assertDelivered(receiveUdp(forwarder, next), next);
    }
    assertDropped(forwarder, receiveUdp(forwarder, ipv6({ source: "ff00::4b38" })), "sourceNotUnicast");
  }),
  atHomeAgent(
    "ESP behind extension headers goes up; one that ends before its SPI does is traffic",
    (forwarder) => {
      const options = toAgent(extension(ESP, 24, esp(SPI)), 60);
      assertSignalling(receiveUdp(forwarder, options), options);
      const two = toAgent(extension(60, 8, extension(ESP, 16, esp(SPI))), 0);
      assertSignalling(receiveUdp(forwarder, two), two);
      const shortest = toAgent(esp(SPI).subarray(0, 4));
      assertSignalling(receiveUdp(forwarder, shortest), shortest);
      for (let octets = 0; octets < 4; octets++) {
        // What lies behind the packet in the datagram does not count.
        const packet = toAgent(esp(SPI).subarray(0, octets));
        assertDelivered(receiveUdp(forwarder, concat(packet, esp(SPI))), packet);
      }
      const cut = toAgent(extension(ESP, 24, esp(SPI)).subarray(0, 16), 60);
      assertDropped(forwarder, receiveUdp(forwarder, cut), "extensionHeadersMalformed");
    },
  ),
  atHomeAgent(
    "RFC 6276 4: ESP that did not come in UDP is traffic for the own host, of any SPI, from who is bound alone",
    (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_41, 1480);
      for (const packet of [toAgent(esp(FOREIGN_SPI)), toAgent(esp(SPI))]) {
        assertDelivered(receive41(forwarder, ipv4({ payload: packet })), packet);
      }
      assertEquals(forwarder.counters().signallingPackets, 0);
      forwarder.removeBinding(HOME_ADDRESS);
      const unbound = receive41(forwarder, ipv4({ payload: toAgent(esp(SPI)) }));
      assertEquals(unbound.kind === "drop" && unbound.reason, "sourceNotBound");
    },
  ),
  atHomeAgent("RFC 5555 4.1 D-055: ESP right behind UDP is for port 4500, not taken here", (forwarder) => {
    assertDropped(forwarder, receiveUdp(forwarder, esp(SPI)), "unknownVersion");
  }),
  atHomeAgent("ESP that is longer than any signalling is dropped", (forwarder) => {
    assertDropped(forwarder, receiveUdp(forwarder, toAgent(esp(SPI, 4000))), "signallingTooLong");
  }),
  atHomeAgent("RFC 3963 3: ESP of a node behind a mobile router is traffic of that network", (forwarder) => {
    forwarder.setBinding(MOBILE_NETWORK, NODE_IN_UDP, 1472);
    const packet = ipv6({
      source: "2001:db8:200::7",
      destination: HOME_AGENT,
      nextHeader: 60,
      payload: extension(ESP, 24, esp(SPI)),
    });
    assertDelivered(receiveUdp(forwarder, packet), packet);
  }),
  atHomeAgent(
    "ESP of ours, foreign ESP, mobility headers and data in one read each go their way",
    (forwarder) => {
      const ours = toAgent(esp(SPI, 40));
      const foreign = toAgent(esp(FOREIGN_SPI, 40));
      const update = toAgent(mobilityHeader(48), MOBILITY);
      const data = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT, payload: new Uint8Array(48) });
      const packets = [data, ours, data, foreign, update, ours, data];
      const datagramOctets = 88;
      for (const packet of packets) assertEquals(packet.length, datagramOctets);
      const verdicts = forwarder.inbound(
        "udp",
        [{ bytes: concat(...packets), datagramOctets, source: NODE, typeOfService: 0 }],
        NOW_MS,
      );
      assertEquals(
        verdicts.map((verdict) => verdict.kind),
        ["deliver", "signalling", "deliver", "deliver", "signalling", "signalling", "deliver"],
      );
      const gone = verdicts.map((each) => each.kind === "deliver" ? each.bytes : each.record?.packet);
      assertEquals(gone, packets);
    },
  ),
  atMobileNode(
    "RFC 5555 5.2.2: ESP from the home agent to the home address goes up, before the tunnel is there, too",
    (forwarder) => {
      const packet = toNode(esp(SPI));
      assertSignalling(receiveUdp(forwarder, packet, { source: AGENT }), packet, AGENT);
      forwarder.removeBinding(HOME_ADDRESS);
      assertSignalling(receiveUdp(forwarder, packet, { source: AGENT }), packet, AGENT);
      assertDropped(forwarder, receiveUdp(forwarder, packet, { source: NODE }), "notFromHomeAgent");
    },
  ),
  atMobileNode(
    "ESP with a correspondent is traffic, whatever its SPI; with another SPI from the home agent, too",
    (forwarder) => {
      for (const packet of [toNode(esp(SPI), CORRESPONDENT), toNode(esp(FOREIGN_SPI))]) {
        assertDelivered(receiveUdp(forwarder, packet, { source: AGENT }), packet);
      }
      assertEquals(forwarder.counters().signallingPackets, 0);
    },
  ),
  atMobileNode(
    "RFC 6276 4: ESP that did not come in UDP is traffic for the own host, of any SPI",
    (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_41, 1480);
      const packet = toNode(esp(SPI));
      const outer = ipv4({ source: AGENT.address, destination: NODE.address, payload: packet });
      assertDelivered(receive41(forwarder, outer), packet);
    },
  ),
];
