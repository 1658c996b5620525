import { pause } from "../../../cli/lab/process.ts";
import { OUTER, OUTER_DEVICE, OUTER_MOVED } from "../network.ts";
import type { Site } from "../site.ts";
import { type Measurement, outcomeOf, type Subject } from "../subject.ts";
import { type Received, runLoad, type Sent } from "./load.ts";

/** At this rate a packet that is lost is a millisecond that is lost. */
const RATE = 1000;
const OCTETS = 250;
const BEFORE_MS = 1500;
/** Long enough for a tunnel that makes a new handshake after 15 s without an answer. */
const BUSY_SECONDS = 20;
/** A tunnel whose moved end only receives can take longer to notice. */
const RECEIVING_SECONDS = 35;
const PORTS = { down: 7779, up: 7780 };
/** When all but this many of the packets after the move are lost, the tunnel did not come back. */
const STRAY_PACKETS = 100;

/** Which outer address end a has, so that each move is to the other one. */
const moved = new WeakSet<Site>();

/** End a loses its outer address and in the same moment has another one, which end b can reach. */
async function move(site: Site): Promise<void> {
  const isBack = moved.has(site);
  const [from, to] = isBack ? [OUTER_MOVED.a, OUTER.a] : [OUTER.a, OUTER_MOVED.a];
  await site.network.ip("a", [
    `address delete ${from}/${OUTER.prefixLength} dev ${OUTER_DEVICE}`,
    `address add ${to}/${OUTER.prefixLength} dev ${OUTER_DEVICE}`,
    `route replace ${OUTER.b} dev ${OUTER_DEVICE} src ${to}`,
  ]);
  if (isBack) moved.delete(site);
  else moved.add(site);
}

function lostMs({ sent, refused, received }: Sent & Received, wantedSeconds: number): number {
  const lost = sent + refused - received;
  if (lost > (wantedSeconds - BEFORE_MS / 1000) * RATE - STRAY_PACKETS) {
    throw new Error(`did not come back within ${wantedSeconds} s`);
  }
  return lost;
}

function stream(subject: Subject, direction: "down" | "up", seconds: number) {
  const from = direction === "down" ? "b" : "a";
  const port = PORTS[direction];
  return runLoad(subject, { octets: OCTETS, seconds, rate: RATE, from, port, silenceSeconds: seconds });
}

async function moveAfterAWhile(site: Site): Promise<void> {
  await pause(BEFORE_MS);
  await move(site);
}

export const roamBoth: Measurement = {
  name: "roam, both busy",
  group: "roam",
  tries: 1,
  measure: (subject) =>
    outcomeOf(
      subject,
      () =>
        Promise.all([
          stream(subject, "down", BUSY_SECONDS),
          stream(subject, "up", BUSY_SECONDS),
          moveAfterAWhile(subject.site),
        ]),
      ([down, up]) => ({
        roam_both_down_ms: lostMs(down, BUSY_SECONDS),
        roam_both_up_ms: lostMs(up, BUSY_SECONDS),
      }),
    ),
};

export const roamReceiving: Measurement = {
  name: "roam, only receiving",
  group: "roam",
  tries: 1,
  measure: (subject) =>
    outcomeOf(
      subject,
      () => Promise.all([stream(subject, "down", RECEIVING_SECONDS), moveAfterAWhile(subject.site)]),
      ([down]) => ({ roam_receiving_ms: lostMs(down, RECEIVING_SECONDS) }),
    ),
};
