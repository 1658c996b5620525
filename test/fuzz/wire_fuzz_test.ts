import { assert } from "@std/assert";
import { Mutator, SeededRandom } from "./mutation.ts";
import { decodes, WIRE_DECODERS } from "./wire_decoders.ts";

/** DSMIP_FUZZ_SEED and DSMIP_FUZZ_PACKETS look elsewhere and longer. */
const SEED = Number(Deno.env.get("DSMIP_FUZZ_SEED") ?? 5555);
const PACKETS = Number(Deno.env.get("DSMIP_FUZZ_PACKETS") ?? 1_000_000);

Deno.test(`${PACKETS} damaged packets decode to a value or to a fault`, () => {
  const shares = WIRE_DECODERS.reduce((sum, { share }) => sum + share, 0);
  for (const target of WIRE_DECODERS) {
    const random = new SeededRandom(SEED);
    const longest = Math.max(...target.corpus.map(({ length }) => length));
    const mutator = new Mutator(longest, random);
    const packets = Math.ceil(PACKETS * target.share / shares);
    let values = 0;
    for (let i = 0; i < packets; i++) {
      const bytes = mutator.mutate(target.corpus[random.below(target.corpus.length)]);
      if (decodes(target, bytes)) values += 1;
    }
    assert(values > packets / 100 && values < packets, `${target.name}: ${values} of ${packets} had a value`);
  }
});

Deno.test("random octets of every length decode to a value or to a fault", () => {
  const random = new SeededRandom(SEED);
  for (let length = 0; length < 400; length++) {
    for (const target of WIRE_DECODERS) {
      const bytes = Uint8Array.from({ length }, () => random.next());
      decodes(target, bytes);
    }
  }
});
