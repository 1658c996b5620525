/**
 * `deno task fuzz [ROUNDS] [SEED]`: damages the captures of test/fuzz/corpus and reads them as `dsmip decode` does. Ends
 * with status 1, and keeps the capture that did it, where one makes an exception or takes longer than it may.
 */
import { decode } from "../../cli/commands/decode_packets.ts";
import { Failure } from "../../cli/output/fault.ts";
import { Mutator, SeededRandom } from "./mutation.ts";

const CORPUS = new URL("corpus/", import.meta.url);
/** Far more than any capture of the corpus takes. */
const MAXIMUM_MS = 2000;

/** The captures of the corpus, in the order of their names. */
export function corpus(): Uint8Array[] {
  return [...Deno.readDirSync(CORPUS)].map(({ name }) => name).sort()
    .map((name) => Deno.readFileSync(new URL(name, CORPUS)));
}

/** Reads `rounds` damaged captures; throws an Error that names the file which it keeps where one does harm. */
export function fuzz(rounds: number, seed: number): void {
  const files = corpus();
  const random = new SeededRandom(seed);
  const mutator = new Mutator(Math.max(...files.map(({ length }) => length)), random);
  for (let round = 0; round < rounds; round++) {
    const file = mutator.mutate(files[random.below(files.length)]);
    const began = performance.now();
    try {
      show(file, round % 4 === 0);
    } catch (error) {
      if (error instanceof Failure) continue;
      throw new Error(`round ${round} of seed ${seed}: ${keep(file, seed, round)}`, { cause: error });
    }
    const ms = performance.now() - began;
    if (ms > MAXIMUM_MS) {
      throw new Error(`round ${round} of seed ${seed} took ${ms} ms: ${keep(file, seed, round)}`);
    }
  }
}

function show(file: Uint8Array, verbose: boolean): void {
  let given = false;
  const source = {
    readSync(buffer: Uint8Array): number | null {
      if (given) return null;
      given = true;
      buffer.set(file);
      return file.length;
    },
  };
  decode(source, { writeSync: (bytes) => bytes.length }, { name: "mutated", verbose });
}

function keep(file: Uint8Array, seed: number, round: number): string {
  const path = `${Deno.makeTempDirSync()}/fuzz-${seed}-${round}.pcap`;
  Deno.writeFileSync(path, file);
  return path;
}

if (import.meta.main) {
  const [rounds = "100000", seed = String(Date.now() % 1_000_000)] = Deno.args;
  fuzz(Number(rounds), Number(seed));
  console.log(`${rounds} damaged captures with seed ${seed}: no exception, none slow`);
}
