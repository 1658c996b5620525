import { assert } from "@std/assert";
import { plotSessions } from "../../cli/output/session_plot.ts";
import { describeSessions } from "../../cli/output/session_view.ts";
import { coloursFor } from "../../cli/output/colours.ts";
import { SessionTracker } from "../../core/sessions/session_tracker.ts";
import { random } from "../inspect/random.ts";
import { sampleLinkTypes, samplePackets } from "../inspect/sample_packets.ts";
import { captured } from "../inspect/show.ts";
import { handoverCapture } from "./story.ts";

const plain = coloursFor({ isTerminal: () => false });

Deno.test("mutated packets, times that jump: 60,000 in sessions: no exception; words and picture stay in their limits", () => {
  const next = random(31);
  const samples = [
    ...samplePackets().map(({ bytes }) => bytes),
    ...handoverCapture().filter((_, index) => index % 100 < 6).map(({ bytes }) => bytes),
  ];
  for (let capture = 0; capture < 20; capture++) {
    const tracker = new SessionTracker({ plot: true });
    for (let round = 0; round < 3_000; round++) {
      const bytes = samples[next(samples.length)].slice();
      for (let changes = next(4); changes > 0; changes--) bytes[next(bytes.length)] = next(256);
      const cut = next(8) === 0 ? bytes.subarray(0, next(bytes.length + 1)) : bytes;
      const time = next(50) === 0 ? undefined : { seconds: 1_000_000 + next(100), nanoseconds: next(1e9) };
      const linkType = next(20) === 0 ? sampleLinkTypes[next(sampleLinkTypes.length)] : 101;
      tracker.add(captured(cut, { number: round + 1, time, linkType, originalLength: bytes.length }));
    }
    const words = describeSessions({
      reports: tracker.reports().slice(0, 12),
      packets: tracker.packets,
      durationSeconds: tracker.durationSeconds,
      begin: undefined,
      cutOff: tracker.cutOff,
    }, plain);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x09\x0b-\x1f\x7f]/.test(words));
    JSON.stringify(tracker.reports());
    const picture = plotSessions(tracker.plotted(), tracker.durationSeconds);
    assert(!/NaN|Infinity|undefined/.test(picture), /.{60}(NaN|Infinity|undefined).{20}/.exec(picture)?.[0]);
  }
});
