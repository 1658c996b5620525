import type { FlowResult, TransferResult } from "./flow.ts";
import { dsmipCommand, type Lab } from "./lab.ts";
import { type LineReader, pause, within } from "./process.ts";

/** Where test traffic begins and ends. */
export interface Way {
  /** The node that sends. */
  readonly from: string;
  /** The node that receives, and the address that it is reached at. */
  readonly to: string;
  readonly address: string;
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Milliseconds; NaN when nothing came back. */
  readonly averageMs: number;
}

/** `count` pings, 100 ms apart. */
export async function ping(lab: Lab, { from, address }: Way, count: number): Promise<PingResult> {
  const seconds = String(Math.ceil(count / 10) + 3);
  const command = ["ping", "-n", "-q", "-c", String(count), "-i", "0.1", "-w", seconds, address];
  // Lost pings are a result, not a failure: ping's exit status is not looked at.
  const text = await lab.exec(from, ["sh", "-c", '"$@" || :', "sh", ...command]);
  return parsePing(text);
}

/** Reads the summary that ping prints. */
export function parsePing(text: string): PingResult {
  const counts = /(\d+) packets transmitted, (\d+) received/.exec(text);
  if (counts === null) throw new Error(`ping: ${text.trim()}`);
  const times = /= [\d.]+\/([\d.]+)\//.exec(text);
  return { sent: Number(counts[1]), received: Number(counts[2]), averageMs: times ? Number(times[1]) : NaN };
}

/** A ping every 20 ms, and how long it takes until one is answered. */
export class AnswerWatch {
  readonly #start = performance.now();
  readonly #answer: Promise<number>;

  constructor(readonly lab: Lab, readonly way: Way, readonly limitMs: number) {
    this.#answer = this.#watch();
    // Whoever asks gets the failure; until then it is not an unhandled one.
    this.#answer.catch(() => {});
  }

  /** Milliseconds from the beginning of the watch to the first answer; throws when the limit passes first. */
  answered(): Promise<number> {
    return this.#answer;
  }

  async #watch(): Promise<number> {
    const { way, limitMs } = this;
    while (performance.now() - this.#start < limitMs) {
      if (await this.#pingUntilAnswer()) return performance.now() - this.#start;
      // Without a route ping ends at once.
      await pause(20);
    }
    throw new Error(`${way.address} did not answer ${way.from} within ${limitMs} ms`);
  }

  /** False when ping ended, or the time was over, without an answer. */
  async #pingUntilAnswer(): Promise<boolean> {
    const { lab, way, limitMs } = this;
    const seconds = Math.max(1, Math.ceil((limitMs - (performance.now() - this.#start)) / 1000));
    const reader = lab.read(way.from, ["ping", "-n", "-i", "0.02", "-w", String(seconds), way.address]);
    try {
      for (let line = await reader.next(); line !== undefined; line = await reader.next()) {
        if (line.includes("bytes from")) return true;
      }
      lab.signal.throwIfAborted();
      return false;
    } finally {
      await reader.close();
    }
  }
}

/** Milliseconds from now until a ping is answered. */
export function timeToAnswer(lab: Lab, way: Way, limitMs: number): Promise<number> {
  return new AnswerWatch(lab, way, limitMs).answered();
}

export interface Flow {
  readonly way: Way;
  readonly port: number;
  readonly packetOctets: number;
  readonly intervalMs: number;
  readonly seconds: number;
}

/** Sends a paced UDP flow and counts what arrives. */
export async function runFlow(lab: Lab, flow: Flow): Promise<FlowResult> {
  const { way, port, packetOctets, intervalMs, seconds } = flow;
  const count = Math.round(seconds * 1000 / intervalMs);
  const common = ["--port", port, "--octets", packetOctets, "--count", count].map(String);
  const receiver = lab.read(way.to, dsmipCommand("lab", "flow-receive", ...common));
  try {
    await receiver.nextJson(15_000);
    const sending = ["--to", way.address, "--interval-ms", String(intervalMs)];
    await lab.exec(
      way.from,
      dsmipCommand("lab", "flow-send", ...common, ...sending),
      seconds * 1000 + 20_000,
    );
    return await receiver.nextJson<FlowResult>(10_000);
  } finally {
    await receiver.close();
  }
}

/** Sends octets over TCP, and says whether the far end got the same (by SHA-256). */
export async function runTransfer(lab: Lab, way: Way, port: number, octets: number) {
  const receiver = lab.read(way.to, dsmipCommand("lab", "transfer-receive", "--port", String(port)));
  try {
    await receiver.nextJson(15_000);
    const sending = ["--to", way.address, "--port", String(port), "--octets", String(octets)];
    const sent: TransferResult = JSON.parse(
      await lab.exec(way.from, dsmipCommand("lab", "transfer-send", ...sending), 60_000),
    );
    const received = await receiver.nextJson<TransferResult>(10_000);
    return { received, same: sent.octets === received.octets && sent.sha256 === received.sha256 };
  } finally {
    await receiver.close();
  }
}

/** TCP throughput as iperf3 measures it at the receiver. */
export async function measureThroughput(lab: Lab, way: Way, port: number, seconds: number): Promise<number> {
  const server = lab.read(way.to, [
    "iperf3",
    "--server",
    "--one-off",
    "--forceflush",
    "--port",
    String(port),
  ]);
  try {
    if (await within(listening(server), 10_000) !== true) throw new Error("iperf3 --server does not listen");
    const client = [
      "iperf3",
      "--client",
      way.address,
      "--port",
      String(port),
      "--time",
      String(seconds),
      "--json",
    ];
    const result = JSON.parse(await lab.exec(way.from, client, seconds * 1000 + 15_000));
    return result.end.sum_received.bits_per_second / 1e6;
  } finally {
    await server.close();
  }
}

async function listening(server: LineReader): Promise<boolean> {
  for (let line = await server.next(); line !== undefined; line = await server.next()) {
    if (line.includes("listening")) return true;
  }
  return false;
}
