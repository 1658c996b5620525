/** What is measured, in the order in which it is measured and shown. */

/** Measurements that are chosen together. */
export const METRIC_GROUPS = ["start", "rtt", "tcp", "fixed", "flood", "roam"] as const;
export type MetricGroup = typeof METRIC_GROUPS[number];

export interface Metric {
  readonly name: string;
  readonly group: MetricGroup;
  readonly title: string;
  readonly unit: string;
  readonly better: "less" | "more";
}

/** Packets a second of the measurement at a fixed rate. */
export const FIXED_RATE = 20_000;
/** Octets of the inner packet, with its IP header, of the small and the large load. */
export const SMALL_PACKET = 250;
export const LARGE_PACKET = 1400;
/** What counts as no loss. */
export const TOLERATED_LOSS = 0.01;

const FIXED = `${FIXED_RATE.toLocaleString("en")} packets/s of ${SMALL_PACKET} octets`;

export const METRICS: readonly Metric[] = [
  metric("start_ms", "start", "Start: exec of the daemons to the first reply", "ms"),
  metric("rss_idle_mb", "start", "Memory of one end, idle", "MB"),
  metric("rss_peak_mb", "start", "Memory of one end, most", "MB"),
  metric("rtt_median_us", "rtt", "Round trip, idle: median", "µs"),
  metric("rtt_p99_us", "rtt", "Round trip, idle: 99th percentile", "µs"),
  metric("tcp_mbit", "tcp", "TCP, one stream", "Mbit/s", "more"),
  metric("tcp_retransmits", "tcp", "TCP: segments sent again", "segments"),
  metric("tcp_cpu_s_gb", "tcp", "TCP: CPU of both daemons", "s/GB"),
  metric("tcp_machine_s_gb", "tcp", "TCP: CPU of the whole machine", "s/GB"),
  metric("fixed_cpu_us", "fixed", `${FIXED}: CPU of both daemons`, "µs/packet"),
  metric("fixed_machine_us", "fixed", `${FIXED}: CPU of the machine`, "µs/packet"),
  metric("fixed_loss_percent", "fixed", `${FIXED}: lost`, "%"),
  metric("flood_250_pps", "flood", "250 octets, overload: through", "packets/s", "more"),
  metric("lossless_250_pps", "flood", "250 octets, at most 1 % lost", "packets/s", "more"),
  metric("flood_1400_pps", "flood", "1400 octets, overload: through", "packets/s", "more"),
  metric("lossless_1400_pps", "flood", "1400 octets, at most 1 % lost", "packets/s", "more"),
  metric("roam_both_down_ms", "roam", "New address, both busy: lost towards it", "ms"),
  metric("roam_both_up_ms", "roam", "New address, both busy: lost from it", "ms"),
  metric("roam_receiving_ms", "roam", "New address, only receiving: lost", "ms"),
];

function metric(
  name: string,
  group: MetricGroup,
  title: string,
  unit: string,
  better: Metric["better"] = "less",
): Metric {
  return { name, group, title, unit, better };
}
