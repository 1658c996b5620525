import type { FlowArrival } from "../mesh/record.ts";
import { DOWNLOAD_WORD, SESSION_WORD } from "./programs.ts";

/** What became of an interactive session. */
export interface SessionRecord {
  /** Echoes that were the line that had been typed. */
  readonly echoes: readonly FlowArrival[];
  readonly wrong: number;
  /** Lines typed; undefined while the session goes on. */
  readonly typed: number | undefined;
  /** Why the connection was lost; undefined where it was not. */
  readonly lost: string | undefined;
}

/** Reads the lines about the session in the output of a node's program. */
export function readSession(text: string): SessionRecord {
  const lines = linesOf(text, SESSION_WORD);
  const typed = lines.find((line) => line.startsWith("end "));
  return {
    echoes: lines.flatMap(arrivalOf),
    wrong: lines.filter((line) => line.startsWith("wrong ")).length,
    typed: typed === undefined ? undefined : Number(typed.slice("end ".length)),
    lost: lostOf(lines),
  };
}

/** What became of a download. */
export interface DownloadRecord {
  /** Parts as they came: the number of each is its place, the times are when it came. */
  readonly parts: readonly FlowArrival[];
  readonly octets: number;
  /** "lost", and the checksum of a whole one: "same" or "different". */
  readonly outcome: "under way" | "same" | "different" | "lost";
  readonly lost: string | undefined;
}

/** Reads the lines about the download in the output of a node's program. */
export function readDownload(text: string): DownloadRecord {
  const lines = linesOf(text, DOWNLOAD_WORD);
  const parts = lines.flatMap((line, sequence) => {
    const [octets, arrivedMs] = line.split(" ").map(Number);
    return Number.isFinite(arrivedMs) && Number.isFinite(octets)
      ? [{ sequence, sentMs: arrivedMs, arrivedMs, octets }]
      : [];
  });
  const [, octets, outcome] = lines.find((line) => line.startsWith("done "))?.split(" ") ?? [];
  const lost = lostOf(lines);
  return {
    parts,
    octets: Number(octets ?? parts.at(-1)?.octets ?? 0),
    outcome: lost !== undefined
      ? "lost"
      : outcome === "same" || outcome === "different"
      ? outcome
      : "under way",
    lost,
  };
}

const ANSWER = /^\[([\d.]+)\] \d+ bytes from .* icmp_seq=(\d+) .*time=([\d.]+) ms/;

/** Reads the answers in what `ping -D` says. */
export function readPings(text: string): FlowArrival[] {
  return wholeLines(text).flatMap((line) => {
    const [, seconds, sequence, tookMs] = ANSWER.exec(line) ?? [];
    if (seconds === undefined) return [];
    const arrivedMs = Number(seconds) * 1000;
    return [{ sequence: Number(sequence), sentMs: arrivedMs - Number(tookMs), arrivedMs }];
  });
}

/** A line that is not whole yet is left out. */
function wholeLines(text: string): string[] {
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "");
}

function linesOf(text: string, word: string): string[] {
  return wholeLines(text).filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
}

function arrivalOf(line: string): FlowArrival[] {
  const [sequence, sentMs, arrivedMs] = line.split(" ").map(Number);
  return Number.isFinite(sequence) && Number.isFinite(arrivedMs) ? [{ sequence, sentMs, arrivedMs }] : [];
}

function lostOf(lines: readonly string[]): string | undefined {
  return lines.find((line) => line.startsWith("lost "))?.slice("lost ".length);
}
