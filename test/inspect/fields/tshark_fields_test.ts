import { assert, assertEquals } from "@std/assert";
import { decode } from "../../../cli/commands/decode_packets.ts";
import { FIELDS } from "../../../core/inspect/fields/field_table.ts";
import { LinkType } from "../../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord } from "../../../core/capture/pcap_writer.ts";
import { join } from "../packet_builder.ts";
import { samplePackets } from "../sample_packets.ts";
import { random } from "../random.ts";
import { hasTshark, tsharkFieldNames, tsharkFields } from "../tshark.ts";
import { generatedCapture, mobilityHeaders } from "./generated_capture.ts";

/** Where we say something else than tshark 4.0.17; docs/decode.md says why. */
const EXCEPTIONS: ReadonlySet<string> = new Set([
  "mip6",
  "mip6.mobility_opt",
  "mip6.opt.len.invalid",
  "mip6.mseg_id.timestamp",
  "mip6.em.data",
]);
/** tshark writes the label of these protocols, with addresses in it, where we write the name. */
const LABELS: ReadonlySet<string> = new Set([
  "eth",
  "vlan",
  "arp",
  "ip",
  "ipv6",
  "ipv6.hopopts",
  "ipv6.dstopts",
  "ipv6.routing",
  "ipv6.fraghdr",
  "udp",
  "tcp",
  "icmp",
  "icmpv6",
]);
/** tshark leaves the last two octets away. */
const CUT_BY_TSHARK: ReadonlySet<string> = new Set([
  "mip6.auth.auth_data",
  "mip6.badff.auth",
  "mip6.cgar.cga_par",
  "mip6.dnsu.mn_id",
  "mip6.mocot.co_keygen_tok",
  "mip6.phkt.phkt",
  "mip6.sign.sign",
  "mip6.vsm.data",
]);
const CUT_DIGITS = 4;

const known = hasTshark ? await tsharkFieldNames() : new Set<string>();
const NAMES = [...FIELDS.keys()].filter((name) => known.has(name) && !EXCEPTIONS.has(name));

/** Our cells for a capture, in the shape of tsharkFields(). */
function ourFields(file: string, names: readonly string[]): string[][][] {
  let text = "";
  const decoder = new TextDecoder();
  const output = {
    writeSync(bytes: Uint8Array) {
      text += decoder.decode(bytes);
      return bytes.length;
    },
  };
  using source = Deno.openSync(file);
  decode(source, output, { name: file, format: "fields", fields: names, layout: ["aggregator=;"] });
  return text.split("\n").slice(0, -1)
    .map((row) => row.split("\t").map((cell) => cell === "" ? [] : cell.split(";")));
}

function comparable(name: string, ours: readonly string[]): readonly string[] {
  return CUT_BY_TSHARK.has(name) ? ours.map((value) => value.slice(0, -CUT_DIGITS)) : ours;
}

interface Difference {
  readonly packet: number;
  readonly field: string;
  readonly ours: readonly string[];
  readonly tshark: readonly string[];
}

/** What differs between us and tshark, and how many cells with something in them are the same. */
interface Comparison {
  readonly differences: readonly Difference[];
  readonly equal: number;
  readonly packets: number;
}

function compare(seed: number, damaged: boolean): Promise<Comparison> {
  const next = random(seed);
  return compareFile(generatedCapture(mobilityHeaders(next, damaged), next), NAMES);
}

async function compareFile(capture: Uint8Array, names: readonly string[]): Promise<Comparison> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(file, capture);
    const theirs = await tsharkFields(file, names);
    const ours = ourFields(file, names);
    assertEquals(ours.length, theirs.length);
    const differences: Difference[] = [];
    let equal = 0;
    for (const [row, cells] of ours.entries()) {
      for (const [column, field] of names.entries()) {
        const mine = comparable(field, cells[column]);
        const tshark = theirs[row][column];
        const same = LABELS.has(field) ? mine.length === tshark.length : mine.join(";") === tshark.join(";");
        if (!same) differences.push({ packet: row + 1, field, ours: mine, tshark });
        else if (mine.length > 0) equal++;
      }
    }
    return { differences, equal, packets: ours.length };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test({
  name: `-T fields says what tshark says: ${NAMES.length} fields of every message and option`,
  ignore: !hasTshark,
  async fn() {
    const { differences, equal } = await compare(5, false);
    assertEquals(differences, []);
    assert(equal > 30_000, `${equal} cells`);
  },
});

/** Of an option that it does not know tshark shows one length, and of others another. */
const LENGTH = "mip6.mobility_opt.len";
/** Part of the packets in which tshark loses its way behind a damaged option, and we do not. */
const MAY_DIFFER = 0.04;

Deno.test({
  name: "-T fields says what tshark says of damaged messages: all fixed fields, and nearly all options",
  ignore: !hasTshark,
  async fn() {
    const { differences, equal, packets } = await compare(17, true);
    const isFixed = ({ field }: Difference) =>
      /^(frame|ip|ipv6|udp|mip6\.(bu|ba|be|hb|ho?t|co?t|[hc]oti|mhtype|hlen|csum))\b/.test(field);
    assertEquals(differences.filter(isFixed), []);
    // Octets that are not text stand there as they are in tshark's, and escaped in ours.
    const others = differences.filter(({ field, ours }) =>
      field !== LENGTH && !ours.some((value) => value.includes("\\x"))
    );
    const differing = new Set(others.map(({ packet }) => packet)).size;
    assert(
      differing < packets * MAY_DIFFER,
      `${differing} packets differ: ${JSON.stringify(others.slice(0, 20))}`,
    );
    assert(equal > 30_000, `${equal} cells`);
  },
});

const LINK_TYPES = [LinkType.raw, LinkType.ethernet] as const;
/** Of samples in a snap length or a fragment: tshark calls them otherwise. */
const OTHER_NAMES = NAMES.filter((name) => !name.startsWith("mip6."));

for (const linkType of LINK_TYPES) {
  Deno.test({
    name: `-T fields says what tshark says of the headers around messages, link type ${linkType}`,
    ignore: !hasTshark,
    async fn() {
      const packets = samplePackets().filter((sample) => sample.linkType === linkType);
      const time = { seconds: 1_700_000_000, nanoseconds: 0 };
      const file = join(
        encodePcapHeader({ linkType }),
        ...packets.map(({ bytes }) => encodePcapRecord({ linkType }, time, bytes)),
      );
      const { differences, equal } = await compareFile(file, OTHER_NAMES);
      assertEquals(differences, []);
      assert(equal > 20 * packets.length, `${equal} cells`);
    },
  });
}
