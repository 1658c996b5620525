import { assertEquals } from "@std/assert";
import { TunnelErrors } from "../../cli/daemon/tunnel_errors.ts";
import { encodeIcmpv6Message } from "../../core/wire/icmpv6.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
import { testInsideNamespace, TestNamespace, until } from "../ffi/in_namespace.ts";
import { counting, ipv6 } from "../forwarding/packets.ts";
import { RecordingLog } from "./recording_log.ts";

const HOME_AGENT = "2001:db8:5::1";
const CARE_OF = "2001:db8:5::9";
const HOME_ADDRESS = "2001:db8:100::100";
const CORRESPONDENT = "2001:db8:ffff::9";
const ICMPV6 = 58;

testInsideNamespace(
  "RFC 6275 9.3.4 M-209: an error from the tunnel comes to the home agent's daemon, which tells the correspondent",
  async (namespace) => {
    const neighbor = new TestNamespace();
    try {
      namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy", "netns", neighbor.name);
      for (
        const [place, device, address] of [[namespace, "vx", HOME_AGENT], [neighbor, "vy", CARE_OF]] as const
      ) {
        place.ip("link", "set", device, "up");
        place.ip("addr", "add", `${address}/64`, "dev", device, "nodad");
      }
      const sent: Uint8Array[] = [];
      const learnt: number[] = [];
      await using _errors = new TunnelErrors({
        address: HOME_AGENT,
        tunnelMtus: {
          isFor: (careOfAddress, inner) => careOfAddress === CARE_OF && inner === HOME_ADDRESS,
          learn: ({ mtu }) => void learnt.push(mtu),
        },
        send: (packet) => void sent.push(packet),
        log: new RecordingLog(),
      });
      const original = ipv6({ source: CORRESPONDENT, destination: HOME_ADDRESS, payload: counting(1400) });
      const ends = { source: CARE_OF, destination: HOME_AGENT };
      const invokingPacket = ipv6({
        source: HOME_AGENT,
        destination: CARE_OF,
        nextHeader: 41,
        payload: original,
      }).subarray(0, 1232);
      const error = { kind: "packetTooBig", code: 0, mtu: 1400, invokingPacket } as const;
      const send = (payload: Uint8Array) =>
        neighbor.enter(() => {
          const socket = openRaw6Socket({ protocol: IPPROTO_RAW, address: CARE_OF, bufferOctets: 1 << 16 });
          assertEquals(
            sendRaw6(socket, ipv6({ ...ends, nextHeader: ICMPV6, payload }), HOME_AGENT),
            undefined,
          );
          closeFileDescriptor(socket);
        });
      const wrong = encodeIcmpv6Message(error, ends);
      wrong[2] ^= 1;
      send(wrong);
      send(
        encodeIcmpv6Message({ kind: "echoRequest", identifier: 1, sequenceNumber: 1, data: original }, ends),
      );
      send(encodeIcmpv6Message(error, ends));
      await until("the error", () => sent.length > 0);
      assertEquals(learnt, [1400]);
      assertEquals(sent.length, 1, "neither a wrong checksum nor an echo request");
      assertEquals([...sent[0].subarray(40, 42), ...sent[0].subarray(44, 48)], [2, 0, 0, 0, 5, 0x50]);
    } finally {
      neighbor.remove();
    }
  },
);
