import type { Encapsulation } from "../../core/sessions/data_flow.ts";
import type { Summary } from "../../core/sessions/samples.ts";

/** What the words and the picture of `decode --sessions` have in common. */

export const ENCAPSULATION_NAMES: Readonly<Record<Encapsulation, string>> = {
  udp: "UDP",
  ipv6InIpv4: "IPv6 in IPv4",
  ipv4InIpv4: "IPv4 in IPv4",
  ipv6InIpv6: "IPv6 in IPv6",
  ipv4InIpv6: "IPv4 in IPv6",
  routeOptimized: "route optimized",
  none: "no tunnel",
};

/** "8.05 ms", "62.5 ms", "2.81 s". */
export function formatMs(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds.toFixed(milliseconds >= 10 ? 1 : 2)} ms`;
}

export function formatSeconds(seconds: number): string {
  return seconds.toFixed(3);
}

/** "0.89 / 2.19 / 8.05 ms": smallest, median, largest. */
export function formatSummary({ minimum, median, maximum }: Summary, unit: "ms" | "s"): string {
  const digits = unit === "s" || maximum >= 100 ? 1 : 2;
  return `${[minimum, median, maximum].map((value) => value.toFixed(digits)).join(" / ")} ${unit}`;
}

/** "605,948". */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 packet", "12 packets". */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
