import { RARE_SOLICITATION_MS, SOLICITATION_WAITS_MS } from "./ipv6_limits.ts";

/** When to solicit routers: at once, soon again, then rarely, until an advertisement stops it. */
export class RouterSolicitations {
  #dueAtMs: number | undefined;
  #sent = 0;
  #lastSentMs = -Infinity;

  get dueAtMs(): number | undefined {
    return this.#dueAtMs;
  }

  /** From the beginning; at once, unless one has just gone out. */
  start(nowMs: number): void {
    this.#sent = 0;
    this.#dueAtMs = Math.max(nowMs, this.#lastSentMs + SOLICITATION_WAITS_MS[0]);
  }

  stop(): void {
    this.#dueAtMs = undefined;
  }

  /** Whether to send one now. */
  take(nowMs: number): boolean {
    if (this.#dueAtMs === undefined || this.#dueAtMs > nowMs) return false;
    this.#dueAtMs = nowMs + (SOLICITATION_WAITS_MS[this.#sent] ?? RARE_SOLICITATION_MS);
    this.#sent++;
    this.#lastSentMs = nowMs;
    return true;
  }
}
