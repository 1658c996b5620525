import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PacketCursor } from "../../core/inspect/packet_cursor.ts";
import { Reassembler } from "../../core/inspect/reassembly.ts";
import { nextLayer } from "../../core/inspect/registry.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { ipv4, ipv6, join, udp, withChecksum, words } from "./packet_builder.ts";
import { captured, print } from "./show.ts";

const A4 = "192.0.2.1";
const B4 = "198.51.100.2";
const A6 = "2001:db8::1";
const B6 = "2001:db8::2";

const datagram = (octets: number) =>
  udp(5000, 5001, Uint8Array.from({ length: octets }, (_, at) => at & 0xff));

interface Cut {
  readonly start: number;
  readonly end: number;
  readonly more: boolean;
}

/** Cuts of `octets` each, the last one without "more". */
function cuts(length: number, octets: number): Cut[] {
  return Array.from({ length: Math.ceil(length / octets) }, (_, index) => {
    const end = Math.min((index + 1) * octets, length);
    return { start: index * octets, end, more: end < length };
  });
}

const fragment4 = (whole: Uint8Array, { start, end, more }: Cut, identification = 7) =>
  ipv4(A4, B4, 17, whole.subarray(start, end), { identification, fragment: (more ? 0x2000 : 0) | start / 8 });

const fragment6 = (whole: Uint8Array, { start, end, more }: Cut, identification = 7, nextHeader = 17) =>
  ipv6(
    A6,
    B6,
    44,
    join(words(nextHeader << 8, start | (more ? 1 : 0), 0, identification), whole.subarray(start, end)),
  );

function lines(packets: readonly Uint8Array[], seconds: (index: number) => number = () => 0): string[] {
  const text = print(
    packets.map((bytes, index) =>
      captured(bytes, { number: index + 1, time: { seconds: 1000 + seconds(index), nanoseconds: 0 } })
    ),
    "line",
  );
  return text.trimEnd().split("\n").map((line) =>
    line.replace(/^ *\d+ +\d+\.\d+ +/, "").replaceAll(/ +/g, " ")
  );
}

for (const [name, fragment] of [["IPv4", fragment4], ["IPv6", fragment6]] as const) {
  Deno.test(`reassembly, ${name}: in any order, the packet that completes the datagram shows it`, () => {
    const whole = datagram(3000);
    const parts = cuts(whole.length, 1200);
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]]) {
      const shown = lines(order.map((index) => fragment(whole, parts[index])));
      assertStringIncludes(shown[2], "UDP 5000 > 5001 len=3000 [reassembled from 3]");
      for (const line of shown.slice(0, 2)) assertStringIncludes(line, "[fragment 0x");
    }
  });

  Deno.test(`reassembly, ${name}: an exact repetition is passed over, an overlap ends the datagram`, () => {
    const whole = datagram(3000);
    const [first, second, third] = cuts(whole.length, 1200).map((cut) => fragment(whole, cut));
    assertStringIncludes(lines([first, first, second, second, third])[4], "[reassembled from 3]");
    for (
      const overlap of [
        { start: 8, end: 1200, more: true },
        { start: 1192, end: 2400, more: true },
        { start: 0, end: 8, more: true },
        { start: 0, end: 2400, more: true },
      ]
    ) {
      const shown = lines([first, fragment(whole, overlap), second, third]);
      assertStringIncludes(shown[1], "[overlapping fragments]");
      assert(shown.every((line) => !line.includes("reassembled")), shown.join("\n"));
      assertStringIncludes(shown[3], "belongs to a datagram with wrong fragments");
    }
  });

  Deno.test(`reassembly, ${name}: two ends, data behind the end, a middle that is no multiple of 8, too much`, () => {
    const whole = datagram(3000);
    const last = { start: 2400, end: whole.length, more: false };
    const wrong = (one: Cut, other: Cut) => lines([fragment(whole, one), fragment(whole, other)])[1];
    assertStringIncludes(wrong(last, { start: 1200, end: 2400, more: false }), "[overlapping fragments]");
    assertStringIncludes(
      wrong({ ...last, end: 2408 }, { start: 2408, end: 2800, more: true }),
      "overlapping",
    );
    assertStringIncludes(
      wrong({ start: 2408, end: 2800, more: true }, { ...last, end: 2408 }),
      "overlapping",
    );
    assertStringIncludes(wrong(last, { start: 0, end: 1201, more: true }), "not a multiple of 8");
    const far = { start: 0, end: 1200, more: false };
    const beyond = name === "IPv4"
      ? ipv4(A4, B4, 17, whole.subarray(0, 1200), { identification: 7, fragment: 0x1fff })
      : ipv6(A6, B6, 44, join(words(17 << 8, 0xfff8, 0, 7), whole.subarray(0, far.end)));
    assertStringIncludes(lines([beyond])[0], "[a fragment that ends at byte");
  });

  Deno.test(`reassembly, ${name}: two datagrams at once, and none after the time`, () => {
    const whole = datagram(2000);
    const [first, second] = cuts(whole.length, 1200);
    const both = [7, 8].flatMap((identification) => [fragment(whole, first, identification)]);
    const shown = lines([...both, fragment(whole, second, 8), fragment(whole, second, 7)]);
    assertStringIncludes(shown[2], "[reassembled from 2]");
    assertStringIncludes(shown[3], "[reassembled from 2]");
    const late = lines([fragment(whole, first), fragment(whole, second)], (index) => 60 * index);
    assertStringIncludes(late[1], "[fragment 0x");
    const inTime = lines([fragment(whole, first), fragment(whole, second)], (index) => 59 * index);
    assertStringIncludes(inTime[1], "[reassembled from 2]");
  });
}

Deno.test("reassembly: the checksum of the whole is verified, and the tree says where the content came from", () => {
  const whole = withChecksum(A6, B6, 17, 6, datagram(2000));
  const packets = cuts(whole.length, 1200).map((cut, index) =>
    captured(fragment6(whole, cut), { number: index + 1 })
  );
  const tree = print(packets, "tree");
  assertStringIncludes(tree, "2008 bytes, reassembled from 2 fragments");
  assertStringIncludes(tree, "(correct)");
});

Deno.test("reassembly: a tunnel's fragments, and within them those of the packet inside", () => {
  const inner = datagram(3000);
  const packets = cuts(inner.length, 1200).flatMap((cut, index) => {
    const outer = fragment6(inner, cut, 99);
    return cuts(outer.length, 800).map((part) =>
      ipv4(A4, B4, 41, outer.subarray(part.start, part.end), {
        identification: 100 + index,
        fragment: (part.more ? 0x2000 : 0) | part.start / 8,
      })
    );
  });
  assertStringIncludes(lines(packets).at(-1)!, "UDP 5000 > 5001 len=3000 [reassembled from 3] via 41");
});

Deno.test("reassembly: a fragment of which the snap length cut something is not used", () => {
  const whole = datagram(2000);
  const [first, second] = cuts(whole.length, 1200).map((cut) => fragment4(whole, cut));
  const text = print([
    captured(first.subarray(0, 600), { number: 1, originalLength: first.length }),
    captured(second, { number: 2 }),
  ], "line");
  assert(!text.includes("reassembled"), text);
});

Deno.test("reassembly: looking at a packet again gives the same", () => {
  const whole = datagram(2000);
  const reassembler = new Reassembler();
  const see = (packet: Uint8Array, number: number) => {
    const cursor = new PacketCursor();
    cursor.use({ reassembler });
    reassembler.startPacket(number, 0);
    cursor.begin(packet, 0, packet.length, packet.length, "linkType", LinkType.raw);
    for (let layers = 0; layers < 9 && nextLayer(cursor).carry?.(cursor) === true; layers++);
    return cursor.reassembledFrom;
  };
  const counts = cuts(whole.length, 800).flatMap((cut, index) => {
    const packet = fragment4(whole, cut);
    return [see(packet, index + 1), see(packet, index + 1)];
  });
  assertEquals(counts, [0, 0, 0, 0, 3, 3]);
});

Deno.test("reassembly: 200,000 first fragments keep to the limits, and the newest datagram still comes together", () => {
  const limits = { datagrams: 64, octets: 100_000, seconds: 60 };
  const reassembler = new Reassembler(limits);
  const cursor = new PacketCursor();
  cursor.use({ reassembler });
  const whole = datagram(2000);
  const [first, second] = cuts(whole.length, 1200);
  const see = (packet: Uint8Array, number: number) => {
    reassembler.startPacket(number, 0);
    cursor.begin(packet, 0, packet.length, packet.length, "linkType", LinkType.raw);
    while (nextLayer(cursor).carry?.(cursor) === true);
  };
  const packet = fragment6(whole, first);
  const view = new DataView(packet.buffer, packet.byteOffset);
  for (let number = 0; number < 200_000; number++) {
    view.setUint32(44, number);
    see(packet, number);
    assert(reassembler.datagrams <= limits.datagrams && reassembler.octets <= limits.octets);
  }
  const last = fragment6(whole, second);
  new DataView(last.buffer, last.byteOffset).setUint32(44, 199_999);
  see(last, 200_000);
  assertEquals(cursor.reassembledFrom, 2);
});
