import { Failure } from "../output/fault.ts";

/** Tells when whoever has started this program wants it to end. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** How often it is looked whether the task runner is still there. */
const PARENT_LOOK_MS = 500;

/**
 * Turns signals into an AbortSignal, so that the lab removes its network before it ends. `deno task` passes SIGTERM on,
 * but one that is killed cannot: when a Deno that has started this one is gone, that is an interruption, too. A shell
 * may go, as at the end of a session with a lab in the background.
 */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Failure("interrupted"));
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  const parent = Deno.ppid;
  const watch = !isDeno(parent) ? undefined : setInterval(() => {
    if (Deno.ppid !== parent) interrupt();
  }, PARENT_LOOK_MS);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearInterval(watch);
      SIGNALS.forEach((signal) => Deno.removeSignalListener(signal, interrupt));
    },
  };
}

function isDeno(pid: number): boolean {
  try {
    return Deno.readLinkSync(`/proc/${pid}/exe`) === Deno.realPathSync(Deno.execPath());
  } catch {
    return false;
  }
}
