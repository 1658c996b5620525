import { monotonicMicroseconds, sendToUnixSocket } from "../../ffi/notify_socket.ts";
import { messageOf } from "../output/fault.ts";
import type { Log } from "./log.ts";

/** Where a service manager listens, and how often it wants to hear. */
export interface ServiceManagerOptions {
  /** A path, or the name of an abstract socket with "@" in front; undefined: nobody listens, and nothing is said. */
  readonly socket: string | undefined;
  /** The service manager ends a service from which it hears nothing for so long; undefined: it does not watch. */
  readonly watchdogMs?: number;
  readonly log: Log;
}

/** What sd_notify(3) and sd_watchdog_enabled(3) say of the environment that systemd gives a service. */
export function serviceManagerOf(environment: Pick<Deno.Env, "get">, log: Log): ServiceManager {
  const pid = environment.get("WATCHDOG_PID");
  const microseconds = Number(environment.get("WATCHDOG_USEC"));
  const isWatched = microseconds > 0 && (pid === undefined || Number(pid) === Deno.pid);
  return new ServiceManager({
    socket: environment.get("NOTIFY_SOCKET") || undefined,
    watchdogMs: isWatched ? microseconds / 1000 : undefined,
    log,
  });
}

/**
 * What a daemon tells the service manager that has started it (systemd, `Type=notify` and `WatchdogSec=`): one
 * datagram for each. What cannot be told is a warning in the log, once.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  #isUnheard = false;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
  }

  /** The daemon serves from now on. */
  ready(status: string): void {
    this.#tell("READY=1", statusLine(status));
  }

  /** A line for people: `systemctl status` shows it. */
  status(status: string): void {
    this.#tell(statusLine(status));
  }

  /** The daemon reads its configuration again. */
  reloading(): void {
    this.#tell("RELOADING=1", `MONOTONIC_USEC=${monotonicMicroseconds()}`);
  }

  /** It goes on, whether it has taken the configuration over or not. */
  reloaded(): void {
    this.#tell("READY=1");
  }

  stopping(): void {
    this.#tell("STOPPING=1");
  }

  /**
   * Tells again and again that the daemon is alive, twice as often as is asked for, until the result is disposed of.
   * @param turn resolves when the daemon has done some of its work: nothing is told before it has
   */
  watch(turn: () => Promise<void>): Disposable {
    const { socket, watchdogMs } = this.#options;
    let timer: ReturnType<typeof setInterval> | undefined;
    if (socket !== undefined && watchdogMs !== undefined) {
      let isWaiting = false;
      timer = setInterval(async () => {
        if (isWaiting) return;
        isWaiting = true;
        await turn();
        isWaiting = false;
        this.#tell("WATCHDOG=1");
      }, watchdogMs / 2);
    }
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  #tell(...lines: string[]): void {
    const { socket, log } = this.#options;
    if (socket === undefined) return;
    try {
      sendToUnixSocket(socket, lines.join("\n"));
      this.#isUnheard = false;
    } catch (error) {
      if (!this.#isUnheard) log.warning("the service manager does not hear", { error: messageOf(error) });
      this.#isUnheard = true;
    }
  }
}

function statusLine(text: string): string {
  return `STATUS=${text.replaceAll("\n", " ")}`;
}
