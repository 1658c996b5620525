import { messageOf } from "../output/fault.ts";
import type { CheckList } from "./check.ts";
import type { Progress } from "./progress.ts";

/** One thing that a run does, shown to the user as it happens. */
export interface PlayedStep {
  readonly title: string;
  run(): Promise<void>;
}

/** Runs steps one after the other, each shown with the checks that it made. Returns why they ended early, if they did. */
export async function playSteps(
  steps: readonly PlayedStep[],
  checks: CheckList,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<string | undefined> {
  let current = "";
  const shown = steps.map((step) => ({
    title: step.title,
    run: async () => {
      current = step.title;
      signal.throwIfAborted();
      const before = checks.all.length;
      await step.run();
      return checks.all.slice(before);
    },
  }));
  try {
    await progress(shown);
    return undefined;
  } catch (error) {
    return signal.aborted ? "interrupted" : `${current}: ${messageOf(error)}`;
  }
}
