import { LINES_PER_WINDOW, WINDOW_MS } from "../../cli/daemon/log_throttle.ts";
import { table } from "../pressure/report.ts";
import type { Result } from "./measure.ts";

/** What issue and README promise of a home agent under attack. */
export const GOALS = {
  answeredShare: 0.999,
  p99Ms: 200,
  /** Of the traffic's rate without an attack. */
  trafficShare: 0.8,
  /** Octets of answers for an octet of attack. */
  amplification: 0.05,
  /** Kinds of lines that an attack may make the log full of: each has the log's own limit. */
  logKinds: 2,
  /** Of the memory without an attack. */
  memoryGrowth: 1.25,
} as const;

/** Goals that a result does not reach, in words. @param calm without an attack */
export function missed(result: Result, calm: Result): string[] {
  const { answered, registrations, p99Ms, logLines, seconds, memoryMegabytes } = result;
  return [
    ...(answered / registrations >= GOALS.answeredShare ? [] : ["registrations answered"]),
    ...(p99Ms < GOALS.p99Ms ? [] : ["p99"]),
    ...(trafficShare(result, calm) >= GOALS.trafficShare ? [] : ["traffic"]),
    ...(amplification(result) <= GOALS.amplification ? [] : ["amplification"]),
    ...(logLines <= GOALS.logKinds * mostLogLines(seconds) ? [] : ["log lines"]),
    ...(memoryMegabytes <= GOALS.memoryGrowth * calm.memoryMegabytes ? [] : ["memory"]),
  ];
}

export function report(results: readonly Result[], nodes: number): string {
  const [calm] = results;
  const rows = results.map((result) => {
    const { attack, attackPackets, seconds, registrations, answered, medianMs, p99Ms, mostMs } = result;
    const failures = missed(result, calm);
    return [
      attack.name,
      attack.expected,
      Math.round(attackPackets / seconds).toLocaleString("en"),
      `${answered} of ${registrations}`,
      `${medianMs.toFixed(1)} / ${p99Ms.toFixed(1)} / ${mostMs.toFixed(0)}`,
      `${(100 * trafficShare(result, calm)).toFixed(1)} %`,
      `${result.answerPackets} (${amplification(result).toFixed(4)})`,
      String(result.logLines),
      result.memoryMegabytes.toFixed(0),
      `${(100 * result.processorShare).toFixed(0)} %`,
      failures.length === 0 ? "yes" : `no: ${failures.join(", ")}`,
    ];
  });
  const head = [
    "attack",
    "expected",
    "packets/s",
    "registered",
    "median / p99 / most ms",
    "traffic",
    "answers (octets out/in)",
    "log lines",
    "MB",
    "CPU",
    "goals met",
  ];
  const { registrations, packetsSent, toldSeconds } = calm;
  const rates = [registrations, packetsSent].map((count) => Math.round(count / toldSeconds));
  return `${nodes} mobile nodes, some ${rates[0]} registrations/s and ${rates[1]} packets/s among them\n` +
    table(head, rows);
}

/** Of one kind: in each window that they touch, and how many were left out. */
function mostLogLines(seconds: number): number {
  return (LINES_PER_WINDOW + 1) * (Math.ceil(1000 * seconds / WINDOW_MS) + 1);
}

function trafficShare(result: Result, calm: Result): number {
  const share = ({ packetsReceived, packetsSent }: Result) => packetsReceived / packetsSent;
  return share(result) / share(calm);
}

function amplification({ answerOctets, attackOctets }: Result): number {
  return attackOctets === 0 ? 0 : answerOctets / attackOctets;
}
