import { assertEquals } from "@std/assert";
import { mobilityMessageTypeName, mobilityOptionTypeName } from "../../core/inspect/mobility_names.ts";
import { goldenPackets } from "./golden_packets.ts";
import { captured, print } from "./show.ts";

/**
 * Line and tree of one packet of every kind, kept in golden.txt. After a change that is meant, look at the
 * difference and keep it with `GOLDEN=write deno test -A test/inspect/golden_test.ts`.
 */
const GOLDEN = new URL("golden.txt", import.meta.url);

Deno.test("lines and trees of one packet of every kind are those of golden.txt", () => {
  const text = goldenPackets().map(({ what, bytes, linkType, originalLength }) => {
    const packet = captured(bytes, { linkType, originalLength: originalLength ?? bytes.length });
    return `=== ${what}\n${print([packet], "line")}${print([packet], "tree")}`;
  }).join("");
  if (Deno.env.get("GOLDEN") === "write") Deno.writeTextFileSync(GOLDEN, text);
  assertEquals(text.split("\n"), Deno.readTextFileSync(GOLDEN).split("\n"));
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
