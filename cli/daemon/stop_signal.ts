/**
 * Waits for SIGTERM or SIGINT: the first asks the daemon to end well, a second one ends it at once (what is
 * left then, the next start removes).
 */
export interface StopSignal extends Disposable {
  /** Resolves at the first signal. */
  readonly requested: Promise<void>;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

export function stopSignal(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<void>();
  let seen = false;
  const listener = () => {
    if (seen) Deno.exit(1);
    seen = true;
    resolve();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, listener);
  return {
    requested: promise,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, listener);
    },
  };
}
