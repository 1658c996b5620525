import { Listr } from "listr2";
import type { Check } from "./check.ts";
import { describeValue } from "./report.ts";

/** A step as it is shown: `run` does it and returns the checks that it made. */
export interface ShownStep {
  readonly title: string;
  run(): Promise<readonly Check[]>;
}

/** Runs the steps in order and shows each as it happens; throws what a step throws. */
export type Progress = (steps: readonly ShownStep[]) => Promise<void>;

interface ListrTask {
  title: string;
  output: string;
}

/** Steps with a spinner, for a terminal. What has failed is shown at once; all else is in the summary. */
export const terminalProgress: Progress = async (steps) => {
  const tasks = steps.map((step) => ({
    title: step.title,
    task: async (_context: unknown, task: ListrTask) => {
      const checks = await step.run();
      const failed = checks.filter((check) => !check.ok);
      if (checks.length > 0) task.title = `${step.title} [${checks.length - failed.length}/${checks.length}]`;
      if (failed.length > 0) task.output = failed.map(checkLine).join("\n");
    },
    rendererOptions: { outputBar: Infinity, persistentOutput: true },
  }));
  // Signals are the lab's to handle: it has a network to remove.
  await new Listr(tasks, { registerSignalListeners: false, exitOnError: true }).run();
};

/** Plain lines, for logs and pipes. */
export function plainProgress(write: (line: string) => void): Progress {
  return async (steps) => {
    for (const [index, step] of steps.entries()) {
      write(`[${index + 1}/${steps.length}] ${step.title}`);
      for (const check of await step.run()) write(`    ${checkLine(check)}`);
    }
  };
}

function checkLine(check: Check): string {
  const { value, limit } = describeValue(check);
  const measured = value === limit ? value : `${value} (${limit})`;
  return `${check.ok ? "ok  " : "FAIL"} ${check.name}: ${measured}`;
}
