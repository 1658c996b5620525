import { assertEquals } from "@std/assert";
import { readCapture } from "../../cli/lab/capture.ts";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import { encodeIcmpv4Message } from "../../core/wire/icmpv4.ts";
import { encodeIpv4Header } from "../../core/wire/ipv4.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { encodeUdpHeader } from "../../core/wire/udp.ts";
import { hasProgram } from "./support.ts";

const HOME_ADDRESS = "2001:db8:100::100";
const HOME_AGENT = "2001:db8:100::1";
const LINKTYPE_RAW = 101;

const update: MobilityMessage = {
  kind: "bindingUpdate",
  sequenceNumber: 7,
  acknowledge: true,
  homeRegistration: true,
  linkLocalCompatibility: false,
  keyManagementMobility: false,
  mapRegistration: false,
  mobileRouter: false,
  proxyRegistration: false,
  forceUdp: false,
  tlvHeader: false,
  overwriteOrBulk: false,
  lifetimeSeconds: 0,
  options: [{ kind: "ipv4CareOfAddress", careOfAddress: "192.168.77.117" }],
};

const acknowledgement: MobilityMessage = {
  kind: "bindingAcknowledgement",
  status: 0,
  keyManagementMobility: false,
  mobileRouter: false,
  proxyRegistration: false,
  tlvHeader: false,
  bulk: false,
  sequenceNumber: 7,
  lifetimeSeconds: 420,
  options: [{ kind: "natDetection", forceUdp: false, refreshSeconds: 20 }],
};

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function inIpv4(protocol: number, source: string, destination: string, payload: Uint8Array): Uint8Array {
  const header = encodeIpv4Header({
    typeOfService: 0,
    totalLength: 20 + payload.length,
    identification: 1,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    timeToLive: 64,
    protocol,
    source,
    destination,
    options: new Uint8Array(),
  });
  return joined(header, payload);
}

function inUdp(sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array {
  return joined(
    encodeUdpHeader({ sourcePort, destinationPort, length: 8 + payload.length, checksum: 0 }),
    payload,
  );
}

function mobilityPacket(source: string, destination: string, message: MobilityMessage): Uint8Array {
  return encodeMobilityPacket({ source, destination, mobilityHeader: encodeMobilityHeader(message) });
}

Deno.test({
  name: "a capture is read with tshark: mobility messages, tunnels, ICMP errors, malformed packets",
  ignore: !hasProgram("tshark"),
  async fn() {
    const bu = inUdp(8763, 4191, mobilityPacket(HOME_ADDRESS, HOME_AGENT, update));
    const ba = inUdp(4191, 8763, mobilityPacket(HOME_AGENT, HOME_ADDRESS, acknowledgement));
    const data = joined(mobilityPacket(HOME_ADDRESS, "2001:db8:200::10", update).subarray(0, 40));
    data.set([0, 0, 59], 4);
    const withPayload = (octets: number) => joined(data.with(5, octets), new Uint8Array(octets));
    const error = encodeIcmpv4Message({
      kind: "destinationUnreachable",
      code: 3,
      nextHopMtu: 0,
      invokingPacket: inIpv4(17, "192.0.2.2", "203.0.113.1", bu),
    });
    const packets = [
      inIpv4(17, "192.0.2.2", "203.0.113.1", bu),
      inIpv4(17, "203.0.113.1", "192.0.2.2", ba),
      inIpv4(41, "198.51.100.117", "203.0.113.1", data),
      inIpv4(1, "203.0.113.1", "192.0.2.2", error),
      // The option's length goes past the end of the message.
      inIpv4(17, "192.0.2.2", "203.0.113.1", bu.map((octet, index) => index === 8 + 40 + 13 ? 200 : octet)),
      // Its port is that of DNS, its content is not.
      inIpv4(17, "192.0.2.2", "203.0.113.1", inUdp(40_000, 53, new Uint8Array(30).fill(0xff))),
      // Before the kernel cuts it: two of 60 octets, and a shorter last one.
      inIpv4(
        17,
        "192.0.2.2",
        "203.0.113.1",
        inUdp(8763, 4191, joined(withPayload(20), withPayload(20), data)),
      ),
    ];
    const format = { linkType: LINKTYPE_RAW };
    const records = packets.map((packet, index) =>
      encodePcapRecord(format, { seconds: 1000 + index, nanoseconds: 0 }, packet)
    );
    const path = await Deno.makeTempFile({ suffix: ".pcap" });
    try {
      await Deno.writeFile(path, joined(encodePcapHeader(format), ...records));
      const seen = await readCapture(path);
      const [seenUpdate, seenAcknowledgement, seenData, seenError, seenBroken, seenGuessed] = seen;
      assertEquals(seenUpdate.time, 1000);
      assertEquals(seenUpdate.tunnel, "udp");
      assertEquals(seenUpdate.destinationPort, 4191);
      assertEquals([seenUpdate.ipv4Source, seenUpdate.ipv6Source], ["192.0.2.2", HOME_ADDRESS]);
      assertEquals([seenUpdate.mobilityMessage, seenUpdate.lifetime, seenUpdate.sequenceNumber], [5, 0, 7]);
      assertEquals(seenUpdate.ipv4CareOfAddress, "192.168.77.117");
      assertEquals(seenUpdate.malformed, false);
      assertEquals([seenAcknowledgement.mobilityMessage, seenAcknowledgement.status], [6, 0]);
      assertEquals(seenUpdate.natRefreshSeconds, undefined);
      assertEquals(seenAcknowledgement.natRefreshSeconds, 20);
      assertEquals([seenData.tunnel, seenData.mobilityMessage], ["ipv6InIpv4", undefined]);
      assertEquals(seenData.ipv6Destination, "2001:db8:200::10");
      assertEquals([seenError.icmpv4Type, seenError.tunnel, seenError.mobilityMessage], [
        3,
        undefined,
        undefined,
      ]);
      assertEquals([seenBroken.malformed, seenGuessed.malformed], [true, false]);
      assertEquals(seen.map(({ packets }) => packets), [1, 1, 1, 1, 1, 1, 3]);
    } finally {
      await Deno.remove(path);
    }
  },
});
