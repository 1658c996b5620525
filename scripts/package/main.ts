/** Makes the packages for Debian and npm in dist/. */
import { parseArgs } from "node:util";
import project from "../../deno.json" with { type: "json" };
import { bundleProgram } from "../build/program_files.ts";
import { run } from "../build/run.ts";
import { machineNamed, MACHINES, runtimeFor } from "../build/runtime.ts";
import { debianPackage } from "./debian.ts";
import { npmPackage } from "./npm.ts";

const USAGE =
  `Usage: deno task package [--arch x86_64|aarch64] [--output FOLDER] [--level 0..9] [--version VERSION]

  --arch      what the Debian package is to run on (this machine)
  --output    where the packages go (dist)
  --level     how hard the Debian package is compressed; 0 is not at all (6)
  --version   another version than that of deno.json (${project.version}), for the Debian package

SOURCE_DATE_EPOCH is the time of everything in it; without that, it is the last commit's. DEBFULLNAME and DEBEMAIL say who
makes it.`;

async function makePackages(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      arch: { type: "string", default: Deno.build.arch },
      output: { type: "string", default: "dist" },
      level: { type: "string", default: "6" },
      version: { type: "string", default: project.version },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const level = Number(values.level);
  if (!Number.isInteger(level) || level < 0 || level > 9) throw new Error("--level is a number from 0 to 9");
  const machine = machineNamed(values.arch);
  const [program, runtime, time] = await Promise.all([bundleProgram(), runtimeFor(machine), sourceTime()]);
  await Deno.mkdir(values.output, { recursive: true });
  const debian = `${values.output}/dsmip_${values.version}-1_${MACHINES[machine].alias}.deb`;
  await debianPackage({ program, runtime, machine, version: values.version, time, level, output: debian });
  const npm = `${values.output}/dsmip-${project.version}.tgz`;
  await Deno.writeFile(npm, npmPackage(program));
  for (const file of [debian, npm]) {
    console.log(`${file}: ${((await Deno.stat(file)).size / 1e6).toFixed(1)} MB`);
  }
}

/** The time that a repeated build has, too. Seconds since 1970. */
async function sourceTime(): Promise<number> {
  const told = Deno.env.get("SOURCE_DATE_EPOCH");
  const time = Number(told || await run("git", ["log", "-1", "--format=%ct"]));
  if (!Number.isInteger(time) || time < 0) {
    throw new Error(`SOURCE_DATE_EPOCH=${told}: must be seconds since 1970`);
  }
  return time;
}

if (import.meta.main) {
  try {
    await makePackages(Deno.args);
  } catch (error) {
    console.error(`package: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
