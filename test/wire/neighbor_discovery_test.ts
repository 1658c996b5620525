import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import { ipv6UpperLayerChecksum } from "../../core/wire/checksum.ts";
import {
  decodeNeighborDiscoveryPacket,
  encodeNeighborDiscoveryPacket,
  multicastHardwareAddress,
  type NeighborDiscoveryPacket,
  solicitedNodeAddress,
} from "../../core/wire/neighbor_discovery.ts";
import { hasTshark, tsharkFields } from "../inspect/tshark.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { neighborDiscoveryPackets } from "./neighbor_discovery_arbitraries.ts";
import { hexOf, octetsOf } from "./octets.ts";
import { concatenate } from "./packets.ts";

const TARGET = "fe80::1:2345:6789";
const solicitation: NeighborDiscoveryPacket = {
  source: "fe80::1",
  destination: TARGET,
  message: { kind: "neighborSolicitation", target: TARGET, options: [] },
};

/** The octets with some of them written over from `at` on, checksum made right again. */
function changed(packet: Uint8Array, at: number, hex: string): Uint8Array {
  const bytes = packet.slice();
  bytes.set(octetsOf(hex), at);
  bytes.fill(0, 42, 44);
  const checksum = ipv6UpperLayerChecksum({
    source: bytes.subarray(8, 24),
    destination: bytes.subarray(24, 40),
    nextHeader: 58,
    bytes,
    start: 40,
    end: bytes.length,
  });
  bytes.set([checksum >> 8, checksum & 0xff], 42);
  return bytes;
}

Deno.test("whatever is encoded says the same when it is decoded, with padding of the link after it", () => {
  fc.assert(
    fc.property(neighborDiscoveryPackets, fc.nat(12), (packet, padding) => {
      const bytes = concatenate(encodeNeighborDiscoveryPacket(packet), new Uint8Array(padding));
      assertEquals(valueOf(decodeNeighborDiscoveryPacket(bytes)), packet);
    }),
    { numRuns: 500, seed: 4861 },
  );
});

Deno.test("RFC 4861 7.1.1 6.1.1 6.1.2: what has to be dropped is a fault", () => {
  const bytes = encodeNeighborDiscoveryPacket(solicitation);
  const anonymous = { ...solicitation, source: "::", destination: solicitedNodeAddress(TARGET) };
  const hardwareAddress = octetsOf("020000000001");
  const named = { kind: "sourceLinkLayerAddress", hardwareAddress } as const;
  const advertisement = {
    ...solicitation,
    message: {
      kind: "neighborAdvertisement",
      router: true,
      solicited: true,
      override: false,
      target: TARGET,
      options: [named],
    },
  } as const;
  const encode = (packet: NeighborDiscoveryPacket) => encodeNeighborDiscoveryPacket(packet);
  const optionAt = 64;
  const table: readonly [what: string, bytes: Uint8Array, fault: string][] = [
    ["hop limit", changed(bytes, 7, "fe"), "hop limit at offset 7: is 254, not 255"],
    ["next header", changed(bytes, 6, "3b"), "next header at offset 6: is 59, not ICMPv6"],
    [
      "checksum",
      concatenate(bytes.subarray(0, 63), new Uint8Array([0xee])),
      "ICMPv6 checksum at offset 42: is wrong",
    ],
    ["code", changed(bytes, 41, "01"), "ICMPv6 code at offset 41: is 1, not 0"],
    [
      "redirect",
      changed(bytes, 40, "89"),
      "ICMPv6 type at offset 40: is 137: no solicitation or advertisement",
    ],
    ["multicast target", changed(bytes, 48, "ff02"), "target at offset 48: is multicast"],
    [
      "option length 0",
      changed(encode(advertisement), optionAt + 1, "00"),
      "neighbor discovery option length at offset 65: is 0",
    ],
    [
      "option past the end",
      changed(encode(advertisement), optionAt + 1, "02"),
      "neighbor discovery option length at offset 65: goes past the end of the packet",
    ],
    [
      "solicited multicast",
      encode({ ...advertisement, destination: "ff02::1" }),
      "solicited flag at offset 44: is set in a multicast",
    ],
    [
      "duplicate address detection of another group",
      encode({ ...anonymous, destination: "ff02::1" }),
      "destination at offset 24: is not the solicited-node address of the target, with source ::",
    ],
    [
      "duplicate address detection with a hardware address",
      encode({ ...anonymous, message: { ...solicitation.message, options: [named] } }),
      "source link-layer address at offset 64: comes from ::",
    ],
    [
      "router solicitation from nobody with a hardware address",
      encode({
        source: "::",
        destination: "ff02::2",
        message: { kind: "routerSolicitation", options: [named] },
      }),
      "source link-layer address at offset 48: comes from ::",
    ],
    [
      "router advertisement from afar",
      encode({
        source: "2001:db8::1",
        destination: "ff02::1",
        message: {
          kind: "routerAdvertisement",
          currentHopLimit: 0,
          managedAddresses: false,
          otherConfiguration: false,
          homeAgent: false,
          preference: "medium",
          routerLifetimeSeconds: 0,
          reachableTimeMs: 0,
          retransmissionTimerMs: 0,
          options: [],
        },
      }),
      "source at offset 8: 2001:db8::1 is not link-local",
    ],
  ];
  for (const [what, packet, fault] of table) {
    assertEquals(faultOf(decodeNeighborDiscoveryPacket(packet)), fault, what);
  }
  assertEquals(valueOf(decodeNeighborDiscoveryPacket(encode(anonymous))), anonymous);
});

Deno.test("every packet that is cut off is a fault", () => {
  const bytes = encodeNeighborDiscoveryPacket(solicitation);
  for (let length = 0; length < bytes.length; length++) {
    faultOf(decodeNeighborDiscoveryPacket(bytes.slice(0, length)));
  }
});

Deno.test("options with a length, prefix or preference that their type does not have are kept unread", () => {
  const option = (hex: string) => {
    const data = octetsOf(hex);
    const message = {
      ...solicitation.message,
      options: [{ kind: "unknownOption", type: data[0], data: data.slice(2) } as const],
    };
    const bytes = encodeNeighborDiscoveryPacket({ ...solicitation, message });
    return valueOf(decodeNeighborDiscoveryPacket(bytes)).message.options[0].kind;
  };
  assertEquals(option("0101 020000000001"), "sourceLinkLayerAddress");
  assertEquals(option("0102 020000000001 0000000000000000"), "unknownOption");
  assertEquals(option("0301 400000000000"), "unknownOption");
  assertEquals(option("0502 0000 000005dc 0000000000000000"), "unknownOption");
  assertEquals(option("1802 4008 00000708 20010db800000000"), "routeInformation");
  assertEquals(option("1802 4010 00000708 20010db800000000"), "unknownOption", "reserved preference");
  assertEquals(option("1802 4108 00000708 20010db800000000"), "unknownOption", "65 bits in 8 octets");
  assertEquals(option("1901 0000 00000708"), "unknownOption", "no server");
  assertEquals(option("1902 0000 00000708 20010db800000000"), "unknownOption", "half a server");
});

Deno.test("records that cannot be sent throw", () => {
  const withOption = (option: NeighborDiscoveryPacket["message"]["options"][number]) => () =>
    encodeNeighborDiscoveryPacket({
      ...solicitation,
      message: { ...solicitation.message, options: [option] },
    });
  assertThrows(
    withOption({ kind: "sourceLinkLayerAddress", hardwareAddress: new Uint8Array(5) }),
    RangeError,
  );
  assertThrows(withOption({ kind: "unknownOption", type: 200, data: new Uint8Array(5) }), RangeError);
  assertThrows(withOption({ kind: "mtu", mtu: 2 ** 32 }), RangeError);
});

Deno.test("RFC 4291 2.7.1, RFC 2464 section 7: multicast addresses", () => {
  assertEquals(solicitedNodeAddress("4037::1:800:200e:8c6c"), "ff02::1:ff0e:8c6c");
  assertEquals(hexOf(multicastHardwareAddress("ff02::1:ff0e:8c6c")), "3333ff0e8c6c");
});

const FORMAT = { linkType: 101 };

Deno.test({
  name: "tshark reads solicitations and advertisements as they were meant",
  ignore: !hasTshark,
  async fn() {
    const packets = fc.sample(neighborDiscoveryPackets, { numRuns: 200, seed: 8106 });
    const records = packets.map((packet) =>
      encodePcapRecord(FORMAT, { seconds: 0, nanoseconds: 0 }, encodeNeighborDiscoveryPacket(packet))
    );
    const file = await Deno.makeTempFile({ suffix: ".pcap" });
    try {
      await Deno.writeFile(file, concatenate(encodePcapHeader(FORMAT), ...records));
      const fields = [
        "icmpv6.type",
        "icmpv6.checksum.status",
        "icmpv6.opt.type",
        "icmpv6.nd.ns.target_address",
      ];
      const rows = await tsharkFields(file, fields);
      packets.forEach(({ message }, i) => {
        const [type, status, options, target] = rows[i];
        assertEquals(type, [String(TYPES[message.kind])]);
        assertEquals(status, ["1"]);
        assertEquals(options.length, message.options.length);
        if (message.kind === "neighborSolicitation") assertEquals(target, [message.target]);
      });
    } finally {
      await Deno.remove(file);
    }
  },
});

const TYPES = {
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
};
