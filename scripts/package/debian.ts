import { gzipSync } from "node:zlib";
import { licences } from "../build/licences.ts";
import type { Program } from "../build/program_files.ts";
import { run } from "../build/run.ts";
import { type Machine, MACHINES, runFlags } from "../build/runtime.ts";
import { DESCRIPTION } from "./description.ts";
import { accompanyingFiles, type InstalledFile } from "./installed_files.ts";

const ROOT = new URL("../../", import.meta.url);
const TEMPLATES = new URL("debian/", import.meta.url);
const MAINTAINER_SCRIPTS = ["postinst", "prerm", "postrm"];

/** What is told to whoever looks at the package. */
const EXTENDED_DESCRIPTION = `
 dsmip keeps one IPv6 address or prefix, and one IPv4 address or prefix, for
 a host or a router wherever it is attached: on IPv6 networks, on IPv4 ones,
 behind a NAT, or moving between them. It is a mobile node, a home agent, and
 tools that read captures of the protocol and show it in a small network of
 namespaces.`;

/**
 * Makes a Debian package with dpkg-deb. The same program and the same time give the same octets.
 *
 * @param version without the revision
 * @param time seconds since 1970, of all files in it
 * @param level of compression, 0 (none) to 9 (small)
 */
export async function debianPackage(
  { program, runtime, machine, version, time, level, output }: {
    readonly program: Program;
    readonly runtime: Uint8Array;
    readonly machine: Machine;
    readonly version: string;
    readonly time: number;
    readonly level: number;
    readonly output: string;
  },
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "dsmip-package-" });
  try {
    const files = [...programFiles(program, runtime), ...accompanyingFiles(), ...changelogs(version, time)];
    for (const file of files.map(compressedWhereDebianWantsIt)) write(folder, file);
    Deno.mkdirSync(`${folder}/etc/dsmip`, { recursive: true });
    const units = files.filter(({ path }) => path.endsWith(".service")).map(({ path }) =>
      path.split("/").at(-1)!
    );
    const control = controlFile({ version, machine, runtime, files });
    write(folder, { path: "DEBIAN/control", content: encode(control) });
    write(folder, { path: "DEBIAN/md5sums", content: encode(await md5sums(folder)) });
    for (const name of MAINTAINER_SCRIPTS) {
      const script = template(name, { UNITS: units.join(" ") });
      write(folder, { path: `DEBIAN/${name}`, content: encode(script), isExecutable: true });
    }
    await run("find", [folder, "-type", "d", "-exec", "chmod", "755", "{}", "+"]);
    await run("find", [folder, "-exec", "touch", "-d", `@${time}`, "{}", "+"]);
    const compression = level === 0 ? ["-Znone"] : ["-Zxz", `-z${level}`];
    const options = ["--root-owner-group", ...compression, "--build"];
    await run("dpkg-deb", [...options, folder, output], { env: { SOURCE_DATE_EPOCH: String(time) } });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function programFiles(program: Program, runtime: Uint8Array): InstalledFile[] {
  const launcher = template("dsmip.sh", { RUN_FLAGS: runFlags().join(" ") });
  return [
    { path: "usr/bin/dsmip", content: encode(launcher), isExecutable: true },
    { path: "usr/lib/dsmip/dsmip", content: runtime, isExecutable: true },
    ...[...program.modules].map(([name, content]) => ({ path: `usr/lib/dsmip/${name}`, content })),
    { path: "usr/share/doc/dsmip/copyright", content: encode(copyright(program)) },
    {
      path: "usr/share/lintian/overrides/dsmip",
      content: Deno.readFileSync(new URL("lintian-overrides", TEMPLATES)),
    },
    { path: "usr/share/doc/dsmip/README.md", content: Deno.readFileSync(new URL("README.md", ROOT)) },
  ];
}

/** Debian has the text of the Apache licence once for all packages. */
function copyright(program: Program): string {
  const own =
    "Copyright 2026 the dsmip developers\n\nLicensed under the Apache License, Version 2.0. On Debian systems " +
    "its text is in\n/usr/share/common-licenses/Apache-2.0.";
  return licences(program, { withRuntime: true, own });
}

/** The project's own, and Debian's, which names the package's version and who made it. */
function changelogs(version: string, time: number): InstalledFile[] {
  const date = new Date(time * 1000).toUTCString().replace("GMT", "+0000");
  const debian = `dsmip (${version}-1) unstable; urgency=medium\n\n` +
    `  * Version ${version}; what is new is in changelog.gz.\n\n -- ${maintainer()}  ${date}\n`;
  return [
    { path: "usr/share/doc/dsmip/changelog", content: Deno.readFileSync(new URL("CHANGELOG.md", ROOT)) },
    { path: "usr/share/doc/dsmip/changelog.Debian", content: encode(debian) },
  ];
}

/** Man pages and changelogs are compressed. */
function compressedWhereDebianWantsIt(file: InstalledFile): InstalledFile {
  if (!/^usr\/share\/(man|doc\/dsmip\/changelog)/.test(file.path)) return file;
  return { ...file, path: `${file.path}.gz`, content: gzipSync(file.content, { level: 9 }) };
}

function controlFile(
  { version, machine, runtime, files }: {
    readonly version: string;
    readonly machine: Machine;
    readonly runtime: Uint8Array;
    readonly files: readonly InstalledFile[];
  },
): string {
  const octets = files.reduce((sum, { content }) => sum + content.length, 0);
  return `Package: dsmip
Version: ${version}-1
Section: net
Priority: optional
Architecture: ${MACHINES[machine].alias}
Maintainer: ${maintainer()}
Installed-Size: ${Math.ceil(octets / 1024)}
Depends: libc6 (>= ${neededGlibc(runtime)}), libgcc-s1, passwd
Recommends: dnsmasq-base, radvd
Suggests: iproute2, iputils-ping, nftables, tcpdump, tshark, udhcpc
Description: ${DESCRIPTION}${EXTENDED_DESCRIPTION}
`;
}

/** Who answers for the package, as Debian's tools are told. */
function maintainer(): string {
  const name = Deno.env.get("DEBFULLNAME") ?? "The dsmip developers";
  return `${name} <${Deno.env.get("DEBEMAIL") ?? "dsmip@example.org"}>`;
}

/** The newest version of the C library that the runtime names. */
function neededGlibc(runtime: Uint8Array): string {
  const names = new TextDecoder("latin1").decode(runtime).matchAll(/\0GLIBC_2\.(\d+)(?=[.\0])/g);
  return `2.${Math.max(...[...names].map(([, minor]) => Number(minor)))}`;
}

async function md5sums(folder: string): Promise<string> {
  const paths = await run("find", [".", "-type", "f", "!", "-path", "./DEBIAN/*", "-printf", "%P\\n"], {
    cwd: folder,
  });
  return await run("md5sum", paths.trimEnd().split("\n").sort(), { cwd: folder });
}

function template(name: string, values: Readonly<Record<string, string>>): string {
  const text = Deno.readTextFileSync(new URL(name, TEMPLATES));
  return text.replace(/@([A-Z_]+)@/g, (_mark, key) => values[key]);
}

function write(folder: string, { path, content, isExecutable }: InstalledFile): void {
  const file = `${folder}/${path}`;
  Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  Deno.writeFileSync(file, content);
  // Whatever the umask is.
  Deno.chmodSync(file, isExecutable ? 0o755 : 0o644);
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
