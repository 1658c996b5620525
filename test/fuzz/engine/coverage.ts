/**
 * Where the program under test has been: one octet of counter for each place, which instrumented JavaScript (javascript.ts)
 * and WebAssembly (webassembly.ts) count up. They share one memory, because only a memory can be imported by both.
 */

/** More places than all of core, wasm and cli have. */
const PAGES = 2;

export const COVERAGE_MEMORY = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
const counters = new Uint8Array(COVERAGE_MEMORY.buffer);
const words = new Uint32Array(COVERAGE_MEMORY.buffer);
let places = 0;

/** Name of the counters in instrumented JavaScript. */
export const COUNTERS_NAME = "__fuzzCounters";
Object.defineProperty(globalThis, COUNTERS_NAME, { value: counters });

/** The number of the next place, from 0 on. @throws RangeError where the memory is full */
export function newPlace(): number {
  if (places >= counters.length) throw new RangeError(`more than ${counters.length} places to count`);
  return places++;
}

/** Places that are counted. */
export function placeCount(): number {
  return places;
}

export function clearCounters(): void {
  words.fill(0, 0, places + 3 >> 2);
}

/**
 * What the counters say since they were cleared, as numbers: a place together with how often it was passed, in powers
 * of two (1, 2, 3, 4.., 8.., 16.., 32.., 128..), so that one more round of a loop is nothing new each time.
 */
export function features(): number[] {
  const found: number[] = [];
  for (let word = 0; word < places + 3 >> 2; word++) {
    if (words[word] === 0) continue;
    for (let place = 4 * word; place < 4 * word + 4; place++) {
      if (counters[place] > 0) found.push(8 * place + BUCKETS[counters[place]]);
    }
  }
  return found;
}

/** The place of a feature. */
export function placeOf(feature: number): number {
  return feature >> 3;
}

const BUCKETS = Uint8Array.from({ length: 256 }, (_, count) => {
  if (count <= 3) return Math.max(0, count - 1);
  return [8, 16, 32, 128, 256].findIndex((limit) => count < limit) + 3;
});
