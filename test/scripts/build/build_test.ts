import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import project from "../../../deno.json" with { type: "json" };
import { bundleProgram, type Program } from "../../../scripts/build/program_files.ts";
import { licences } from "../../../scripts/build/licences.ts";
import { run } from "../../../scripts/build/run.ts";
import { runtimeFlags } from "../../../scripts/build/runtime.ts";
import { selfExtracting } from "../../../scripts/build/self_extracting.ts";
import { V8_FLAGS } from "../../../cli/lab/lab.ts";

const BUILD = new URL("../../../scripts/build/main.ts", import.meta.url).pathname;

/** What the built file has to stand as the sources do: its command line, its daemons with their Workers, its labs. */
const CROSS_CHECKED = [
  "test/cli/command_line_test.ts",
  "test/cli/decode_test.ts",
  "test/cli/second_daemon_test.ts",
  "test/lab/options_test.ts",
  "test/lab/prefix_delegation_test.ts",
];

function build(words: readonly string[], env: Record<string, string> = {}): Promise<string> {
  return run(Deno.execPath(), ["run", "-A", BUILD, ...words], { env });
}

Deno.test("build: one file that says what it is, and passes the tests of the program", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "dsmip-test-" });
  const file = `${folder}/dsmip`;
  const env = { DSMIP: file, DSMIP_CACHE: `${folder}/cache` };
  try {
    const arch = Deno.build.arch;
    const says = await build(["--output", file, "--level", "1"]);
    assertMatch(
      says,
      new RegExp(`^${file}: self-extracting, for Linux on ${arch}, [0-9.]+ MB, made in [0-9.]+ s\n$`),
    );
    assertEquals(Deno.statSync(file).mode! & 0o777, 0o755);
    assertEquals([...Deno.readDirSync(folder)].length, 1);

    await t.step("it needs no Deno and no home", async () => {
      const clean = ["-i", "PATH=/usr/bin:/bin", `DSMIP_CACHE=${folder}/cache`];
      assertEquals(
        await run("env", [...clean, file, "--version"]),
        `dsmip ${project.version} (self-extracting, deno ${Deno.version.deno}, linux ${arch})\n`,
      );
    });

    await t.step("it names no path of the machine that built it", () => {
      const home = [...Deno.readDirSync(`${folder}/cache`)][0].name;
      const program = `${folder}/cache/${home}/program`;
      for (const { name } of Deno.readDirSync(program)) {
        if (!name.endsWith(".js")) continue;
        const text = Deno.readTextFileSync(`${program}/${name}`);
        for (const path of [new URL("../../../", import.meta.url).pathname, "dsmip-build-", "/.cache/deno"]) {
          assert(!text.includes(path), `${name} has ${path}`);
        }
      }
    });

    await t.step("the tests of command line, daemons and lab hold for it", async () => {
      const root = new URL("../../../", import.meta.url).pathname;
      const says = await run(Deno.execPath(), ["test", "-A", "--no-check", ...CROSS_CHECKED], {
        cwd: root,
        env,
      });
      assertMatch(says, /\nok \| \d+ passed/);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("build: the same sources give the same file, and the terms of every package in it", async () => {
  const [first, second] = await Promise.all([bundleProgram(), bundleProgram()]);
  assertEquals(first, second);
  assert(first.modules.has("main.js"));
  const runtime = new TextEncoder().encode("a runtime");
  const make = (program: Program) => selfExtracting({ program, runtime, machine: "aarch64", level: 6 });
  assertEquals(await make(first), await make(second));
  const text = licences(first, { withRuntime: true });
  for (
    const part of ["dsmip: Apache-2.0", "Deno, the runtime: MIT", "V8, in Deno: BSD-3-Clause", "commander@"]
  ) {
    assertStringIncludes(text, part);
  }
});

Deno.test("build: the program in the file is started as the lab starts it from its sources", () => {
  assert(runtimeFlags().includes(V8_FLAGS));
});

Deno.test("build: what is no denort is refused", async () => {
  const words = ["--output", "/nonexistent/dsmip"];
  await assertRejects(
    () => build(words, { DENORT_BIN: Deno.execPath() }),
    Error,
    `build: DENORT_BIN=${Deno.execPath()} is not denort: asked for its version, it says "deno ${Deno.version.deno}`,
  );
  await assertRejects(() => build(words, { DENORT_BIN: "/nonexistent" }), Error, "there is no such file");
  await assertRejects(() => build([...words, "--arch", "mips"]), Error, "no machine is called mips");
  await assertRejects(() => build([...words, "--level", "10"]), Error, "--level is a number from 1 to 9");
});
