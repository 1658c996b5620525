import { percentile } from "../statistics.ts";
import { type Measurement, outcomeOf } from "../subject.ts";

const PINGS = 200;
const INTERVAL_SECONDS = 0.005;
/** With fewer answers there is no 99th percentile. */
const FEWEST_ANSWERS = 100;

/** Pings through a tunnel that does nothing else. */
export const rtt: Measurement = {
  name: "rtt",
  group: "rtt",
  measure: (subject) => {
    const { site, addresses } = subject;
    const command = ["ping", "-n", "-c", PINGS, "-i", INTERVAL_SECONDS, "-W", 1, addresses.b].map(String);
    return outcomeOf(
      subject,
      () => site.network.exec("a", command, { limitMs: 20_000 }),
      (text) => {
        const times = roundTripsUs(text);
        if (times.length < FEWEST_ANSWERS) {
          throw new Error(`only ${times.length} of ${PINGS} pings were answered`);
        }
        return { rtt_median_us: percentile(times, 0.5), rtt_p99_us: percentile(times, 0.99) };
      },
    );
  },
};

/** The times in the output of ping, in microseconds. */
export function roundTripsUs(text: string): number[] {
  return [...text.matchAll(/ time=([\d.]+) ms/g)].map(([, ms]) => Number(ms) * 1000);
}
