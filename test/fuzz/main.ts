/** `deno task fuzz`: looks for inputs that do harm, led by where the code under test has been. See --help. */
import { LITERALS } from "./engine/install.ts";
import { Command, InvalidArgumentError } from "commander";
import { placeCount } from "./engine/coverage.ts";
import { type Finding, Fuzzer } from "./engine/fuzzer.ts";
import { appendInput, readInputs, writeInputs } from "./engine/input_file.ts";
import { dictionary } from "./engine/input_mutator.ts";
import type { FuzzTarget } from "./engine/target.ts";
import { Watchdog } from "./engine/watchdog.ts";

// Later than what instruments them.
const { TARGETS } = await import("./targets/all.ts");

/** An input that takes so long never ends; what is only slow is told by itself. */
const ENDLESS_MS = 20_000;

const names = TARGETS.map(({ name }) => name);

function target(name: string, chosen: readonly FuzzTarget[] = []): FuzzTarget[] {
  const found = TARGETS.find((each) => each.name === name);
  if (found === undefined) throw new InvalidArgumentError(`there are ${names.join(", ")}.`);
  return [...chosen, found];
}

function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError("a whole number.");
  return Number(text);
}

const command = new Command("fuzz")
  .description(
    "Looks for inputs that do harm; ends with status 1 and keeps the smallest one where there is one.",
  )
  .argument("[targets...]", `which to try, otherwise all: ${names.join(", ")}`, target)
  .option("--seconds <number>", "for each of them", wholeNumber, 10)
  .option("--seed <number>", "of what is random; otherwise another one each time", wholeNumber)
  .option(
    "--keep",
    "write the smallest inputs found that together come everywhere to test/fuzz/corpus (up to 32 KiB a target)",
    false,
  )
  .addHelpText(
    "after",
    "\nExamples:\n  deno task fuzz --seconds 60\n  deno task fuzz --seconds 600 home_agent forwarder",
  )
  .parse();

const { seconds, seed = Date.now() % 1_000_000, keep } = command.opts();
const words = dictionary(LITERALS);
console.log(`seed ${seed}, ${placeCount()} places in the code, ${words.length} words`);
let found = 0;
const [chosen] = command.processedArgs;
for (const each of chosen?.length ? chosen : TARGETS) {
  if (fuzz(each) !== undefined) found += 1;
}
Deno.exit(found === 0 ? 0 : 1);

function fuzz(each: FuzzTarget): Finding | undefined {
  const { name } = each;
  const corpusFile = new URL(`corpus/${name}.hex`, import.meta.url);
  const foundFile = new URL(`found/${name}.hex`, import.meta.url);
  using watchdog = new Watchdog(each.maximumOctets, foundFile, ENDLESS_MS);
  const fuzzer = new Fuzzer(watchdog.watching(each), seed, words);
  const began = performance.now();
  const goesOn = () => performance.now() - began < seconds * 1000;
  const finding = fuzzer.try([...each.seeds(), ...readInputs(corpusFile), ...readInputs(foundFile)]) ??
    fuzzer.run(goesOn);
  const took = (performance.now() - began) / 1000;
  const rate = Math.round(fuzzer.executions / took);
  console.log(
    `${name}: ${fuzzer.executions} executions in ${took.toFixed(1)} s (${rate} a second), ` +
      `${fuzzer.places} places, ${fuzzer.queued} inputs kept`,
  );
  if (finding !== undefined) report(fuzzer.smaller(finding), foundFile);
  else if (keep) writeInputs(corpusFile, fuzzer.corpus());
  return finding;
}

function report({ input, error }: Finding, file: URL): void {
  appendInput(file, input, String(error));
  console.error(error);
  console.error(`${input.length} octets: ${input.toHex()}\nadded to ${file.pathname}`);
}
