import { assertEquals } from "@std/assert";
import { selfExtracting } from "../../../scripts/build/self_extracting.ts";

/** The first length with one digit more. */
const LIMIT = 100_000;
const MOST_TRIES = 1000;

/** A file with so much noise in its program, another one each time, which does not get smaller: how long it is, and how long it says that it is. */
async function lengths(noise: number): Promise<{ length: number; said: string }> {
  const [runtime, main] = [LIMIT / 2, noise].map((length) => crypto.getRandomValues(new Uint8Array(length)));
  const program = { modules: new Map([["main.js", main]]), packages: new Map() };
  const file = await selfExtracting({ program, runtime, machine: "x86_64", level: 1 });
  const script = new TextDecoder().decode(file.subarray(0, 1000));
  return { length: file.length, said: /^size=(.*)$/m.exec(script)![1] };
}

Deno.test("self-extracting file: it knows its size, also where the digits of the size make it longer by one", async () => {
  let noise = LIMIT / 4;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const { length, said } = await lengths(noise);
    assertEquals(said, String(length), `${noise} octets of noise`);
    const others = length - said.length;
    if (others < LIMIT && others + 5 >= LIMIT) return;
    // What is compressed does not grow evenly: this comes close, and then again beside it.
    noise += LIMIT - 3 - others;
  }
  throw new Error(`no file came so close to ${LIMIT} octets in ${MOST_TRIES} tries`);
});
