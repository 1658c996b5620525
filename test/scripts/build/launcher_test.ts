import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { runFlags } from "../../../scripts/build/runtime.ts";
import { SmallFile, type Started } from "./small_file.ts";

const isRoot = Deno.uid() === 0;
/** What needs root is that a file system is full or read-only, and other users. */
const ROOT_ONLY = { ignore: !isRoot };

function assertStarted({ code, stdout, stderr }: Started): void {
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "[run]\n");
}

function assertRefused({ code, stdout, stderr }: Started, words: string): void {
  assertEquals([code, stdout], [1, ""], stderr);
  assertStringIncludes(stderr, words);
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A shell command that changes mounts for itself alone, runs the command that follows it, and then others. */
function mounting(before: string, after = ""): string[] {
  return ["unshare", "--mount", "sh", "-c", `${before}\n"$@"\nstatus=$?\n${after}\nexit $status`, "sh"];
}

/** Changes one octet in the middle of a file. */
function damage(file: string): void {
  const octets = Deno.readFileSync(file);
  octets[octets.length >> 1] ^= 1;
  Deno.writeFileSync(file, octets);
}

Deno.test("self-extracting file: runs the program with the flags of the task and every word as it is", async () => {
  await using small = await SmallFile.make();
  const words = ["a b", "", "*", "$HOME", "--help"];
  const first = await small.start(words);
  const home = small.unpacked();
  assertEquals([first.code, first.stderr], [0, ""]);
  assertEquals(first.stdout.trimEnd().split("\n"), [
    ...["run", ...runFlags(), `${home}/program/main.js`, ...words].map((word) => `[${word}]`),
    `DSMIP=${small.file}`,
    "DSMIP_MADE_AS=self-extracting",
    `DENO_DIR=${home}/compiled`,
    `umask ${Deno.umask().toString(8).padStart(4, "0")}`,
  ]);
  assertEquals(await small.start(words), first);
  assertEquals(Deno.statSync(small.cache).mode! & 0o777, 0o700);
  assertEquals(Deno.statSync(home).mode! & 0o777, 0o700);
});

Deno.test("self-extracting file: what is unpacked is used again, and not looked into", async () => {
  await using small = await SmallFile.make();
  await small.start();
  const before = Deno.statSync(`${small.unpacked()}/marks`).mtime;
  // Only the first start reads what is behind the script.
  damage(small.file);
  assertStarted(await small.start());
  assertEquals(Deno.statSync(`${small.unpacked()}/marks`).mtime, before);
});

Deno.test("self-extracting file: many that start at once all run, and leave one copy", async () => {
  await using small = await SmallFile.make();
  const runs = await Promise.all(Array.from({ length: 8 }, () => small.start()));
  runs.forEach(assertStarted);
  assertEquals([...Deno.readDirSync(small.cache)].length, 1);
});

Deno.test("self-extracting file: half of it, and a damaged one, are refused and leave nothing", async () => {
  await using small = await SmallFile.make();
  const whole = Deno.readFileSync(small.file);
  damage(small.file);
  assertRefused(await small.start(), "is damaged (its SHA-256 checksum is wrong); get it again");
  Deno.truncateSync(small.file, whole.length - 1);
  assertRefused(
    await small.start(),
    `is incomplete or damaged: it has ${whole.length - 1} octets instead of ${whole.length}; get it again`,
  );
  assertEquals([...Deno.readDirSync(small.folder)].map(({ name }) => name), ["dsmip"]);
});

Deno.test("self-extracting file: for another machine, it says for which", async () => {
  const [other, ours] = Deno.build.arch === "x86_64"
    ? ["aarch64", "x86_64"] as const
    : ["x86_64", "aarch64"] as const;
  await using small = await SmallFile.make({ machine: other });
  assertRefused(
    await small.start(),
    `this file is for ${other}, and this machine is ${ours}; get the file for ${ours}`,
  );
});

Deno.test("self-extracting file: without the programs that it needs, it names the one", async () => {
  await using small = await SmallFile.make();
  Deno.mkdirSync(`${small.folder}/bin`);
  for (const name of ["uname", "id"]) Deno.symlinkSync(`/usr/bin/${name}`, `${small.folder}/bin/${name}`);
  const env = { DSMIP_CACHE: small.cache, PATH: `${small.folder}/bin` };
  assertRefused(await small.start([], { env }), "the program cat is missing");
});

Deno.test({
  name: "self-extracting file: BusyBox is enough",
  ignore: !isThere("/bin/busybox"),
  fn: async () => {
    await using small = await SmallFile.make();
    Deno.mkdirSync(`${small.folder}/bin`);
    const list = new Deno.Command("/bin/busybox", { args: ["--list"] }).outputSync().stdout;
    for (const name of new TextDecoder().decode(list).trimEnd().split("\n")) {
      Deno.symlinkSync("/bin/busybox", `${small.folder}/bin/${name}`);
    }
    const env = { DSMIP_CACHE: small.cache, PATH: `${small.folder}/bin` };
    const first = await small.start([], { env, wrapper: ["/bin/busybox", "sh"] });
    assertStarted(first);
    const { mtime } = Deno.statSync(`${small.unpacked()}/marks`);
    assertEquals(await small.start([], { env, wrapper: ["/bin/busybox", "sh"] }), first);
    assertEquals(Deno.statSync(`${small.unpacked()}/marks`).mtime, mtime);
  },
});

Deno.test("self-extracting file: whatever was changed in the cache is unpacked anew", async () => {
  await using small = await SmallFile.make();
  const first = await small.start();
  const home = small.unpacked();
  const changes: Record<string, () => void> = {
    "another program": () => Deno.writeTextFileSync(`${home}/program/main.js`, "// another\n"),
    "the same length and time": () => {
      const file = `${home}/program/main.js`;
      const { mtime } = Deno.statSync(file);
      Deno.writeTextFileSync(file, Deno.readTextFileSync(file).toUpperCase());
      Deno.utimeSync(file, mtime!, mtime!);
    },
    "an empty runtime": () => Deno.truncateSync(`${home}/program/dsmip`),
    "a file that is gone": () => Deno.removeSync(`${home}/program/LICENCES`),
    "no marks, other content": () => {
      Deno.removeSync(`${home}/marks`);
      Deno.writeTextFileSync(`${home}/program/SHA256SUMS`, "");
    },
    "a link": () => {
      Deno.renameSync(home, `${small.folder}/elsewhere`);
      Deno.symlinkSync(`${small.folder}/elsewhere`, home);
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    change();
    assertEquals(await small.start(), first, what);
    assertEquals(Deno.readTextFileSync(`${home}/program/main.js`), "// the program\n", what);
    assertEquals(small.unpacked(), home, what);
    assert(!Deno.lstatSync(home).isSymlink, what);
  }
});

Deno.test("self-extracting file: what was only copied or touched is kept, after a look at the checksums", async () => {
  await using small = await SmallFile.make();
  await small.start();
  const file = `${small.unpacked()}/program/main.js`;
  const marks = () => Deno.readTextFileSync(`${small.unpacked()}/marks`);
  const [{ ino }, atFirst] = [Deno.statSync(file), marks()];
  Deno.utimeSync(file, 1, 1);
  assertStarted(await small.start());
  assertEquals(Deno.statSync(file).ino, ino);
  // The next start need not look again.
  assertNotEquals(marks(), atFirst);
});

Deno.test("self-extracting file: a runtime that this machine cannot start is not kept", async () => {
  await using small = await SmallFile.make({
    runtime: "#!/bin/sh\necho 'version GLIBC_9.9 not found' >&2\nexit 1\n",
  });
  assertRefused(
    await small.start(),
    `${small.cache}: programs do not run there: version GLIBC_9.9 not found`,
  );
  assertEquals([...Deno.readDirSync(small.cache)], []);
});

Deno.test("self-extracting file: a cache where others can write is refused", async () => {
  await using small = await SmallFile.make();
  Deno.mkdirSync(small.cache);
  Deno.chmodSync(small.cache, 0o770);
  assertRefused(
    await small.start(),
    `${small.cache}: others can write there; run: chmod go-w ${small.cache}`,
  );
  Deno.chmodSync(small.cache, 0o755);
  assertStarted(await small.start());
  Deno.symlinkSync(small.cache, `${small.folder}/link`);
  const env = { DSMIP_CACHE: `${small.folder}/link` };
  assertRefused(await small.start([], { env }), "belongs to another user, or is a link");
});

Deno.test("self-extracting file: without other word it unpacks into the user's cache", async () => {
  await using small = await SmallFile.make();
  // As a user who is not root: root's is /var/cache.
  const wrapper = isRoot ? mounting("mount -t tmpfs none /var/cache") : [];
  const xdg = await small.start([], { env: { XDG_CACHE_HOME: `${small.folder}/xdg` }, wrapper });
  assertMatch(xdg.stdout, new RegExp(`DENO_DIR=${small.folder}/xdg/dsmip/`));
  const home = await small.start([], { env: { HOME: small.folder }, wrapper });
  const where = isRoot ? "/var/cache" : `${small.folder}/.cache`;
  assertMatch(home.stdout, new RegExp(`DENO_DIR=${where}/dsmip/`));
});

Deno.test(
  "self-extracting file: without a home it unpacks into a folder of its own in /tmp",
  ROOT_ONLY,
  async () => {
    await using small = await SmallFile.make();
    // The file itself is below /tmp, perhaps: it is run from elsewhere.
    const nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const wrapper = [
      ...mounting(`mkdir -p /run/dsmip-test && mount -t tmpfs none /run/dsmip-test
cp ${small.file} /run/dsmip-test/dsmip && mount -t tmpfs -o mode=1777 none /tmp && cd /
set -- ${nobody.join(" ")} /run/dsmip-test/dsmip`),
    ];
    const { code, stdout, stderr } = await small.start([], { env: {}, wrapper });
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /DENO_DIR=\/tmp\/dsmip-65534\//);
  },
);

Deno.test("self-extracting file: another user's folder is not trusted", ROOT_ONLY, async () => {
  await using small = await SmallFile.make();
  await small.start();
  Deno.chownSync(small.cache, 65534, 65534);
  assertRefused(await small.start(), `${small.cache}: belongs to another user`);
  // Inside our own folder it is put away.
  Deno.chownSync(small.cache, 0, 0);
  Deno.chownSync(small.unpacked(), 65534, 65534);
  assertStarted(await small.start());
  assertEquals(Deno.statSync(small.unpacked()).uid, 0);
});

Deno.test(
  "self-extracting file: where the cache is full, read-only or forbids programs, it takes the next",
  ROOT_ONLY,
  async () => {
    const bad: Record<string, [mount: string, why: string]> = {
      full: ["mount -t tmpfs -o size=16k none", "not everything could be written there: tar: "],
      "read-only": ["mount -t tmpfs -o ro none", "cannot be made"],
      "no programs": ["mount -t tmpfs -o noexec none", "programs do not run there"],
    };
    for (const [what, [mount, why]] of Object.entries(bad)) {
      await using small = await SmallFile.make();
      Deno.mkdirSync(`${small.folder}/bad`);
      const mounts = `${mount} ${small.folder}/bad; mount -t tmpfs none /var/cache`;
      const wrapper = mounting(mounts);
      const looking = mounting(mounts, `ls -A ${small.folder}/bad/dsmip 2>/dev/null`);
      const next = await small.start([], {
        env: { XDG_CACHE_HOME: `${small.folder}/bad` },
        wrapper: looking,
      });
      assertEquals([next.code, next.stderr], [0, ""], what);
      assertMatch(next.stdout, /umask \d+\n$/, `something is left where it was ${what}`);
      assertMatch(next.stdout, /DENO_DIR=\/var\/cache\/dsmip\//);
      const only = await small.start([], { env: { DSMIP_CACHE: `${small.folder}/bad/dsmip` }, wrapper });
      assertRefused(only, why);
      assertStringIncludes(only.stderr, "set DSMIP_CACHE to a folder of yours where programs may run");
    }
  },
);

Deno.test("self-extracting file: a cache that is read-only by now is used", ROOT_ONLY, async () => {
  await using small = await SmallFile.make();
  await small.start();
  const wrapper = mounting(
    `mount --bind ${small.cache} ${small.cache} && mount -o remount,ro,bind ${small.cache}`,
  );
  assertStarted(await small.start([], { wrapper }));
});

Deno.test(
  "self-extracting file: another user's home, as sudo may leave it, is left alone",
  ROOT_ONLY,
  async () => {
    await using small = await SmallFile.make();
    for (const name of ["home", "run"]) Deno.mkdirSync(`${small.folder}/${name}`);
    Deno.chownSync(`${small.folder}/home`, 65534, 65534);
    const env = { HOME: `${small.folder}/home`, XDG_RUNTIME_DIR: `${small.folder}/run` };
    const { stdout } = await small.start([], {
      env,
      wrapper: mounting("mount -t tmpfs -o ro none /var/cache"),
    });
    assertMatch(stdout, new RegExp(`DENO_DIR=${small.folder}/run/dsmip/`));
    assertEquals([...Deno.readDirSync(env.HOME)], []);
  },
);
