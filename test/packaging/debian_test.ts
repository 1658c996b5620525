import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "../../scripts/build/run.ts";
import { debianPackage } from "../../scripts/package/debian.ts";

const TIME = 1_800_000_000;

/** Stands for the runtime: it names the versions of the C library that it needs, and says how it was started. */
const RUNTIME = new TextEncoder().encode(
  '#!/bin/sh\nfor word in "$@"; do echo "[$word]"; done\nexit\n\0GLIBC_2.4\0GLIBC_2.31\0GLIBC_2.9\0',
);

const PROGRAM = {
  modules: new Map([["main.js", new TextEncoder().encode("// the program\n")]]),
  packages: new Map([["part@1.0.0", { license: "MIT", texts: ["Terms of a part"] }]]),
};

async function make(output: string, level = 6): Promise<void> {
  const version = "1.2.3";
  await debianPackage({
    program: PROGRAM,
    runtime: RUNTIME,
    machine: "aarch64",
    version,
    time: TIME,
    level,
    output,
  });
}

async function withPackage(use: (file: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "dsmip-test-" });
  try {
    await make(`${folder}/a.deb`);
    await use(`${folder}/a.deb`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const hasDpkg = await run("dpkg-deb", ["--version"]).then(() => true, () => false);

function test(name: string, fn: (file: string, folder: string) => Promise<void>): void {
  Deno.test({ name: `Debian package: ${name}`, ignore: !hasDpkg, fn: () => withPackage(fn) });
}

test("the same sources and time give the same octets", async (file, folder) => {
  await make(`${folder}/b.deb`);
  assertEquals(await Deno.readFile(file), await Deno.readFile(`${folder}/b.deb`));
});

test("says what it is and what it needs", async (file) => {
  const field = async (name: string) => (await run("dpkg-deb", ["-f", file, name])).trim();
  assertEquals(await field("Package"), "dsmip");
  assertEquals(await field("Version"), "1.2.3-1");
  assertEquals(await field("Architecture"), "arm64");
  assertEquals(await field("Depends"), "libc6 (>= 2.31), libgcc-s1, passwd");
});

test("holds every file where Debian looks for it, of root, with its mode and time", async (file) => {
  const lines = (await run("dpkg-deb", ["-c", file], { env: { TZ: "UTC0" } })).trimEnd().split("\n");
  const entries = new Map(lines.map((line) => {
    const [mode, owner, , day, time, path] = line.split(/\s+/);
    assertEquals([owner, `${day} ${time}`], ["root/root", "2027-01-15 08:00"], line);
    return [path.replace("./", ""), mode] as const;
  }));
  const expected = {
    "etc/dsmip/": "drwxr-xr-x",
    "usr/bin/dsmip": "-rwxr-xr-x",
    "usr/lib/dsmip/dsmip": "-rwxr-xr-x",
    "usr/lib/dsmip/main.js": "-rw-r--r--",
    "usr/share/doc/dsmip/copyright": "-rw-r--r--",
    "usr/share/doc/dsmip/changelog.gz": "-rw-r--r--",
    "usr/share/doc/dsmip/changelog.Debian.gz": "-rw-r--r--",
    "usr/share/doc/dsmip/examples/ha.toml": "-rw-r--r--",
    "usr/share/doc/dsmip/examples/mn.toml": "-rw-r--r--",
    "usr/share/doc/dsmip/examples/60-dsmip.sysctl.conf": "-rw-r--r--",
    "usr/lib/systemd/system/dsmip-ha.service": "-rw-r--r--",
    "usr/lib/systemd/system/dsmip-mn.service": "-rw-r--r--",
    "usr/share/man/man1/dsmip.1.gz": "-rw-r--r--",
    "usr/share/man/man5/dsmip.toml.5.gz": "-rw-r--r--",
    "usr/share/bash-completion/completions/dsmip": "-rw-r--r--",
    "usr/share/zsh/vendor-completions/_dsmip": "-rw-r--r--",
    "usr/share/fish/vendor_completions.d/dsmip.fish": "-rw-r--r--",
    "usr/share/dsmip/dsmip.schema.json": "-rw-r--r--",
  };
  for (const [path, mode] of Object.entries(expected)) assertEquals(entries.get(path), mode, path);
  assert(entries.get("")?.startsWith("drwxr-xr-x"), "the root itself");
});

test(
  "its files have the checksums that it says, its scripts are shell, and its terms are complete",
  async (file, folder) => {
    await run("dpkg-deb", ["-R", file, `${folder}/x`]);
    await run("md5sum", ["-c", "--quiet", "DEBIAN/md5sums"], { cwd: `${folder}/x` });
    const sums = Deno.readTextFileSync(`${folder}/x/DEBIAN/md5sums`);
    assertStringIncludes(sums, "usr/lib/dsmip/main.js");
    for (const script of ["DEBIAN/postinst", "DEBIAN/prerm", "DEBIAN/postrm", "usr/bin/dsmip"]) {
      await run("sh", ["-n", `${folder}/x/${script}`]);
      assert(!Deno.readTextFileSync(`${folder}/x/${script}`).match(/@[A-Z_]+@/), script);
    }
    const after = Deno.readTextFileSync(`${folder}/x/DEBIAN/postinst`);
    assertStringIncludes(after, "for unit in dsmip-ha.service dsmip-mn.service; do");
    const terms = Deno.readTextFileSync(`${folder}/x/usr/share/doc/dsmip/copyright`);
    for (
      const part of ["common-licenses/Apache-2.0", "Terms of a part", "the Deno authors", "the V8 project"]
    ) {
      assertStringIncludes(terms, part);
    }
  },
);
