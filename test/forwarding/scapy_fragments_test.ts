import { assert, assertEquals } from "@std/assert";
import { fragment } from "../../core/forwarding/fragmentation.ts";
import { WasmForwarder } from "../../wasm/wasm_forwarder.ts";
import { askScapy, hasScapy, scapyName } from "../scapy.ts";
import { hexOf, octetsOf } from "../wire/octets.ts";
import { AS_HOME_AGENT, NODE_IN_UDP, NOW_MS } from "./case_tools.ts";
import { bindNode } from "./offload_tools.ts";
import { Random } from "./random_packets.ts";
import { toNode } from "./transport_packets.ts";

const CASES = 200;

interface Case {
  readonly source: string;
  readonly destination: string;
  readonly typeOfService: number;
  readonly timeToLive: number;
  readonly identification: number;
  /** In scapy's words. */
  readonly flags: "" | "MF" | "evil" | "MF+evil";
  /** Units of 8 octets. */
  readonly offset: number;
  readonly protocol: number;
  /** Hexadecimal. */
  readonly options: readonly string[];
  readonly payload: string;
  /** Data octets of each fragment. */
  readonly fragmentOctets: number;
}

interface Answer {
  readonly built: readonly string[];
  readonly fragments: readonly (readonly string[])[];
  readonly reassembled: readonly string[];
}

function randomCase(random: Random, kind: "whole" | "any", options: readonly string[]): Case {
  const { source, destination } = toNode(4);
  const isWhole = kind === "whole";
  return {
    source: source!,
    destination: destination!,
    typeOfService: random.below(256),
    timeToLive: random.below(256),
    identification: random.below(65_536),
    flags: isWhole ? "" : random.pick(["", "MF", "evil", "MF+evil"]),
    offset: isWhole || random.chance(50) ? 0 : random.below(7000),
    // No protocol that scapy has a layer for.
    protocol: 253,
    options,
    payload: hexOf(random.octets(1500 + random.below(6000))),
    fragmentOctets: 8 * (158 + random.below(30)),
  };
}

async function ask(build: readonly Case[], reassemble: readonly (readonly string[])[] = []): Promise<Answer> {
  return await askScapy(new URL("scapy_fragments.py", import.meta.url), { build, reassemble }) as Answer;
}

/** What the forwarder with WASM makes of it in a tunnel for so many octets; the plain code makes the same. */
function fragmentsOf(forwarder: WasmForwarder, packet: Uint8Array, mtu: number): Uint8Array[] {
  bindNode(forwarder, NODE_IN_UDP, mtu);
  const [verdict] = forwarder.outbound([{ bytes: packet }], NOW_MS);
  assert(verdict.kind === "send");
  assertEquals(verdict.datagrams, fragment(packet, mtu));
  return [...verdict.datagrams];
}

Deno.test({
  name: scapyName(`RFC 791 3.2: fragments of ${CASES} packets are those that scapy makes`),
  ignore: !hasScapy,
  fn: async () => {
    const random = new Random(791);
    const cases = Array.from({ length: CASES }, () => randomCase(random, "any", []));
    const { built, fragments } = await ask(cases);
    const forwarder = new WasmForwarder(AS_HOME_AGENT);
    let count = 0;
    for (const [index, { fragmentOctets }] of cases.entries()) {
      const made = fragmentsOf(forwarder, octetsOf(built[index]), 20 + fragmentOctets);
      assertEquals(made.map(hexOf), fragments[index]);
      count += made.length;
    }
    assert(count > 3 * CASES, `${count} fragments`);
  },
});

Deno.test({
  name: scapyName(`RFC 791 3.2: scapy makes ${CASES} packets with options of their fragments again`),
  ignore: !hasScapy,
  fn: async () => {
    const random = new Random(815);
    const options = ["01", "94040000", "07070401020304", "8805090807", "44080500aabbccdd"];
    const cases = Array.from({ length: CASES }, () => {
      const chosen = Array.from({ length: random.below(5) }, () => random.pick(options));
      return randomCase(random, "whole", chosen);
    });
    const { built } = await ask(cases);
    const forwarder = new WasmForwarder(AS_HOME_AGENT);
    const made = built.map((packet) => fragmentsOf(forwarder, octetsOf(packet), 1280 + random.below(220)));
    // A receiver takes them in any order; the options are those of the first.
    const shuffled = made.map((fragments) => {
      const rest = fragments.map(hexOf);
      return Array.from({ length: rest.length }, () => rest.splice(random.below(rest.length), 1)[0]);
    });
    const { reassembled } = await ask([], shuffled);
    assertEquals(reassembled, built);
  },
});
