import { assertEquals, assertStringIncludes } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { bundleProgram } from "../../scripts/build/program_files.ts";
import { run } from "../../scripts/build/run.ts";
import { npmPackage } from "../../scripts/package/npm.ts";

const CAPTURE = new URL("../vectors/lab_nat_home_agent.pcap", import.meta.url).pathname;

const hasNpm = await run("npm", ["--version"]).then(() => true, () => false);

Deno.test({
  name: "npm package: in an empty folder, npx runs it",
  ignore: !hasNpm,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "dsmip-test-" });
    try {
      const program = await bundleProgram();
      const file = npmPackage(program);
      assertEquals(file, npmPackage(program));
      await Deno.writeFile(`${folder}/dsmip.tgz`, file);
      // The runtime comes from npm's cache where it is there.
      const options = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
      await run("npm", ["install", ...options, "./dsmip.tgz"], { cwd: folder });
      const npx = (...words: string[]) => run("npx", ["dsmip", ...words], { cwd: folder });
      assertStringIncludes(
        await npx("--version"),
        `dsmip ${project.version} (npm package, deno ${Deno.version.deno}, `,
      );
      assertStringIncludes(await npx("decode", "-c", "1", CAPTURE), "BU seq=");
      const failure = await npx("decode", "/nonexistent").catch(({ message }) => message);
      assertStringIncludes(failure, "exit status 1\ndsmip: Cannot open /nonexistent: no such file");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
