import { pause } from "../../../cli/lab/process.ts";
import type { Subject } from "../subject.ts";

/** The load programs of load.c at both ends of a tunnel. */

const PORT = 7778;
const UDP_HEADER = 8;
/** The receiver listens before the first datagram is sent. */
const HEAD_START_MS = 50;
/** The receiver ends after so much silence. */
const SILENCE_SECONDS = 0.4;

export interface Sent {
  readonly sent: number;
  /** Datagrams that the sender's own kernel did not take. */
  readonly refused: number;
  readonly seconds: number;
}

export interface Received {
  readonly received: number;
  readonly seconds: number;
  readonly reordered: number;
  readonly longestGapMs: number;
}

export interface Load {
  /** Octets of the inner packet, with its IP header. */
  readonly octets: number;
  readonly seconds: number;
  /** Packets a second; 0 sends as many as go. */
  readonly rate: number;
  readonly from?: "a" | "b";
  /** Another port for a second load at the same time. */
  readonly port?: number;
  /** How long the receiver waits in silence for more. */
  readonly silenceSeconds?: number;
}

/** Sends and receives; the receiver may see the end of it later than the sender. */
export async function runLoad(
  subject: Subject,
  load: Load,
): Promise<Sent & Received & { readonly rate: number }> {
  const { site, addresses, tunnel } = subject;
  const { octets, seconds, rate, from = "a", port = PORT, silenceSeconds = SILENCE_SECONDS } = load;
  const to = from === "a" ? "b" : "a";
  const ipHeader = addresses[to].includes(":") ? 40 : 20;
  const payload = Math.min(octets, tunnel.innerMtu) - ipHeader - UDP_HEADER;
  const limitMs = (seconds + silenceSeconds + 10) * 1000;
  const run = async (end: "a" | "b", ...words: (string | number)[]) =>
    JSON.parse(await site.network.exec(end, [site.tools.load, ...words.map(String)], { limitMs }));
  const receiving: Promise<Received> = run(to, "receive", port, seconds + 1.5, silenceSeconds);
  const sending: Promise<Sent> = pause(HEAD_START_MS).then(() =>
    run(from, "send", addresses[to], port, payload, seconds, rate)
  );
  const [received, sent] = await Promise.all([receiving, sending]);
  const took = Math.max(sent.seconds, received.seconds);
  return { ...sent, ...received, seconds: took, rate: received.received / took };
}
