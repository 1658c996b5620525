import { assert, assertEquals } from "@std/assert";
import { isRoot } from "../ffi/in_namespace.ts";

const PACKETS_EACH_WAY = 50_000;
/**
 * A packet would take 16 octets and more; as many as four come in one read or write. The compiler, and what is judged every
 * few rounds, take 80 KB in all, and up to 150 beside programs that compute. The median of the runs counts: in some, V8 gives
 * back old code.
 */
const LIMIT_OCTETS = 4 * PACKETS_EACH_WAY;
const RUNS = 3;
/** The young generation: nothing is collected, which would hide what was allocated. */
const UNCOLLECTED = "--v8-flags=--min-semi-space-size=64";

Deno.test({
  name: "data path: nothing is allocated for a packet (root)",
  ignore: !isRoot,
  fn: async () => {
    const program = new URL("./data_path_allocation_program.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--quiet", UNCOLLECTED, program, `${PACKETS_EACH_WAY}`, `${RUNS}`];
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } })
      .output();
    assertEquals(new TextDecoder().decode(stderr), "");
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    const runs: { readonly fault: string; readonly grownOctets: number }[] = lines.map((line) =>
      JSON.parse(line)
    );
    assertEquals(runs.map(({ fault }) => fault), new Array(RUNS).fill(""));
    const grownOctets = runs.map((run) =>
      run.grownOctets
    ).toSorted((one, other) => one - other)[(RUNS - 1) / 2];
    assert(grownOctets >= 0, "what was allocated has been collected");
    assert(grownOctets < LIMIT_OCTETS, `${grownOctets} octets for ${2 * PACKETS_EACH_WAY} packets`);
  },
});
