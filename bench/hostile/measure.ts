import type { LineReader } from "../../cli/lab/process.ts";
import { pause } from "../../cli/lab/process.ts";
import type { Attack } from "./attacks.ts";
import type { Site } from "./site.ts";

/** The default NAT refresh time of the home agent: 400 registrations a second from 10,000 mobile nodes, and so from fewer. */
const REFRESH_SECONDS = 25;
const REGISTRATIONS_PER_SECOND = 400;
/** Between mobile nodes: each crosses the home agent twice. */
const PACKETS_PER_SECOND = 10_000;
/** When all have registered, until packets flow. */
const FLOW_SECONDS = 3;
/** What is under way when an attack ends is no part of the next. */
const BETWEEN_MS = 1500;
/** nodes.c tells of a second so much later, in seconds. */
const TOLD_AFTER_SECONDS = 7;
const LINE_LIMIT_MS = 10_000;

/** What nodes.c says of one second. */
export interface Second {
  readonly second: number;
  readonly begun: number;
  readonly answered: number;
  /** Updates that were sent again. */
  readonly again: number;
  /** Answers that refuse, or prove nothing. */
  readonly refused: number;
  readonly refusedOctets: number;
  readonly sent: number;
  readonly received: number;
  /** From an update to its answer. */
  readonly milliseconds: readonly number[];
}

export interface Result {
  readonly attack: Attack;
  readonly attackPackets: number;
  readonly attackOctets: number;
  readonly seconds: number;
  /** Of these nodes.c has told: those that lie wholly in the attack. */
  readonly toldSeconds: number;
  readonly registrations: number;
  readonly answered: number;
  readonly sentAgain: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** Answers to what attackers sent, also where they went to a mobile node. */
  readonly answerPackets: number;
  readonly answerOctets: number;
  readonly logLines: number;
  readonly memoryMegabytes: number;
  /** Of the home agent, of one processor. */
  readonly processorShare: number;
}

/** From when to when, in Unix milliseconds, and what was seen beside nodes.c. */
type Seen =
  & { readonly fromMs: number; readonly toMs: number }
  & Omit<
    Result,
    | "toldSeconds"
    | "registrations"
    | "answered"
    | "sentAgain"
    | "medianMs"
    | "p99Ms"
    | "mostMs"
    | "packetsSent"
    | "packetsReceived"
  >;

/** One attack after the other, the honest nodes going on all the time. */
export async function measure(
  site: Site,
  { attacks, seconds, say }: {
    readonly attacks: readonly Attack[];
    readonly seconds: number;
    readonly say: (line: string) => void;
  },
): Promise<Result[]> {
  const refreshSeconds = Math.min(REFRESH_SECONDS, site.nodes / REGISTRATIONS_PER_SECOND);
  const warmSeconds = refreshSeconds + FLOW_SECONDS;
  const whole = warmSeconds + attacks.length * (seconds + BETWEEN_MS / 1000 + 1) + TOLD_AFTER_SECONDS + 10;
  const nodes = site.startNodes({
    seconds: Math.ceil(whole),
    refreshSeconds,
    packetsPerSecond: PACKETS_PER_SECOND,
  });
  const told: Second[] = [];
  try {
    const { startedMs } = await nodes.nextJson<{ startedMs: number }>(LINE_LIMIT_MS);
    const reading = readSeconds(nodes, told);
    say(`${site.nodes} mobile nodes register, in ${refreshSeconds} s`);
    await pause(1000 * warmSeconds);
    const seen: Seen[] = [];
    for (const attack of attacks) {
      say(`attack: ${attack.name}, ${seconds} s`);
      seen.push(await observe(site, attack, seconds));
      await pause(BETWEEN_MS);
    }
    const last = seen.at(-1)!.toMs;
    while (told.length === 0 || startedMs + 1000 * (told.at(-1)!.second + 1) < last) {
      await Promise.race([pause(200), reading]);
      site.signal.throwIfAborted();
    }
    return seen.map((one) => resultOf(one, secondsWithin(told, startedMs, one)));
  } finally {
    await nodes.close();
  }
}

async function readSeconds(nodes: LineReader, told: Second[]): Promise<void> {
  for (let line = await nodes.next(); line !== undefined; line = await nodes.next()) {
    told.push(JSON.parse(line));
  }
}

async function observe(site: Site, attack: Attack, seconds: number): Promise<Seen> {
  const [answers, logLines, processor] = [await site.answers(), site.logLines(), site.processorSeconds()];
  const fromMs = Date.now();
  const attacked = Object.keys(attack.kinds).length > 0
    ? await site.attack(attack.kinds, seconds)
    : await pause(1000 * seconds).then(() => ({ packets: 0, octets: 0, seconds }));
  const toMs = Date.now();
  const processorShare = (site.processorSeconds() - processor) / ((toMs - fromMs) / 1000);
  const after = await site.answers();
  return {
    attack,
    attackPackets: attacked.packets,
    attackOctets: attacked.octets,
    seconds: attacked.seconds,
    fromMs,
    toMs,
    answerPackets: after.packets - answers.packets,
    answerOctets: after.octets - answers.octets,
    logLines: site.logLines() - logLines,
    memoryMegabytes: site.memory(),
    processorShare,
  };
}

/** Those that lie wholly in it. */
function secondsWithin(told: readonly Second[], startedMs: number, { fromMs, toMs }: Seen): Second[] {
  return told.filter(({ second }) =>
    startedMs + 1000 * second >= fromMs && startedMs + 1000 * (second + 1) <= toMs
  );
}

function resultOf({ fromMs: _, toMs: __, ...seen }: Seen, seconds: readonly Second[]): Result {
  const sum = (of: (second: Second) => number) => seconds.reduce((sum, second) => sum + of(second), 0);
  const sorted = seconds.flatMap(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return {
    ...seen,
    toldSeconds: seconds.length,
    registrations: sum(({ begun }) => begun),
    answered: sum(({ answered }) => answered),
    sentAgain: sum(({ again }) => again),
    medianMs: at(0.5),
    p99Ms: at(0.99),
    mostMs: at(1),
    packetsSent: sum(({ sent }) => sent),
    packetsReceived: sum(({ received }) => received),
    answerPackets: seen.answerPackets + sum(({ refused }) => refused),
    answerOctets: seen.answerOctets + sum(({ refusedOctets }) => refusedOctets),
  };
}
