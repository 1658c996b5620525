import { INFINITE_LIFETIME_SECONDS } from "../wire/neighbor_discovery_option.ts";

/** The end, in milliseconds, of a lifetime of 32 bits as neighbour discovery has it; all ones never ends. */
export function instantAfter(seconds: number, nowMs: number): number {
  return seconds === INFINITE_LIFETIME_SECONDS ? Infinity : nowMs + 1000 * seconds;
}
