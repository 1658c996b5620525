import { assertEquals } from "@std/assert";
import { Ipv6Signalling } from "../../cli/daemon/ipv6_signalling.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { MobilitySocket } from "../../ffi/mobility_socket.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInsideNamespace, TestNamespace, until } from "../ffi/in_namespace.ts";
import { ESP, esp, ipv6, MOBILITY, mobilityHeader } from "../forwarding/packets.ts";
import { RecordingLog } from "./recording_log.ts";

const HOME_AGENT = "2001:db8:100::1";
const HOME_ADDRESS = "2001:db8:100::100";
const BUFFER_OCTETS = 1 << 16;

testInsideNamespace(
  "RFC 6275 10.3.2 M-302: an answer for the home address reaches a mobile node at home while its binding stands",
  async (namespace) => {
    const neighbor = new TestNamespace();
    const tun = openTun({ name: "tunha" });
    try {
      namespace.ip("link", "add", "home", "type", "veth", "peer", "name", "eg0", "netns", neighbor.name);
      for (
        const [place, device, address] of [
          [namespace, "home", HOME_AGENT],
          [neighbor, "eg0", HOME_ADDRESS],
        ] as const
      ) {
        place.ip("link", "set", device, "up");
        place.ip("addr", "add", `${address}/64`, "dev", device, "nodad");
      }
      // The binding's, and what defends the home address.
      namespace.ip("link", "set", "tunha", "up");
      namespace.ip("-6", "route", "add", `${HOME_ADDRESS}/128`, "dev", "tunha", "metric", "20");
      namespace.ip("-6", "neigh", "add", "proxy", HOME_ADDRESS, "dev", "home");
      const spi = 0x1000_0001;
      using node = neighbor.enter(() =>
        new MobilitySocket({ address: HOME_ADDRESS, receiveBufferOctets: BUFFER_OCTETS })
      );
      node.setSpis(new Set([spi]));
      const log = new RecordingLog();
      await using signalling = new Ipv6Signalling({
        address: HOME_AGENT,
        homeLink: { interfaceName: "home", prefix: { address: "2001:db8:100::", length: 64 } },
        bufferOctets: BUFFER_OCTETS,
        log,
        onPacket: () => {},
        onDiscovery: () => {},
      });
      for (const [nextHeader, payload] of [[MOBILITY, mobilityHeader()], [ESP, esp(spi)]] as const) {
        const packet = ipv6({ source: HOME_AGENT, destination: HOME_ADDRESS, nextHeader, payload });
        signalling.send({ kind: "sendPacket", source: HOME_AGENT, packet });
        let received: Uint8Array | undefined;
        await until("the answer", () => (received = node.receive()?.payload) !== undefined);
        assertEquals([...received!], [...packet]);
      }
    } finally {
      closeFileDescriptor(tun.fileDescriptor);
      neighbor.remove();
    }
  },
);
