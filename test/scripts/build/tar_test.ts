import { assertEquals, assertThrows } from "@std/assert";
import { tar } from "../../../scripts/build/tar.ts";
import { run } from "../../../scripts/build/run.ts";

const text = (words: string) => new TextEncoder().encode(words);

Deno.test("tar: the system's tar finds every file with its octets, mode and time", async () => {
  const folder = await Deno.makeTempDir({ prefix: "dsmip-test-" });
  try {
    const long = "n".repeat(100);
    // Lengths around a block of 512 octets, and none.
    const files = [0, 1, 511, 512, 513].map((length) => ({
      path: `of-${length}`,
      content: new Uint8Array(length).fill(length),
    }));
    const archive = tar(
      [...files, { path: long, content: text("#!/bin/sh\n"), isExecutable: true }],
      1_000_000_000,
    );
    await Deno.writeFile(`${folder}/a.tar`, archive);
    const list = await run("tar", ["-tvf", `${folder}/a.tar`], { env: { TZ: "UTC0" } });
    assertEquals(
      list.trimEnd().split("\n").map((line) => line.split(/\s+/).join(" ")),
      [
        ...files.map(({ path, content }) => `-rw-r--r-- 0/0 ${content.length} 2001-09-09 01:46 ${path}`),
        `-rwxr-xr-x 0/0 10 2001-09-09 01:46 ${long}`,
      ],
    );
    await run("tar", ["-xf", `${folder}/a.tar`, "-C", folder]);
    for (const { path, content } of files) assertEquals(await Deno.readFile(`${folder}/${path}`), content);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("tar: a name that does not fit is refused", () => {
  assertThrows(() => tar([{ path: "n".repeat(101), content: text("") }]), Error, "too long a name");
});
