/**
 * The Debian package in a Debian of its own (debootstrap): installed, started, used, upgraded, removed, purged. As root, in a
 * minute; it needs Debian's mirror: deno task test:package
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { run } from "../../scripts/build/run.ts";
import { until } from "../../cli/lab/process.ts";

const PACKAGE = new URL("../../scripts/package/main.ts", import.meta.url).pathname;
const ROOT = new URL("../../", import.meta.url).pathname;
const NEWER = `${project.version}.1`;
const CAPTURE = "test/vectors/lab_nat_home_agent.pcap";

const CONFIGURATION = `[home_agent]
ipv6_address = "2001:db8:100::1"
ipv4_address = "203.0.113.1"
home_prefix = "2001:db8:100::/64"

[[mobile_node]]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
spi = 1000
key_file = "mn1.key"
`;

/** A Debian with nothing but what every Debian has, in a network namespace of its own. */
class CleanRoot implements AsyncDisposable {
  readonly namespace = `dsmip-package-${Deno.pid}`;
  readonly #mounts: string[] = [];

  private constructor(readonly folder: string) {}

  static async make(): Promise<CleanRoot> {
    const root = new CleanRoot(await Deno.makeTempDir({ prefix: "dsmip-root-" }));
    try {
      // Everybody in there may pass.
      await Deno.chmod(root.folder, 0o755);
      await run("debootstrap", ["--variant=minbase", "bookworm", root.folder]);
      await root.#mount("proc", ["-t", "proc", "proc"]);
      await root.#mount("dev/net/tun", ["--bind", "/dev/net/tun"]);
      await run("ip", ["netns", "add", root.namespace]);
      for (const words of ["link set lo up", "address add 203.0.113.1/32 dev lo"]) {
        await run("ip", ["-n", root.namespace, ...words.split(" ")]);
      }
      return root;
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #mount(path: string, words: readonly string[]): Promise<void> {
    const target = `${this.folder}/${path}`;
    if (path === "dev/net/tun") {
      await Deno.mkdir(`${this.folder}/dev/net`, { recursive: true });
      await Deno.writeTextFile(target, "");
    }
    await run("mount", [...words, target]);
    this.#mounts.push(target);
  }

  /** The command that runs another one in there. */
  inside(...command: string[]): string[] {
    return ["ip", "netns", "exec", this.namespace, "chroot", this.folder, ...command];
  }

  run(...command: string[]): Promise<string> {
    const [program, ...args] = this.inside(...command);
    return run(program, args);
  }

  async install(file: string): Promise<void> {
    await Deno.copyFile(file, `${this.folder}/tmp/dsmip.deb`);
    await this.run("dpkg", "-i", "/tmp/dsmip.deb");
    await Deno.remove(`${this.folder}/tmp/dsmip.deb`);
  }

  write(path: string, text: string, mode: number): void {
    Deno.writeTextFileSync(`${this.folder}/${path}`, text, { mode });
  }

  /** Every file but dpkg's own notes and what a kernel shows. */
  async files(): Promise<string[]> {
    const notes = /^(var\/lib\/dpkg|var\/log|proc|dev)\//;
    const list = await run("find", [this.folder, "-xdev", "-mindepth", "1", "-printf", "%P\n"]);
    return list.trimEnd().split("\n").filter((path) => !notes.test(path)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const mount of this.#mounts.reverse()) await run("umount", [mount]);
    await run("ip", ["netns", "delete", this.namespace]).catch(() => {});
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** A daemon in the root, and what it says. */
class Serving implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #said: Promise<string>;

  constructor(root: CleanRoot) {
    const [program, ...args] = root.inside("dsmip", "ha", "serve", "--config", "/etc/dsmip/ha.toml");
    this.#process = new Deno.Command(program, { args, stderr: "piped" }).spawn();
    this.#said = new Response(this.#process.stderr).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    const { code } = await this.#process.status;
    assertEquals(code, 0, await this.#said);
  }
}

async function bindings(root: CleanRoot): Promise<string> {
  const command = ["dsmip", "ha", "bindings", "--json", "--config", "/etc/dsmip/ha.toml"];
  return await until("an answer", 20_000, () => root.run(...command).catch(() => undefined));
}

Deno.test("Debian package: installed, started, used, upgraded, removed, purged in a clean Debian", async (t) => {
  await using root = await CleanRoot.make();
  const packages = await Deno.makeTempDir({ prefix: "dsmip-packages-" });
  try {
    for (const version of [project.version, NEWER]) {
      const words = ["--level", "0", "--output", packages, "--version", version];
      await run(Deno.execPath(), ["run", "-A", PACKAGE, ...words], { cwd: ROOT });
    }
    const architecture = (await run("dpkg", ["--print-architecture"])).trim();
    const [first, second] = [project.version, NEWER].map((version) =>
      `${packages}/dsmip_${version}-1_${architecture}.deb`
    );
    const before = await root.files();

    await t.step("installed", async () => {
      await root.install(first);
      const kind = `Debian package, deno ${Deno.version.deno}, linux ${Deno.build.arch}`;
      assertEquals(await root.run("dsmip", "--version"), `dsmip ${project.version} (${kind})\n`);
      assertEquals(await root.run("dpkg", "--verify", "dsmip"), "");
    });

    await t.step("decodes a capture, for a user without a home, too", async () => {
      await Deno.copyFile(ROOT + CAPTURE, `${root.folder}/tmp/c.pcap`);
      for (
        const user of [[], [
          "setpriv",
          "--reuid",
          "65534",
          "--regid",
          "65534",
          "--clear-groups",
          "env",
          "-u",
          "HOME",
        ]]
      ) {
        const line = await root.run(...user, "dsmip", "decode", "-c", "1", "/tmp/c.pcap");
        assertStringIncludes(line, "BU seq=");
      }
      await Deno.remove(`${root.folder}/tmp/c.pcap`);
    });

    await t.step("the examples are configurations", async () => {
      const examples = "/usr/share/doc/dsmip/examples";
      assertMatch(await root.run("ls", examples), /ha\.toml/);
      root.write("etc/dsmip/mn1.key", "01".repeat(32) + "\n", 0o600);
      root.write("etc/dsmip/ha.toml", CONFIGURATION, 0o644);
      await root.run("dsmip", "config", "check", "/etc/dsmip/ha.toml");
    });

    await t.step("serves, and goes on during an upgrade, which leaves the configuration", async () => {
      await using _serving = new Serving(root);
      assertMatch(await bindings(root), /"bindings":\[\]/);
      await root.install(second);
      assertMatch(await bindings(root), /"bindings":\[\]/);
      assertEquals(await Deno.readTextFile(`${root.folder}/etc/dsmip/ha.toml`), CONFIGURATION);
      assertStringIncludes(await root.run("dpkg", "-s", "dsmip"), `Version: ${NEWER}-1\n`);
    });

    await t.step("serves after the upgrade", async () => {
      await using _serving = new Serving(root);
      assertMatch(await bindings(root), /"bindings":\[\]/);
    });

    await t.step("removed and purged, nothing is left but what the administrator has written", async () => {
      await root.run("dpkg", "-r", "dsmip");
      const removed = (await root.files()).filter((path) => /^(usr|var)\/.*dsmip/.test(path));
      // Which units were enabled is remembered until the purge.
      assertEquals(removed.filter((path) => !path.startsWith("var/lib/systemd/deb-systemd-helper-")), []);
      await root.run("dpkg", "-P", "dsmip");
      // The user of the services stays, and each user's cache is its own.
      const left = (await root.files()).filter((path) => !before.includes(path))
        .filter((path) => !/^(root\/\.cache|etc\/g?shadow-$)/.test(path));
      assertEquals(left, ["etc/dsmip", "etc/dsmip/ha.toml", "etc/dsmip/mn1.key"]);
    });
  } finally {
    await Deno.remove(packages, { recursive: true });
  }
});
