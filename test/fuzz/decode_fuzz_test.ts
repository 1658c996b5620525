import { assert } from "@std/assert";
import { corpus, fuzz } from "./decode_fuzz.ts";

Deno.test("damaged captures of the corpus: 3,000 rounds, no exception, none slow", () => {
  assert(corpus().length >= 5);
  fuzz(3000, 20_261_124);
});
