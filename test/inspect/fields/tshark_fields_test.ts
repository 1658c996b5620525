import { assert, assertEquals } from "@std/assert";
import { decode } from "../../../cli/commands/decode.ts";
import { FIELDS } from "../../../core/inspect/fields/field_table.ts";
import { random } from "../random.ts";
import { hasTshark, tsharkFields } from "../tshark.ts";
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
const LABELS: ReadonlySet<string> = new Set(["ip", "ipv6", "udp", "ipv6.routing"]);
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

const NAMES = [...FIELDS.keys()].filter((name) => !EXCEPTIONS.has(name));

/** Our cells for a capture, in the shape of tsharkFields(). */
export function ourFields(file: string, names: readonly string[]): string[][][] {
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
async function compare(
  seed: number,
  damaged: boolean,
): Promise<{ differences: Difference[]; equal: number }> {
  const next = random(seed);
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(file, generatedCapture(mobilityHeaders(next, damaged), next));
    const theirs = await tsharkFields(file, NAMES);
    const ours = ourFields(file, NAMES);
    assertEquals(ours.length, theirs.length);
    const differences: Difference[] = [];
    let equal = 0;
    for (const [row, cells] of ours.entries()) {
      for (const [column, field] of NAMES.entries()) {
        const mine = comparable(field, cells[column]);
        const tshark = theirs[row][column];
        const same = LABELS.has(field) ? mine.length === tshark.length : mine.join(";") === tshark.join(";");
        if (!same) differences.push({ packet: row + 1, field, ours: mine, tshark });
        else if (mine.length > 0) equal++;
      }
    }
    return { differences, equal };
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
    assert(equal > 10_000, `${equal} cells`);
  },
});

/** Fields of options: where one is damaged, tshark and we may lose our way in different places. */
const MAY_DIFFER = 0.06;

Deno.test({
  name: "-T fields says what tshark says of damaged messages: all fixed fields, and nearly all options",
  ignore: !hasTshark,
  async fn() {
    const { differences, equal } = await compare(17, true);
    const isFixed = ({ field }: Difference) =>
      !field.startsWith("mip6.") || /^mip6\.(bu|ba|be|hot|cot|hoti|coti|mhtype|hlen)\b/.test(field);
    assertEquals(differences.filter(isFixed), []);
    const packets = new Set(differences.map(({ packet }) => packet)).size;
    assert(
      packets < 232 * MAY_DIFFER * 2,
      `${packets} packets differ: ${JSON.stringify(differences.slice(0, 20))}`,
    );
    assert(equal > 10_000, `${equal} cells`);
  },
});
