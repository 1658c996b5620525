import { assert, assertEquals } from "@std/assert";
import { CaptureInput } from "../../core/capture/capture_input.ts";
import type { CaptureTime } from "../../core/capture/captured_packet.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord, type PcapFormat } from "../../core/capture/pcap_writer.ts";
import { concatenate } from "./pcapng_builder.ts";
import { readAll } from "./read_all.ts";

const TIME: CaptureTime = { seconds: 1_700_000_000, nanoseconds: 123_456_789 };
const PACKETS = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(1500).fill(7)];

function pcap(format: PcapFormat, packets = PACKETS): Uint8Array {
  return concatenate([
    encodePcapHeader(format),
    ...packets.map((packet) => encodePcapRecord(format, TIME, packet)),
  ]);
}

const FORMATS: readonly PcapFormat[] = [
  { linkType: LinkType.ethernet },
  { linkType: LinkType.raw, resolution: "nanoseconds" },
  { linkType: LinkType.linuxCookedV2, byteOrder: "bigEndian" },
  { linkType: LinkType.null, byteOrder: "bigEndian", resolution: "nanoseconds" },
];

for (const format of FORMATS) {
  const words = [format.byteOrder ?? "littleEndian", format.resolution ?? "microseconds"].join(", ");
  Deno.test(`pcap, ${words}: what was written is read, in pieces of any size`, () => {
    const file = pcap(format);
    for (const pieceOctets of [1, 7, 24, 1000, file.length]) {
      const { packets, fault } = readAll(file, pieceOctets);
      assertEquals(fault, undefined);
      assertEquals(packets.map(({ bytes }) => bytes), PACKETS);
      assertEquals(packets.map(({ number }) => number), [1, 2, 3]);
      const nanoseconds = format.resolution === "nanoseconds" ? 123_456_789 : 123_456_000;
      for (const packet of packets) {
        assertEquals(packet.time, { seconds: 1_700_000_000, nanoseconds });
        assertEquals(packet.timeDigits, format.resolution === "nanoseconds" ? 9 : 6);
        assertEquals(packet.linkType, format.linkType);
        assertEquals(packet.originalLength, packet.bytes.length);
      }
    }
  });
}

Deno.test("pcap: the octets that are written are those of the format's description", () => {
  const packet = Uint8Array.of(0xaa, 0xbb);
  const time = { seconds: 0x01020304, nanoseconds: 5_000 };
  const hex = (format: PcapFormat) =>
    encodePcapHeader(format).toHex() + " " + encodePcapRecord(format, time, packet).toHex();
  assertEquals(
    hex({ linkType: 101 }),
    "d4c3b2a1020004000000000000000000" + "0000040065000000 04030201050000000200000002000000aabb",
  );
  assertEquals(
    hex({ linkType: 101, byteOrder: "bigEndian", resolution: "nanoseconds", snapLength: 1 }),
    "a1b23c4d000200040000000000000000" + "0000000100000065 01020304000013880000000100000002aa",
  );
});

Deno.test("pcap: the snap length cuts, and the packet says so", () => {
  const { packets } = readAll(pcap({ linkType: LinkType.raw, snapLength: 96 }));
  assertEquals(packets.map(({ bytes, originalLength }) => [bytes.length, originalLength]), [[3, 3], [0, 0], [
    96,
    1500,
  ]]);
});

Deno.test("pcap: a file cut anywhere gives every whole packet, and the offset of the record that is not", () => {
  const file = pcap({ linkType: LinkType.ethernet });
  const starts = [24, 24 + 16 + 3, 24 + 16 + 3 + 16];
  const ends = [24, ...starts.slice(1), file.length];
  for (let length = 1; length < file.length; length++) {
    const { packets, fault } = readAll(file.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length;
    assertEquals(packets.length, Math.max(whole - 1, 0));
    if (ends.includes(length)) assertEquals(fault, undefined);
    else if (length >= 4) {
      assertEquals(fault?.kind, "damaged");
      assertEquals(fault?.offset, whole === 0 ? 0 : starts[whole - 1]);
    } else assertEquals(fault?.kind, "notACapture");
  }
});

Deno.test("pcap: a length that cannot be is damage at its own offset; what came before is there", () => {
  const file = pcap({ linkType: LinkType.ethernet });
  const second = 24 + 16 + 3;
  new DataView(file.buffer).setUint32(second + 8, 262_145, true);
  const { packets, fault } = readAll(file);
  assertEquals(packets.length, 1);
  assertEquals(fault, {
    kind: "damaged",
    offset: second + 8,
    reason: "packet 2 has 262145 captured bytes, the limit is 262144",
  });
});

Deno.test("pcap: bits beside the link type, a fraction of more than a second, a captured length above the original", () => {
  const file = pcap({ linkType: LinkType.ethernet }, [Uint8Array.of(1, 2, 3, 4)]);
  const view = new DataView(file.buffer);
  view.setUint32(20, 0xf400_0001, true);
  view.setUint32(24 + 4, 2_500_000, true);
  view.setUint32(24 + 12, 2, true);
  const { packets, fault } = readAll(file);
  assertEquals(fault, undefined);
  assertEquals(packets[0].linkType, LinkType.ethernet);
  assertEquals(packets[0].time, { seconds: 1_700_000_002, nanoseconds: 500_000_000 });
  assertEquals(packets[0].originalLength, 4);
});

Deno.test("pcap: 3000 packets in pieces that cut most of them", () => {
  const format: PcapFormat = { linkType: LinkType.ethernet };
  const packets = Array.from({ length: 3000 }, (_, index) => new Uint8Array(index % 700).fill(index));
  const { packets: found, fault } = readAll(pcap(format, packets), 997);
  assertEquals(fault, undefined);
  assertEquals(found.length, 3000);
  assert(
    found.every(({ bytes }, index) =>
      bytes.length === index % 700 && bytes.every((value) => value === (index & 0xff))
    ),
  );
});

Deno.test("capture input: memory does not grow with what has passed through it", () => {
  const input = new CaptureInput();
  const piece = new Uint8Array(1000).fill(1);
  for (let round = 0; round < 20_000; round++) {
    input.push(piece);
    // 999 wait at first, then fewer: what waits is moved now and then.
    while (input.has(777)) input.advance(777);
  }
  assert(input.bytes.length <= 8000, `${input.bytes.length} octets for 1000 at a time`);
  assert(input.position > 19_990_000);
});
