import { assert } from "@std/assert";
import { CaptureReader } from "../../core/capture/capture_reader.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import { PacketPrinter } from "../../core/inspect/packet_printer.ts";
import { TextWriter } from "../../core/inspect/text_writer.ts";
import { concatenate, pcapng } from "../capture/pcapng_builder.ts";
import { sampleLinkTypes, samplePackets } from "./sample_packets.ts";
import { random } from "./random.ts";
import { captured } from "./show.ts";

/** A line may be long where a packet is full of options or of text, but not longer than this many octets a byte. */
const OCTETS_PER_BYTE = 16;
const LONGEST_LINE = 4_000;

type Next = (bound: number) => number;

/** Changes octets, cuts, repeats a piece: what happens to packets on the way and in fuzzers. */
function mutate(packet: Uint8Array, next: Next): Uint8Array {
  const bytes = packet.slice();
  for (let changes = next(6); changes > 0 && bytes.length > 0; changes--) {
    const at = next(bytes.length);
    switch (next(4)) {
      case 0:
        bytes[at] = next(256);
        break;
      case 1:
        bytes[at] ^= 1 << next(8);
        break;
      case 2:
        bytes[at] = [0, 1, 4, 6, 41, 43, 44, 58, 60, 135, 255][next(11)];
        break;
      default:
        bytes.copyWithin(at, next(bytes.length), bytes.length);
    }
  }
  return next(4) === 0 ? bytes.subarray(0, next(bytes.length + 1)) : bytes;
}

Deno.test("mutated packets: 250,000 in one line, one in eight as a tree: no exception, no endless line", () => {
  const next = random(20_240_601);
  const out = new TextWriter(false);
  const printer = new PacketPrinter(out);
  const packets = samplePackets();
  for (let round = 0; round < 250_000; round++) {
    const sample = packets[next(packets.length)];
    const bytes = mutate(sample.bytes, next);
    const linkType = next(10) === 0 ? sampleLinkTypes[next(sampleLinkTypes.length)] : sample.linkType;
    const originalLength = next(5) === 0 ? bytes.length + next(1500) : bytes.length;
    const packet = captured(bytes, { number: round + 1, linkType, originalLength });
    out.clear();
    printer.writeLine(packet);
    if (out.length > LONGEST_LINE + OCTETS_PER_BYTE * bytes.length) {
      throw new Error(`${out.length} octets for ${bytes.toHex()}`);
    }
    if (round % 8 === 0) printer.writeTree(packet);
    assertPrintable(out, bytes);
  }
});

Deno.test("mutated captures: 20,000 pcap and pcapng files, in pieces of any size: no exception, no endless reading", () => {
  const next = random(7);
  const out = new TextWriter(true);
  const files = sampleFiles();
  for (let round = 0; round < 20_000; round++) {
    const file = mutate(files[next(files.length)], next);
    const reader = new CaptureReader();
    const printer = new PacketPrinter(out);
    let packets = 0;
    for (let at = 0; at < file.length;) {
      const octets = 1 + next(file.length);
      reader.push(file.subarray(at, at + octets));
      at += octets;
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
        out.clear();
        printer.writeLine(packet);
        packets++;
      }
    }
    reader.finish();
    // A record has at least 12 octets of its own.
    assert(packets <= file.length / 12, file.toHex());
  }
});

Deno.test("random octets behind every link type: 50,000 packets", () => {
  const next = random(99);
  const out = new TextWriter(false);
  const printer = new PacketPrinter(out);
  for (let round = 0; round < 50_000; round++) {
    const bytes = Uint8Array.from({ length: next(120) }, () => next(256));
    out.clear();
    const packet = captured(bytes, { linkType: sampleLinkTypes[next(sampleLinkTypes.length)] });
    printer.writeLine(packet);
    printer.writeTree(packet);
    assertPrintable(out, bytes);
  }
});

Deno.test("next-header chains a thousand long, options of length zero, a 32 KiB frame: one line, quickly", () => {
  const out = new TextWriter(false);
  const printer = new PacketPrinter(out);
  const chain = new Uint8Array(40 + 32_768);
  chain[0] = 0x60;
  chain.set([0x80, 0x00, 60], 4);
  // Destination Options headers of 8 octets that name another one, up to the end.
  for (let at = 40; at < chain.length; at += 8) chain[at] = 60;
  const padding = chain.slice();
  // One header of 2048 octets with nothing but PadN of length 0.
  padding.set([59, 255], 40);
  for (let at = 42; at < 40 + 2048; at += 2) padding[at] = 1;
  for (let round = 0; round < 200; round++) {
    out.clear();
    for (const bytes of [chain, padding]) {
      printer.writeLine(captured(bytes));
      printer.writeTree(captured(bytes));
    }
  }
  assert(new TextDecoder().decode(out.bytes.subarray(0, out.length)).includes("more than 64 headers"));
});

function assertPrintable(out: TextWriter, bytes: Uint8Array): void {
  for (let index = 0; index < out.length; index++) {
    const octet = out.bytes[index];
    if ((octet < 0x20 && octet !== 0x0a) || octet > 0x7e) {
      throw new Error(`octet ${octet} in the text of ${bytes.toHex()}`);
    }
  }
}

function sampleFiles(): Uint8Array[] {
  const packets = samplePackets().map(({ bytes }) => bytes).slice(0, 12);
  const time = { seconds: 1_700_000_000, nanoseconds: 5 };
  const little = pcapng(true);
  const big = pcapng(false);
  const formats = [{ linkType: LinkType.raw }, { linkType: LinkType.raw, byteOrder: "bigEndian" }] as const;
  return [
    ...formats.map((format) =>
      concatenate([
        encodePcapHeader(format),
        ...packets.map((bytes) => encodePcapRecord(format, time, bytes)),
      ])
    ),
    ...[little, big].map((builder) =>
      concatenate([
        builder.section(),
        builder.interface(LinkType.raw, [[9, Uint8Array.of(9)]]),
        ...packets.map((bytes) => builder.enhanced(0, 1_700_000_000_000_000_005n, bytes)),
        builder.block(5, new Uint8Array(24)),
        builder.simple(packets[0]),
      ])
    ),
  ];
}
