import { assertEquals, assertStringIncludes } from "@std/assert";
import { CaptureReader } from "../../core/capture/capture_reader.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { concatenate, pcapng } from "./pcapng_builder.ts";
import { readAll } from "./read_all.ts";

const PACKET = Uint8Array.of(1, 2, 3, 4, 5);
const RESOLUTION = 9;
const OFFSET = 14;
const little = pcapng(true);
const big = pcapng(false);

Deno.test("pcapng: sections of both byte orders, each with its interfaces, clocks and link types", () => {
  const file = concatenate([
    little.section(),
    little.interface(LinkType.ethernet),
    little.interface(LinkType.raw, [[2, new TextEncoder().encode("eth0")], [RESOLUTION, Uint8Array.of(9)]]),
    little.enhanced(1, 1_700_000_000_123_456_789n, PACKET, 1400),
    little.enhanced(0, 1_700_000_000_123_456n, PACKET),
    big.section(),
    big.interface(LinkType.linuxCooked, [[RESOLUTION, Uint8Array.of(0x80 | 10)]]),
    big.enhanced(0, (1_700_000_000n << 10n) + 512n, PACKET),
    big.interface(LinkType.ipv6, [[OFFSET, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 100)]]),
    big.enhanced(1, 5_000_001n, PACKET),
    big.simple(PACKET, 9),
  ]);
  for (const pieceOctets of [1, 13, file.length]) {
    const { packets, fault } = readAll(file, pieceOctets);
    assertEquals(fault, undefined);
    assertEquals(packets.map((packet) => [packet.interfaceIndex, packet.linkType, packet.timeDigits]), [
      [1, LinkType.raw, 9],
      [0, LinkType.ethernet, 6],
      [0, LinkType.linuxCooked, 6],
      [1, LinkType.ipv6, 6],
      [0, LinkType.linuxCooked, 6],
    ]);
    assertEquals(packets.map(({ time }) => time), [
      { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
      { seconds: 1_700_000_000, nanoseconds: 123_456_000 },
      { seconds: 1_700_000_000, nanoseconds: 500_000_000 },
      { seconds: 105, nanoseconds: 1_000 },
      undefined,
    ]);
    assertEquals(packets.map(({ originalLength }) => originalLength), [1400, 5, 5, 5, 9]);
    // The Simple Packet Block does not say how much was captured: the block's length and its padding do.
    assertEquals(packets.map(({ bytes }) => bytes.length), [5, 5, 5, 5, 8]);
  }
});

Deno.test("pcapng: the snap length of interface 0 holds for Simple Packet Blocks", () => {
  const file = concatenate([
    little.section(),
    little.interface(LinkType.raw, [], 3),
    little.simple(PACKET, 60),
  ]);
  assertEquals(readAll(file).packets.map(({ bytes }) => [...bytes]), [[1, 2, 3]]);
});

Deno.test("pcapng: blocks that nobody knows are passed over without being kept", () => {
  const statistics = little.block(5, new Uint8Array(3_000_000));
  const file = concatenate([
    little.section(),
    little.interface(LinkType.raw),
    statistics,
    little.enhanced(0, 1n, PACKET),
  ]);
  const { packets, fault } = readAll(file, 4096);
  assertEquals(fault, undefined);
  assertEquals(packets.length, 1);
});

Deno.test("pcapng: options end where the list says so, and where one would go past its block", () => {
  const time = (...options: [number, Uint8Array][]) =>
    readAll(
      concatenate([
        little.section(),
        little.interface(LinkType.raw, options),
        little.enhanced(0, 5n, PACKET),
      ]),
    )
      .packets[0].time;
  const microseconds = { seconds: 0, nanoseconds: 5_000 };
  assertEquals(time([0, new Uint8Array(0)], [RESOLUTION, Uint8Array.of(9)]), microseconds);
  assertEquals(time([RESOLUTION, Uint8Array.of(9, 0)]), microseconds);
  const file = concatenate([
    little.section(),
    little.interface(LinkType.raw, [[RESOLUTION, Uint8Array.of(9)], [2, new Uint8Array(8)]]),
    little.enhanced(0, 5n, PACKET),
  ]);
  // The second option's length, behind 28 octets of section, 16 of interface, 8 of the first option.
  new DataView(file.buffer).setUint16(28 + 16 + 8 + 2, 0xffff, true);
  assertEquals(readAll(file).packets[0].time, { seconds: 0, nanoseconds: 5 });
});

Deno.test("pcapng: an interface that has a very large time resolution is no fault", () => {
  const file = concatenate([
    little.section(),
    little.interface(LinkType.raw, [[RESOLUTION, Uint8Array.of(127)]]),
    little.enhanced(0, 0xffff_ffff_ffff_ffffn, PACKET),
  ]);
  assertEquals(readAll(file).packets[0].time, { seconds: 0, nanoseconds: 0 });
});

Deno.test("pcapng: a file cut anywhere gives every whole packet, and a fault unless it ends between blocks", () => {
  const blocks = [
    little.section(),
    little.interface(LinkType.raw, [[RESOLUTION, Uint8Array.of(9)]]),
    little.enhanced(0, 1n, PACKET),
    little.block(5, new Uint8Array(20)),
    little.enhanced(0, 2n, PACKET),
  ];
  const ends = blocks.map((_, index) => concatenate(blocks.slice(0, index + 1)).length);
  const file = concatenate(blocks);
  // A packet is there once its last octet is, before the block's padding and its second length.
  const packetEnds = [ends[1] + 28 + 5, ends[3] + 28 + 5];
  for (let length = 4; length < file.length; length++) {
    const { packets, fault } = readAll(file.subarray(0, length), 11);
    assertEquals(packets.length, packetEnds.filter((end) => end <= length).length, `${length} octets`);
    if (ends.includes(length)) assertEquals(fault, undefined);
    else assertEquals(fault?.offset, [0, ...ends].findLast((end) => end < length), `${length} octets`);
  }
});

const DAMAGES: readonly (readonly [string, (file: Uint8Array, view: DataView) => void, number, string])[] = [
  ["no byte-order magic", (file) => file.fill(0, 8, 12), 8, "no byte-order magic"],
  ["another version", (_file, view) => view.setUint16(12, 2, true), 12, "version 2"],
  ["a block of 8 octets", (_file, view) => view.setUint32(28 + 4, 8, true), 32, "8 bytes long"],
  [
    "a length that is no multiple of 4",
    (_file, view) => view.setUint32(48 + 4, 41, true),
    52,
    "41 bytes long",
  ],
  ["two lengths that differ", (_file, view) => view.setUint32(44, 24, true), 44, "another length, 24"],
  ["an interface that is not described", (_file, view) => view.setUint32(48 + 8, 1, true), 56, "interface 1"],
  ["more captured than the block holds", (_file, view) => view.setUint32(48 + 20, 9, true), 48, "too short"],
  [
    "more captured than the limit",
    (_file, view) => view.setUint32(48 + 20, 262_145, true),
    48,
    "the limit is 262144",
  ],
  [
    "a gigantic interface",
    (_file, view) => view.setUint32(28 + 4, 0x7fff_fffc, true),
    28,
    "beyond the limit",
  ],
];

for (const [what, damage, offset, words] of DAMAGES) {
  Deno.test(`pcapng: ${what} is damage, with its offset`, () => {
    const file = concatenate([
      little.section(),
      little.interface(LinkType.raw),
      little.enhanced(0, 1n, PACKET),
    ]);
    damage(file, new DataView(file.buffer));
    const { fault } = readAll(file);
    assertEquals(fault?.kind, "damaged");
    assertEquals(fault?.offset, offset);
    assertStringIncludes(fault?.reason ?? "", words);
  });
}

const OTHER_FILES: readonly (readonly [string, Uint8Array, string])[] = [
  ["an empty file", new Uint8Array(0), "the file is empty"],
  [
    "a text",
    new TextEncoder().encode("hello world"),
    "it is neither pcap nor pcapng (first bytes 68 65 6c 6c 6f 20 77 6f)",
  ],
  ["two octets", Uint8Array.of(0xd4, 0xc3), "it is neither pcap nor pcapng (first bytes d4 c3)"],
  [
    "gzip",
    Uint8Array.of(0x1f, 0x8b, 8, 0),
    "it is compressed with gzip: gunzip it first (first bytes 1f 8b 08 00)",
  ],
];

for (const [what, file, reason] of OTHER_FILES) {
  Deno.test(`a capture reader given ${what} says that it is no capture`, () => {
    assertEquals(readAll(file), { packets: [], fault: { kind: "notACapture", offset: 0, reason } });
  });
}

Deno.test("a capture reader asked again after a fault answers nothing more", () => {
  const reader = new CaptureReader();
  reader.push(new Uint8Array(8));
  assertEquals(reader.next(), undefined);
  reader.push(little.section());
  assertEquals(reader.next(), undefined);
  assertEquals(reader.fault?.kind, "notACapture");
});

Deno.test("pcapng: comments go with their packet, those on section and interface with the next one", () => {
  const text = (words: string) => new TextEncoder().encode(words);
  for (const little of [true, false]) {
    const builder = pcapng(little);
    const file = concatenate([
      builder.section([[1, text("a section")], [4, text("some tool")]]),
      builder.interface(LinkType.raw, [[1, text("an interface")], [0, new Uint8Array(0)]]),
      builder.enhanced(0, 1n, Uint8Array.of(1, 2, 3), 3, [[2, new Uint8Array(4)], [1, text("one")], [
        1,
        text("two"),
      ]]),
      builder.enhanced(0, 2n, Uint8Array.of(4)),
    ]);
    for (const pieceOctets of [1, 7, file.length]) {
      const { packets, fault } = readAll(file, pieceOctets);
      assertEquals(fault, undefined);
      const comments = packets.map((packet) =>
        packet.comments?.map(({ about, text }) => `${about}: ${new TextDecoder().decode(text)}`)
      );
      assertEquals(comments, [
        ["section: a section", "interface: an interface", "packet: one", "packet: two"],
        undefined,
      ]);
      assertEquals(packets.map(({ bytes }) => [...bytes]), [[1, 2, 3], [4]]);
    }
  }
});

Deno.test("pcapng: a comment whose length lies is no comment, and the packets go on", () => {
  const builder = pcapng(true);
  const lying = builder.enhanced(0, 1n, Uint8Array.of(1), 1, [[1, Uint8Array.of(65, 66)]]);
  // The option's length, behind the header of 28 octets, 4 of data and 2 of the code.
  lying.set([0xff, 0xff], 34);
  const file = concatenate([
    builder.section(),
    builder.interface(LinkType.raw),
    lying,
    builder.enhanced(0, 2n, Uint8Array.of(4)),
  ]);
  const { packets, fault } = readAll(file);
  assertEquals([packets.map(({ comments }) => comments), fault], [[undefined, undefined], undefined]);
});
