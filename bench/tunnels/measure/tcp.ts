import { type Measurement, outcomeOf } from "../subject.ts";

const PORT = 5201;
/** At pace 1. */
const SECONDS = 5;

interface Report {
  readonly end: {
    readonly sum_sent: { readonly retransmits: number };
    readonly sum_received: { readonly bytes: number; readonly bits_per_second: number };
  };
}

/** One stream of iperf3 from a to b. */
export const tcp: Measurement = {
  name: "tcp",
  group: "tcp",
  measure: (subject) => {
    const { site, addresses, pace, daemons } = subject;
    const seconds = SECONDS * pace;
    const client = ["iperf3", "-c", addresses.b, "-p", PORT, "-t", seconds, "-J"].map(String);
    return outcomeOf(
      subject,
      async () => {
        const server = site.start("b", "iperf3", ["iperf3", "-s", "-1", "-p", String(PORT)]);
        try {
          await site.listening(server, "tcp", PORT);
          return await site.network.exec("a", client, { limitMs: (seconds + 20) * 1000 });
        } finally {
          await server.end();
        }
      },
      (text, { daemonSeconds, machineSeconds }) => {
        const { sum_sent, sum_received } = (JSON.parse(text) as Report).end;
        const gigabytes = sum_received.bytes / 1e9;
        return {
          tcp_mbit: sum_received.bits_per_second / 1e6,
          tcp_retransmits: sum_sent.retransmits,
          tcp_cpu_s_gb: daemons.length > 0 ? daemonSeconds / gigabytes : undefined,
          tcp_machine_s_gb: machineSeconds / gigabytes,
        };
      },
    );
  },
};
