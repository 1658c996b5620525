import { assertEquals } from "@std/assert";
import { packetTooBig } from "../../core/forwarding/packet_too_big.ts";
import { ipv6Octets } from "../../core/wire/address.ts";
import { encodeIcmpv6Message } from "../../core/wire/icmpv6.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { MobilitySocket } from "../../ffi/mobility_socket.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import { counting, ipv6, MOBILITY } from "../forwarding/packets.ts";
import { testInsideNamespace, TestNamespace, until } from "./in_namespace.ts";

const NEAR = "2001:db8:5::1";
const FAR = "2001:db8:5::9";
const BUFFER_OCTETS = 1 << 20;
const ICMPV6 = 58;
const LINK_MTU = 1500;
const FORGED_MTU = 1280;

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
