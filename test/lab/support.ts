import { assertEquals } from "@std/assert";
import { Lab } from "../../cli/lab/lab.ts";
import { labEnvironment, runProgram } from "../../cli/lab/process.ts";

/** A test that needs root; its name says so. */
export function rootTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name} (root)`, ignore: Deno.uid() !== 0, fn });
}

/** Eight hexadecimal digits that no other run has. */
export function newRun(): string {
  return crypto.getRandomValues(new Uint8Array(4)).toHex();
}

/** What the network of this machine itself looks like, without lifetimes and counters. */
export async function hostNetwork(): Promise<string> {
  const parts = [["link"], ["address"], ["-4", "route"], ["-6", "route"], ["-4", "rule"], ["-6", "rule"]];
  const texts = await Promise.all(
    parts.map(async (part) => (await runProgram(["ip", ...part, "show"])).stdout),
  );
  const tables = await runProgram(["nft", "list", "tables"]);
  return [...texts, tables.stdout].join("\n").replace(/(valid_lft|preferred_lft|expires) \S+/g, "$1");
}

/** Whether a program is there: a test that needs it is left out where it is not. */
export function hasProgram(name: string): boolean {
  return labEnvironment().PATH.split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}

/** A test as root with a lab and these programs, which leaves the network of this machine as it was. */
export function labTest(
  name: string,
  play: (lab: Lab) => Promise<void>,
  programs: readonly string[] = [],
): void {
  const fn = async () => {
    const before = await hostNetwork();
    const lab = await Lab.open(new AbortController().signal);
    try {
      await play(lab);
    } finally {
      await lab.close();
    }
    assertEquals(await hostNetwork(), before);
  };
  if (programs.every(hasProgram)) rootTest(name, fn);
  else Deno.test({ name: `${name} (root, ${programs.join(", ")})`, ignore: true, fn });
}
