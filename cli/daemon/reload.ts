import { overwriteKeys, withHeldKeys } from "../configuration/held_keys.ts";
import type { Configuration } from "../configuration/record.ts";
import { rereadConfiguration } from "../configuration/reread.ts";
import { Failure, messageOf } from "../output/fault.ts";
import type { Log } from "./log.ts";
import type { ServiceManager } from "./service_manager.ts";

/** What `dsmip ha reload` and `dsmip mn reload` are told. */
export interface ReloadAnswer {
  /** Keys that have changed in the file and wait for a restart: "home_agent.port". */
  readonly needRestart: readonly string[];
}

/**
 * Takes something of a changed configuration over. The first steps may refuse it by a Failure, before anything is changed; no
 * later step throws one.
 * @param before what the daemon ran with until now
 */
export type ReloadStep<Kind extends Configuration> = (next: Kind, before: Kind) => void | Promise<void>;

/**
 * Reads the daemon's configuration again, at SIGHUP and when it is asked to, and takes over what can change while bindings
 * stand. A file with a mistake changes nothing. At the end of the daemon its keys are overwritten.
 */
export class Reload<Kind extends Configuration> implements Disposable {
  readonly #log: Log;
  readonly #serviceManager: Pick<ServiceManager, "reloading" | "reloaded">;
  #steps = Promise.withResolvers<readonly ReloadStep<Kind>[]>();
  #running: Kind;
  /** One after the other. */
  #latest: Promise<unknown> = Promise.resolve();
  readonly #onSignal = () => void this.#reloadBySignal();

  /** @param running what the daemon starts with. A reload waits until it is ready. */
  constructor(
    running: Kind,
    { log, serviceManager }: {
      readonly log: Log;
      readonly serviceManager: Pick<ServiceManager, "reloading" | "reloaded">;
    },
  ) {
    this.#running = running;
    this.#log = log;
    this.#serviceManager = serviceManager;
    Deno.addSignalListener("SIGHUP", this.#onSignal);
  }

  /** What the daemon runs with. */
  get running(): Kind {
    return this.#running;
  }

  /**
   * The daemon is ready, until what is returned is disposed of.
   * @param steps in their order
   */
  ready(steps: readonly ReloadStep<Kind>[]): Disposable {
    this.#steps.resolve(steps);
    return { [Symbol.dispose]: () => this.#steps = Promise.withResolvers() };
  }

  /** @throws UsageError with every mistake of the file; Failure where this daemon cannot take it over. Nothing has changed then. */
  reload(): Promise<ReloadAnswer> {
    const turn = this.#latest.then(async () => {
      this.#serviceManager.reloading();
      try {
        return await this.#reload();
      } finally {
        this.#serviceManager.reloaded();
      }
    });
    this.#latest = turn.catch(() => {});
    return turn;
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGHUP", this.#onSignal);
    overwriteKeys(this.#running);
  }

  async #reload(): Promise<ReloadAnswer> {
    const steps = await this.#steps.promise;
    const before = this.#running;
    const { configuration, needRestart } = rereadConfiguration(before);
    const next = withHeldKeys(configuration, before);
    try {
      for (const step of steps) await step(next, before);
    } catch (error) {
      // After any other fault, steps before it may go on with the new keys: as zeros, everybody would have them.
      if (error instanceof Failure) overwriteKeys(next, before);
      throw error;
    }
    this.#running = next;
    overwriteKeys(before, next);
    for (const warning of next.warnings) this.#log.warning(warning);
    this.#log.info("configuration reloaded", { file: next.file });
    if (needRestart.length > 0) {
      this.#log.warning("changed, but needs a restart", { keys: needRestart.join(" ") });
    }
    return { needRestart };
  }

  async #reloadBySignal(): Promise<void> {
    try {
      await this.reload();
    } catch (error) {
      this.#log.error("configuration not reloaded", { error: messageOf(error) });
    }
  }
}
