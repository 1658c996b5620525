import { textsIn } from "./proc_files.ts";

/** Which field of /proc/.../stat is the scheduling policy (proc_pid_stat(5), counted from 1). */
const POLICY = 41;

/** The scheduling policy of the thread (or process) whose folder in /proc this is. */
export function policyOf(folder: string): number {
  return policyIn(Deno.readTextFileSync(`${folder}/stat`));
}

function policyIn(text: string): number {
  // The name, in parentheses, is the second field and may hold blanks.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[POLICY - 3]);
}

/** The scheduling policy of each thread of this process. */
export function policiesOfThreads(): number[] {
  return textsIn("/proc/self/task", "stat").map(policyIn);
}
