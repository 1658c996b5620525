import { assertEquals } from "@std/assert";
import { fragmentationNeeded, packetTooBig } from "../../core/forwarding/packet_too_big.ts";
import { ipv6Octets } from "../../core/wire/address.ts";
import { encodeIcmpv4Message } from "../../core/wire/icmpv4.ts";
import { encodeIcmpv6Message } from "../../core/wire/icmpv6.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { MobilitySocket } from "../../ffi/mobility_socket.ts";
import { NetworkLayerSocket } from "../../ffi/network_layer_socket.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import { openRawSocket, openUdpSocket, sendTo } from "../../ffi/socket.ts";
import { counting, ipv4, ipv6, MOBILITY } from "../forwarding/packets.ts";
import { testInsideNamespace, TestNamespace, until } from "./in_namespace.ts";

const NEAR = "2001:db8:5::1";
const FAR = "2001:db8:5::9";
const BUFFER_OCTETS = 1 << 20;
const NEAR_IPV4 = "198.18.5.1";
const FAR_IPV4 = "198.18.5.9";
const ETH_P_IP = 0x0800;
const ICMP = 1;
const ICMPV6 = 58;
const LINK_MTU = 1500;
const FORGED_MTU = 1280;
const FORGED_IPV4_MTU = 800;

testInsideNamespace(
  "a forged Packet Too Big, which the kernel believes, makes nothing smaller that a raw socket sends",
  async (namespace) => {
    const neighbor = new TestNamespace();
    try {
      namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy", "netns", neighbor.name);
      for (const [place, device, address] of [[namespace, "vx", NEAR], [neighbor, "vy", FAR]] as const) {
        place.ip("link", "set", device, "up");
        place.ip("addr", "add", `${address}/64`, "dev", device, "nodad");
      }
      using receiver = neighbor.enter(() =>
        new MobilitySocket({ address: FAR, receiveBufferOctets: BUFFER_OCTETS })
      );
      const options = { protocol: IPPROTO_RAW, bufferOctets: BUFFER_OCTETS };
      const sender = openRaw6Socket({ ...options, address: NEAR, device: "vx" });
      const send = async () => {
        const payload = counting(LINK_MTU - 40);
        const packet = ipv6({ source: NEAR, destination: FAR, nextHeader: MOBILITY, payload });
        assertEquals(sendRaw6(sender, packet, FAR), undefined);
        let received: Uint8Array | undefined;
        await until("the packet", () => (received = receiver.receive()?.payload) !== undefined);
        assertEquals([...received!], [...packet], "whole");
      };
      await send();

      const pathMtu = () => namespace.ipJson("-6", "route", "get", FAR)[0].metrics?.[0]?.mtu;
      assertEquals(pathMtu(), undefined);
      neighbor.enter(() => {
        const forger = openRaw6Socket({ ...options, address: FAR });
        assertEquals(
          sendRaw6(forger, packetTooBig(echoRequest(), ipv6Octets(FAR), FORGED_MTU), NEAR),
          undefined,
        );
        closeFileDescriptor(forger);
      });
      await until("the kernel's belief", () => pathMtu() === FORGED_MTU);
      await send();
      closeFileDescriptor(sender);
    } finally {
      neighbor.remove();
    }
  },
);

/** That nobody has sent: of an echo request the kernel does not ask whose it was. */
function echoRequest(): Uint8Array {
  const addresses = { source: NEAR, destination: FAR };
  const payload = encodeIcmpv6Message(
    { kind: "echoRequest", identifier: 1, sequenceNumber: 1, data: counting(1400) },
    addresses,
  );
  return ipv6({ ...addresses, nextHeader: ICMPV6, payload });
}

testInsideNamespace(
  "a forged ICMP fragmentation needed, which the kernel believes, makes nothing smaller that goes over IPv4",
  async (namespace) => {
    const neighbor = new TestNamespace();
    try {
      namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy", "netns", neighbor.name);
      for (
        const [place, device, address] of [[namespace, "vx", NEAR_IPV4], [neighbor, "vy", FAR_IPV4]] as const
      ) {
        place.ip("link", "set", device, "up");
        place.ip("addr", "add", `${address}/24`, "dev", device);
      }
      const { ifindex } = neighbor.ipJson("link", "show", "vy")[0];
      using wire = neighbor.enter(() =>
        new NetworkLayerSocket({
          etherType: ETH_P_IP,
          interfaceIndex: ifindex,
          receiveBufferOctets: BUFFER_OCTETS,
          attachFilter: () => {},
        })
      );
      const receiveBufferOctets = BUFFER_OCTETS;
      const udp = openUdpSocket({ address: NEAR_IPV4, port: 4191, device: "vx", receiveBufferOctets });
      const raw = openRawSocket({ protocol: 41, address: NEAR_IPV4, device: "vx", receiveBufferOctets });
      const send = async () => {
        const datagram = counting(LINK_MTU - 28);
        const packet = ipv4({
          source: NEAR_IPV4,
          destination: FAR_IPV4,
          protocol: 41,
          payload: counting(LINK_MTU - 20),
        });
        assertEquals(sendTo(udp.fileDescriptor, datagram, FAR_IPV4, 4191), undefined);
        assertEquals(sendTo(raw.fileDescriptor, packet, FAR_IPV4, 0), undefined);
        const lengths: number[] = [];
        await until("both packets", () => {
          for (let frame; (frame = wire.receive()) !== undefined;) {
            if (frame.payload[9] !== ICMP) lengths.push(frame.payload.length);
          }
          return lengths.length >= 2;
        });
        assertEquals(lengths, [LINK_MTU, LINK_MTU], "whole");
      };
      await send();
      const pathMtu = () => namespace.ipJson("-4", "route", "get", FAR_IPV4)[0].metrics?.[0]?.mtu;
      assertEquals(pathMtu(), undefined);
      neighbor.enter(() => {
        const forger = openRawSocket({ protocol: 255, address: FAR_IPV4, receiveBufferOctets });
        const source = new Uint8Array([198, 18, 5, 9]);
        const error = fragmentationNeeded(ipv4EchoReply(), source, FORGED_IPV4_MTU);
        assertEquals(sendTo(forger.fileDescriptor, error, NEAR_IPV4, 0), undefined);
        closeFileDescriptor(forger.fileDescriptor);
      });
      await until("the kernel's belief", () => pathMtu() === FORGED_IPV4_MTU);
      await send();
      for (const { fileDescriptor } of [udp, raw]) closeFileDescriptor(fileDescriptor);
    } finally {
      neighbor.remove();
    }
  },
);

/** The same with a reply: of a request the kernel does ask. */
function ipv4EchoReply(): Uint8Array {
  const message = { kind: "echoReply", identifier: 1, sequenceNumber: 1, data: counting(1400) } as const;
  const payload = encodeIcmpv4Message(message);
  return ipv4({ source: NEAR_IPV4, destination: FAR_IPV4, protocol: ICMP, payload });
}
