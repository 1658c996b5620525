import type { FuzzTarget } from "../engine/target.ts";
import { decodes, WIRE_DECODERS } from "../wire_decoders.ts";

const SEEDS_OF_EACH = 40;

/** The decoders of core/wire; the first octet says which. */
export const wire: FuzzTarget = {
  name: "wire",
  maximumOctets: 1500,
  seeds: () =>
    WIRE_DECODERS.flatMap(({ corpus }, index) =>
      corpus.slice(0, SEEDS_OF_EACH).map((bytes) => Uint8Array.of(index, ...bytes))
    ),
  run(input) {
    if (input.length > 0) decodes(WIRE_DECODERS[input[0] % WIRE_DECODERS.length], input.slice(1));
  },
};
