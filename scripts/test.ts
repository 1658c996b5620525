/**
 * Runs every test, in two processes at one time: tests that build networks mostly wait, the others mostly compute.
 * The last line counts both as `deno test` does. With arguments it is `deno test -A` with these.
 */

/** Folders of test/ whose tests compute. All others may build networks, and run one after the other. */
const COMPUTING_FOLDERS: readonly string[] = [
  "capture",
  "configuration_import",
  "conformance",
  "control",
  "forwarding",
  "fuzz",
  "inspect",
  "lint",
  "scripts",
  "sessions",
  "simulator",
  "wasm",
  "wire",
];
/** They leave the processor to those that measure times. */
const NICE = ["nice", "-n", "10"];

/** What the last line of `deno test` counts. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** The counts of a run of `deno test`; undefined where it did not get to its last line. */
export function readSummary(output: string): Summary | undefined {
  // deno-lint-ignore no-control-regex
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const line = plain.split("\n").findLast((line) => /^(ok|FAILED) \| \d+ passed/.test(line));
  if (line === undefined) return undefined;
  const count = (word: string) => Number(line.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), ignored: count("ignored") };
}

/** The last line of all runs together; a run without a summary is one failure. */
export function totalLine(summaries: readonly (Summary | undefined)[], seconds: number): string {
  const sum = (key: keyof Summary) => summaries.reduce((total, summary) => total + (summary?.[key] ?? 0), 0);
  const failed = sum("failed") + summaries.filter((summary) => summary === undefined).length;
  const word = failed === 0 ? "ok" : "FAILED";
  return `${word} | ${sum("passed")} passed | ${failed} failed | ${sum("ignored")} ignored (${seconds}s)`;
}

/** Runs `deno test` with these words, and shows what it says: at once, or all at its end. */
async function runTests(words: readonly string[], before: readonly string[], show: "live" | "after") {
  const [program, ...args] = [...before, Deno.execPath(), "test", "-A", ...words];
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "inherit" })
    .spawn();
  const chunks: Uint8Array[] = [];
  for await (const chunk of child.stdout) {
    chunks.push(chunk);
    if (show === "live") Deno.stdout.writeSync(chunk);
  }
  const { success } = await child.status;
  const output = await new Blob(chunks as BlobPart[]).text();
  if (show === "after") console.log(output);
  return { success, summary: readSummary(output) };
}

if (import.meta.main) {
  if (Deno.args.length > 0) {
    const { success } = await runTests(Deno.args, [], "live");
    Deno.exit(success ? 0 : 1);
  }
  const started = performance.now();
  const folders = [...Deno.readDirSync("test")].filter((entry) => entry.isDirectory).map(({ name }) => name);
  const words = (computing: boolean) =>
    folders.filter((name) => COMPUTING_FOLDERS.includes(name) === computing).sort().map((name) =>
      `test/${name}/`
    );
  const results = await Promise.all([
    runTests(words(false), [], "live"),
    runTests(words(true), NICE, "after"),
  ]);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(totalLine(results.map(({ summary }) => summary), seconds));
  Deno.exit(results.every(({ success }) => success) ? 0 : 1);
}
