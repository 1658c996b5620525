import { UsageError } from "../output/fault.ts";
import { processStartTicks, RUN_FOLDER_NAME, runFolder, type RunRecord, temporaryFolder } from "./lab.ts";
import { NAMESPACE_NAME, removeNamespaces } from "./network.ts";
import { pause, RUN_MARK, runProgram } from "./process.ts";

/**
 * Removes what earlier runs have left (--keep, or a lab that was killed), and nothing of a run that is under way.
 * `wanted` are names of runs; none means all.
 */
export async function removeOldRuns(
  wanted: readonly string[],
  remark: (line: string) => void,
): Promise<void> {
  const namespaces = await labNamespaces();
  const known = new Set([...namespaces.map(({ run }) => run), ...labFolders()]);
  const unknown = wanted.filter((run) => !known.has(run));
  if (unknown.length > 0) throw new UsageError(`nothing is left of a run called ${unknown.join(", ")}`);
  for (const run of wanted.length > 0 ? wanted : [...known].sort()) {
    if (isUnderWay(run)) {
      remark(`${run}: is running; left alone`);
      continue;
    }
    await removeRun(run, namespaces);
    remark(`${run}: removed`);
  }
  if (known.size === 0) remark("nothing is left of earlier runs");
}

/** Removes what killed labs have left. What was kept on purpose stays, and what does not say whose it is. */
export async function removeKilledRuns(remark: (line: string) => void): Promise<void> {
  const killed = labFolders().filter((run) => readRecord(run)?.isKept === false && !isUnderWay(run));
  if (killed.length === 0) return;
  const namespaces = await labNamespaces();
  for (const run of killed) {
    await removeRun(run, namespaces);
    remark(`${run}: a lab that was killed; removed`);
  }
}

interface LabNamespace {
  readonly name: string;
  readonly run: string;
}

async function removeRun(run: string, namespaces: readonly LabNamespace[]): Promise<void> {
  await endProcesses(run);
  await removeNamespaces(namespaces.filter((namespace) => namespace.run === run).map(({ name }) => name));
  await Deno.remove(runFolder(run), { recursive: true }).catch(ignoreNotFound);
}

/** What is there of a run: namespaces that can be seen from here, processes, and its folder. */
export async function leftOf(run: string): Promise<string[]> {
  const namespaces = (await labNamespaces()).filter((namespace) => namespace.run === run);
  return [
    ...namespaces.map(({ name }) => `namespace ${name}`),
    ...markedProcesses(run).map((pid) => `process ${pid}`),
    ...(labFolders().includes(run) ? [runFolder(run)] : []),
  ];
}

async function labNamespaces(): Promise<LabNamespace[]> {
  const { stdout } = await runProgram(["ip", "netns", "list"]);
  return stdout.split("\n").flatMap((line) => {
    const [name] = line.split(" ");
    const match = NAMESPACE_NAME.exec(name);
    return match === null ? [] : [{ name, run: match[1] }];
  });
}

function labFolders(): string[] {
  return [...Deno.readDirSync(temporaryFolder())].flatMap(({ name, isDirectory }) => {
    const match = RUN_FOLDER_NAME.exec(name);
    return match === null || !isDirectory ? [] : [match[1]];
  });
}

function isUnderWay(run: string): boolean {
  const record = readRecord(run);
  return record !== undefined && processStartTicks(record.pid) === record.startTicks;
}

/** Undefined where there is none, or none that is whole: of a run that begins just now, perhaps. */
function readRecord(run: string): RunRecord | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(`${runFolder(run)}/run.json`)) as RunRecord;
  } catch {
    return undefined;
  }
}

/** Ends the processes that carry the run's mark, wherever they are: a user namespace's are in no namespace we see. */
async function endProcesses(run: string): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (const pid of markedProcesses(run)) {
      try {
        Deno.kill(pid, signal);
      } catch {
        // It has ended in the meantime.
      }
    }
    const deadline = performance.now() + 3000;
    while (markedProcesses(run).length > 0 && performance.now() < deadline) await pause(20);
  }
}

function markedProcesses(run: string): number[] {
  const mark = `${RUN_MARK}=${run}`;
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    if (!Number.isInteger(pid)) return false;
    try {
      return Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0").includes(mark);
    } catch {
      return false;
    }
  });
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
