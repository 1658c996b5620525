/** Which field of /proc/.../stat is the scheduling policy (proc_pid_stat(5), counted from 1). */
const POLICY = 41;

/** The scheduling policy of the thread (or process) whose folder in /proc this is. */
export function policyOf(folder: string): number {
  const text = Deno.readTextFileSync(`${folder}/stat`);
  // The name, in parentheses, is the second field and may hold blanks.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[POLICY - 3]);
}

/** Of each thread of a process: its name and its scheduling policy. */
export function policiesOf(process: number | "self"): [name: string, policy: number][] {
  const folder = `/proc/${process}/task`;
  return [...Deno.readDirSync(folder)].map(({ name }) => [
    Deno.readTextFileSync(`${folder}/${name}/comm`).trimEnd(),
    policyOf(`${folder}/${name}`),
  ]);
}
