import { FIXED_RATE, SMALL_PACKET } from "../metrics.ts";
import { type Measurement, outcomeOf } from "../subject.ts";
import { runLoad } from "./load.ts";

/** At pace 1. */
const SECONDS = 3;
const US_PER_SECOND = 1e6;

/** What a packet costs when every tunnel has the same to do. */
export const fixed: Measurement = {
  name: "fixed",
  group: "fixed",
  measure: (subject) =>
    outcomeOf(
      subject,
      () => runLoad(subject, { octets: SMALL_PACKET, seconds: SECONDS * subject.pace, rate: FIXED_RATE }),
      ({ sent, received }, { daemonSeconds, machineSeconds }) => ({
        fixed_cpu_us: subject.daemons.length > 0 ? US_PER_SECOND * daemonSeconds / received : undefined,
        fixed_machine_us: US_PER_SECOND * machineSeconds / received,
        fixed_loss_percent: 100 * (sent - received) / sent,
      }),
    ),
};
