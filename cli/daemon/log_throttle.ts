/** Lines of one level and message that may stand in one window of time; more are counted, not written. */
export const LINES_PER_WINDOW = 50;
export const WINDOW_MS = 10_000;
/** Kinds of lines that are counted at one time; the oldest makes room. */
const MAXIMUM_KINDS = 1000;

interface Window {
  readonly message: string;
  readonly startMs: number;
  lines: number;
}

export interface LogThrottleOptions {
  /** Milliseconds. */
  readonly clock: () => number;
  /** Told how many lines were suppressed: with the next line of that kind, or at close(). */
  readonly onSuppressed: (message: string, count: number) => void;
}

/** Keeps a flood of one kind of lines from filling the log. */
export class LogThrottle {
  readonly #options: LogThrottleOptions;
  /** The latest window of each kind of lines, the oldest window first. */
  readonly #windows = new Map<string, Window>();

  constructor(options: LogThrottleOptions) {
    this.#options = options;
  }

  /** May this line be written? It counts. */
  admits(level: string, message: string): boolean {
    const kind = `${level} ${message}`;
    const nowMs = this.#options.clock();
    let window = this.#windows.get(kind);
    if (window === undefined || nowMs - window.startMs >= WINDOW_MS) {
      this.#end(kind);
      window = { message, startMs: nowMs, lines: 0 };
      this.#windows.set(kind, window);
      if (this.#windows.size > MAXIMUM_KINDS) this.#end(this.#windows.keys().next().value!);
    }
    return ++window.lines <= LINES_PER_WINDOW;
  }

  /** Tells what is still suppressed. */
  close(): void {
    for (const kind of this.#windows.keys()) this.#end(kind);
  }

  #end(kind: string): void {
    const window = this.#windows.get(kind);
    if (window === undefined) return;
    this.#windows.delete(kind);
    const suppressed = window.lines - LINES_PER_WINDOW;
    if (suppressed > 0) this.#options.onSuppressed(window.message, suppressed);
  }
}
