import { assertEquals } from "@std/assert";
import { mobilityMessageTypeName, mobilityOptionTypeName } from "../../core/inspect/mobility_names.ts";
import { type GoldenPacket, goldenPackets } from "./golden_packets.ts";
import { captured, line, print } from "./show.ts";

/**
 * Line and tree of one packet of every kind, and its lines when the snap length cuts it ever shorter, kept in
 * golden.txt. After a change that is meant, look at the difference and keep it with
 * `GOLDEN=write deno test -A test/inspect/golden_test.ts`.
 */
const GOLDEN = new URL("golden.txt", import.meta.url);

function golden({ what, bytes, linkType, originalLength = bytes.length }: GoldenPacket): string {
  const packet = captured(bytes, { linkType, originalLength });
  const cuts = new Set<string>();
  for (let length = bytes.length - 1; length >= 0; length--) {
    cuts.add(
      line(bytes.subarray(0, length), { linkType, originalLength }).replace(
        / \[\d+ of \d+ bytes captured\]/,
        "",
      ),
    );
  }
  return [
    `=== ${what}`,
    print([packet], "line").trimEnd(),
    print([packet], "tree").trimEnd(),
    ...[...cuts].map((cut) => `cut: ${cut}`),
    "",
    "",
  ].join("\n");
}

Deno.test("lines and trees of one packet of every kind are those of golden.txt", () => {
  const text = goldenPackets().map(golden).join("");
  if (Deno.env.get("GOLDEN") === "write") Deno.writeTextFileSync(GOLDEN, text);
  assertEquals(text.split("\n"), Deno.readTextFileSync(GOLDEN).split("\n"));
});

Deno.test("colour changes nothing but colour, and ends where it began", () => {
  for (const { what, bytes, linkType, originalLength = bytes.length } of goldenPackets()) {
    const packets = [captured(bytes, { linkType, originalLength })];
    for (const form of ["line", "tree"] as const) {
      const coloured = print(packets, form, true);
      // deno-lint-ignore no-control-regex
      assertEquals(coloured.replaceAll(/\x1b\[\d+m/g, ""), print(packets, form), what);
      for (const row of coloured.split("\n")) {
        // deno-lint-ignore no-control-regex
        const sequences = [...row.matchAll(/\x1b\[(\d+)m/g)].map(([, code]) => code);
        assertEquals(sequences.filter((code, index) => (code === "0") !== (index % 2 === 1)), [], row);
        assertEquals(sequences.length % 2, 0, row);
      }
    }
  }
});

Deno.test("a packet is shown alike whatever packet came before it", () => {
  const packets = goldenPackets().map(({ bytes, linkType, originalLength = bytes.length }) =>
    captured(bytes, { linkType, originalLength })
  );
  // A wrong checksum is the last thing that a state left behind would hide.
  for (const { bytes } of packets.slice()) {
    const broken = bytes.slice();
    broken[44] ^= 0xff;
    packets.push(captured(broken));
  }
  const compact = (text: string) => text.trimEnd().split("\n").at(-1)?.replaceAll(/ +/g, " ");
  const alone = packets.map((packet) => compact(print([packet], "line")));
  // Fragments before may be of the same datagram: those are put together, on purpose.
  const isFragment = (index: number) => alone[index]?.includes("[fragment ") === true;
  for (const [earlier, before] of packets.entries()) {
    for (const [index, packet] of packets.entries()) {
      if (isFragment(earlier) && isFragment(index)) continue;
      assertEquals(compact(print([before, packet], "line")), alone[index]);
    }
  }
});

Deno.test("every mobility message and option that IANA has assigned has a name of its own", () => {
  const messages = Array.from({ length: 24 }, (_, type) => mobilityMessageTypeName(type));
  const options = Array.from({ length: 71 }, (_, type) => mobilityOptionTypeName(type));
  for (const names of [messages, options]) {
    assertEquals(names.filter((name) => name.startsWith("unknown")), []);
    assertEquals(new Set(names).size, names.length);
  }
  assertEquals([mobilityMessageTypeName(24), mobilityOptionTypeName(71)], ["unknown message 24", "unknown"]);
  assertEquals([messages[8], messages[16], messages[23]], [
    "Fast Binding Update",
    "Binding Revocation Message",
    "Subscription Response",
  ]);
  assertEquals([options[7], options[22], options[45], options[70]], [
    "Mobility Header Link-Layer Address",
    "Home Network Prefix",
    "Flow Identification",
    "DLIF Link-Layer Address",
  ]);
});
