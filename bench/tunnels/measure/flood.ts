import { LARGE_PACKET, SMALL_PACKET, TOLERATED_LOSS } from "../metrics.ts";
import { type Measurement, outcomeOf, type Subject } from "../subject.ts";
import { runLoad } from "./load.ts";

/** At pace 1: of the overload, and of each step of the search. */
const FLOOD_SECONDS = 1.2;
const STEP_SECONDS = 0.7;
const STEPS = 7;
/** A sender that comes short of the wanted rate by more than this is at its own limit. */
const SENDER_SHARE = 0.93;

/** Packets of one size: what gets through under overload, and the best rate that loses next to nothing. */
function flood(octets: number): Measurement {
  return {
    name: `flood of ${octets} octets`,
    group: "flood",
    measure: (subject) =>
      outcomeOf(
        subject,
        async () => {
          const { rate } = await runLoad(subject, { octets, seconds: FLOOD_SECONDS * subject.pace, rate: 0 });
          return { through: rate, lossless: await findLosslessRate(subject, octets, rate) };
        },
        ({ through, lossless }) => ({
          [`flood_${octets}_pps`]: through,
          [`lossless_${octets}_pps`]: lossless,
        }),
      ),
  };
}

/** Halves the range around what got through under overload. */
async function findLosslessRate(subject: Subject, octets: number, through: number): Promise<number> {
  let low = through / 5;
  let high = through * 1.6 + 20_000;
  let best = 0;
  for (let step = 0; step < STEPS; step++) {
    const wanted = Math.round((low + high) / 2);
    const seconds = STEP_SECONDS * subject.pace;
    const { sent, received, rate } = await runLoad(subject, { octets, seconds, rate: wanted });
    if (sent - received > TOLERATED_LOSS * sent) {
      high = wanted;
      continue;
    }
    best = Math.max(best, rate);
    if (sent < SENDER_SHARE * wanted * seconds) break;
    low = wanted;
  }
  return best;
}

export const floodSmall = flood(SMALL_PACKET);
export const floodLarge = flood(LARGE_PACKET);
