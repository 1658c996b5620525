import { assertEquals } from "@std/assert";
import { readPrograms } from "../../cli/doctor/managers.ts";
import { endChild, testInNamespace, until } from "../ffi/in_namespace.ts";

const LIMIT_MS = 10_000;

testInNamespace("doctor: programs of this network namespace count, those of others do not", async (other) => {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  const [ours, theirs] = [`ours-${Deno.pid}`, `theirs-${Deno.pid}`];
  for (const name of [ours, theirs]) Deno.copyFileSync("/bin/sleep", `${folder}/${name}`);
  const start = (program: string, ...args: string[]) =>
    new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const children = [
    start(`${folder}/${ours}`, "60"),
    start("ip", "netns", "exec", other.name, `${folder}/${theirs}`, "60"),
  ];
  try {
    for (const [index, name] of [ours, theirs].entries()) {
      const isStarted = () => Deno.readTextFileSync(`/proc/${children[index].pid}/comm`) === `${name}\n`;
      await until(`${name} runs`, isStarted, LIMIT_MS);
    }
    const { processes } = readPrograms();
    assertEquals([processes.has(ours), processes.has(theirs)], [true, false]);
  } finally {
    for (const child of children) await endChild(child, "SIGKILL");
    Deno.removeSync(folder, { recursive: true });
  }
});
