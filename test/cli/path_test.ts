import { basename, dirname, resolve } from "node:path";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { absolutePath, folderOf, nameOf } from "../../cli/configuration/path.ts";

const path = fc.array(fc.constantFrom("a", "b.toml", ".", "..", "", "/", "..."), { minLength: 1 })
  .map((names) => names.join("/"));

Deno.test("paths: made absolute as node:path does it", () => {
  fc.assert(fc.property(path, path, (folder, file) => {
    assertEquals(absolutePath(folder, file), resolve(folder, file));
  }));
  assertEquals(absolutePath(".", "mn1.key"), `${Deno.cwd()}/mn1.key`);
});

Deno.test("paths: folder and name of a file", () => {
  for (const file of ["/etc/dsmip/ha.toml", "conf/ha.toml", "ha.toml", "/ha.toml", "../ha.toml"]) {
    assertEquals([folderOf(file), nameOf(file)], [dirname(file), basename(file)]);
  }
});
