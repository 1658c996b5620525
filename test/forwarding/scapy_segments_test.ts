import { assert, assertEquals } from "@std/assert";
import { segment } from "../../core/forwarding/segmentation.ts";
import { WasmForwarder } from "../../wasm/wasm_forwarder.ts";
import { hexOf, octetsOf } from "../wire/octets.ts";
import { AS_HOME_AGENT, NOW_MS } from "./case_tools.ts";
import { assertDeliveredAs, bindNode, receive } from "./offload_tools.ts";
import { Random } from "./random_packets.ts";
import { fromNode, superPacket, toNode, type Version } from "./transport_packets.ts";
import { askScapy, hasScapy, scapyName } from "../scapy.ts";

const CASES = 200;

interface Case {
  readonly version: Version;
  readonly protocol: "tcp" | "udp";
  readonly source: string;
  readonly destination: string;
  readonly typeOfService: number;
  readonly timeToLive: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly flowLabel: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  /** Of TCP, in scapy's letters. */
  readonly flags: string;
  readonly hasOptions: boolean;
  /** Hexadecimal. */
  readonly payload: string;
}

interface Answer {
  readonly built: readonly string[];
  readonly read: readonly {
    readonly identification: number | null;
    readonly sequence: number | null;
    readonly flags: string | null;
    readonly payload: string;
    readonly rebuilt: string;
  }[];
}

function randomCase(random: Random, ends: (version: Version) => ReturnType<typeof toNode>): Case {
  const version = random.pick<Version>([4, 6]);
  const { source, destination } = ends(version);
  return {
    version,
    protocol: random.pick(["tcp", "udp"]),
    source: source!,
    destination: destination!,
    typeOfService: random.below(256),
    timeToLive: random.below(256),
    identification: random.below(65_536),
    dontFragment: random.chance(70),
    flowLabel: random.below(1 << 20),
    sourcePort: 1024 + random.below(30_000),
    // No port that scapy has a layer for.
    destinationPort: 40_000 + random.below(1000),
    sequence: random.chance(30) ? 2 ** 32 - random.below(4000) : random.below(2 ** 32),
    flags: random.pick(["A", "PA", "FPA", "AC", "FPAC", "AE"]),
    hasOptions: random.chance(50),
    payload: hexOf(random.octets(1 + random.below(6000))),
  };
}

async function ask(request: unknown): Promise<Answer> {
  return await askScapy(new URL("scapy_segments.py", import.meta.url), request) as Answer;
}

Deno.test({
  name: scapyName(`segments of ${CASES} packets that scapy built are right for scapy`),
  ignore: !hasScapy,
  fn: async () => {
    const random = new Random(793);
    const cases = Array.from({ length: CASES }, () => randomCase(random, toNode));
    const { built } = await ask({ build: cases, read: [] });
    const forwarder = new WasmForwarder(AS_HOME_AGENT);
    bindNode(forwarder);
    const octets = cases.map(() => random.pick([1000, 1200, 1380]));
    const segments = built.map((packet, index) => {
      const { bytes, header } = superPacket(octetsOf(packet), octets[index]);
      const [verdict] = forwarder.outbound([{ bytes, header }], NOW_MS);
      assert(verdict.kind === "send");
      assertEquals(verdict.datagrams, segment(bytes, header));
      return verdict.datagrams;
    });
    const { read } = await ask({ build: [], read: segments.flat().map(hexOf) });
    let next = 0;
    for (const [index, given] of cases.entries()) {
      let payload = "";
      for (const [number, bytes] of segments[index].entries()) {
        const { rebuilt, ...seen } = read[next++];
        assertEquals(rebuilt, hexOf(bytes), "lengths and checksums");
        const isTcp = given.protocol === "tcp";
        const isFirst = number === 0;
        const isLast = number === segments[index].length - 1;
        const flags = [...given.flags].filter((flag) =>
          (isLast || !"FP".includes(flag)) && (isFirst || flag !== "C")
        );
        assertEquals(seen, {
          identification: given.version === 4 ? (given.identification + number) % 65_536 : null,
          sequence: isTcp ? (given.sequence + number * octets[index]) % 2 ** 32 : null,
          flags: isTcp ? flags.join("") : null,
          payload: seen.payload,
        });
        payload += seen.payload;
      }
      assertEquals(payload, given.payload);
    }
    assert(next > 2 * CASES, `${next} segments`);
  },
});

Deno.test({
  name: scapyName(`segments that scapy built are merged, and come out as they were`),
  ignore: !hasScapy,
  fn: async () => {
    const random = new Random(768);
    const SEGMENTS = 8;
    const flows = Array.from(
      { length: 40 },
      () => ({ ...randomCase(random, fromNode), typeOfService: 0, flags: "A" }),
    );
    const build = flows.flatMap((flow) =>
      Array.from({ length: SEGMENTS }, (_, number) => ({
        ...flow,
        identification: (flow.identification + number) % 65_536,
        sequence: (flow.sequence + number * 1000) % 2 ** 32,
        payload: hexOf(random.octets(1000)),
      }))
    );
    const { built } = await ask({ build, read: [] });
    const packets = built.map((packet) => octetsOf(packet));
    const forwarder = new WasmForwarder(AS_HOME_AGENT);
    bindNode(forwarder);
    for (let first = 0; first < packets.length; first += SEGMENTS) {
      const segments = packets.slice(first, first + SEGMENTS);
      assertDeliveredAs(receive(forwarder, segments), segments);
    }
    assertEquals(forwarder.systemCallCounts().tunWrites, flows.length);
  },
});
