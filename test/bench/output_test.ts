import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { coloursFor } from "../../cli/output/colours.ts";
import { UsageError } from "../../cli/output/fault.ts";
import { drawResults } from "../../bench/tunnels/picture.ts";
import { formatResults, parseResults, readResults } from "../../bench/tunnels/results.ts";
import { describeConditions, formatMarkdown, formatTables } from "../../bench/tunnels/table.ts";
import { exampleResults, sample } from "./example.ts";

const PLAIN = coloursFor({ isTerminal: () => false });

const RESULTS = exampleResults([
  sample("veth", "tcp_mbit", 40_000),
  sample("dsmip", "tcp_mbit", 900),
  sample("dsmip", "tcp_mbit", 1100),
  sample("quicktun", "tcp_mbit", 700, true),
  sample("dsmip", "tcp_cpu_s_gb", 6.25),
  sample("dsmip", "roam_receiving_ms", 0),
]);

Deno.test("bench output: one table for each metric, sorted, with what was disturbed marked", () => {
  assertEquals(
    formatTables(RESULTS, PLAIN),
    `Linux 6.1.0, 2 x Example <CPU> & more, 4 GB, 2026-01-02
veth as it comes: packets of up to 64 KB cross it whole; 3 runs of every tunnel in turn, TCP for 5 s

TCP, one stream (Mbit/s; more is better)
  tunnel    median          min-max  n
  veth      40,000  40,000 - 40,000  1
  dsmip      1,000      900 - 1,100  2
  quicktun    700*        700 - 700  1

TCP: CPU of both daemons (s/GB; less is better)
  tunnel  median      min-max  n
  dsmip     6.25  6.25 - 6.25  1

New address, only receiving: lost (ms; less is better)
  tunnel  median  min-max  n
  dsmip        0    0 - 0  1

* other processes or the hypervisor took part of the machine in every run
`,
  );
});

Deno.test("bench output: one table for a document", () => {
  assertEquals(
    formatMarkdown(RESULTS).split("\n").slice(0, 6),
    [
      "| tunnel | TCP, Mbit/s | CPU, s/GB |",
      "| --- | ---: | ---: |",
      "| veth | 40,000 |  |",
      "| **dsmip** | 1,000 (900-1,100) | 6.25 |",
      "| quicktun | 700\\* |  |",
      "",
    ],
  );
  assertEquals(formatMarkdown(exampleResults([])), "No measurements.\n");
});

Deno.test("bench output: a picture that is well-formed, with our bars marked and the longest cut", () => {
  const svg = drawResults(RESULTS);
  assertMatch(svg, /^<svg [^>]+>\n[^]*<\/svg>\n$/);
  assert(!/NaN|Infinity|undefined/.test(svg));
  assertStringIncludes(svg, "Example &lt;CPU&gt; &amp; more");
  for (const words of ["TCP, one stream", "40,000", "700*", ">quicktun<"]) assertStringIncludes(svg, words);
  const orange = svg.match(/<rect [^>]+fill="#d9541e"/g) ?? [];
  assertEquals(orange.length, 3);
  // Every element that is opened is closed.
  const depth = [...svg.matchAll(/<(\/?)\w[^>]*?(\/?)>/g)]
    .reduce((depth, [, closes, closed]) => depth + (closes ? -1 : closed ? 0 : 1), 0);
  assertEquals(depth, 0);
  assertMatch(drawResults(exampleResults([])), /^<svg /);
});

Deno.test("bench output: results.json is read as it was written", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/results.json`;
    await Deno.writeTextFile(path, formatResults(RESULTS));
    assertEquals(await readResults(path), RESULTS);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals(parseResults(formatResults(exampleResults([])), "x"), exampleResults([]));
});

Deno.test("bench output: what is no results.json is refused by name", async () => {
  await assertRejects(() => readResults("/nowhere/results.json"), UsageError, "/nowhere/results.json");
  assertThrows(() => parseResults("{", "x.json"), UsageError, "x.json is not JSON");
  assertThrows(() => parseResults("[]", "x.json"), UsageError, "x.json holds no results");
  const changed = formatResults(RESULTS).replace('"runs": 3', '"runs": "many"');
  assertThrows(() => parseResults(changed, "x.json"), UsageError, "conditions.runs");
  const newer = formatResults(RESULTS).replace('"version": 1', '"version": 2');
  assertThrows(() => parseResults(newer, "x.json"), UsageError, "version");
});

Deno.test("bench output: --pin stands in the head, and results from before it had none", () => {
  const { conditions } = exampleResults([]);
  const place = /end a on processor 0, end b on processor 1/;
  assertMatch(describeConditions({ ...conditions, pinned: true }).join(), place);
  assert(!place.test(describeConditions(conditions).join()));
  const before = formatResults(RESULTS).replace(/ *"pinned": false,\n/, "");
  assertEquals(parseResults(before, "x.json").conditions.pinned, false);
});
