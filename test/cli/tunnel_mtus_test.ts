import { assertEquals } from "@std/assert";
import { TunnelMtus } from "../../cli/daemon/tunnel_mtus.ts";
import { ipv6 } from "../forwarding/packets.ts";
import { RecordingLog } from "./recording_log.ts";

const HOME_AGENT = "2001:db8:5::1";
const CARE_OF = "2001:db8:5::9";
const HOME_ADDRESS = "2001:db8:100::100";
const TUNNEL = { encapsulation: "ipv6InIpv6", address: CARE_OF, port: 0 } as const;

/** A clock that the test moves, with the timer that was set last. */
class Clock implements Disposable {
  nowMs = 1000;
  #timer: { readonly atMs: number; readonly run: () => void } | undefined;
  readonly #now = performance.now;
  readonly #setTimeout = globalThis.setTimeout;

  constructor() {
    performance.now = () => this.nowMs;
    globalThis.setTimeout = ((run: () => void, waitMs = 0) => {
      this.#timer = { atMs: this.nowMs + waitMs, run };
      return 0;
    }) as unknown as typeof setTimeout;
  }

  goTo(nowMs: number): void {
    this.nowMs = nowMs;
    const timer = this.#timer;
    if (timer === undefined || timer.atMs > nowMs) return;
    this.#timer = undefined;
    timer.run();
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
    globalThis.setTimeout = this.#setTimeout;
  }
}

function tooBig(mtu: number) {
  const original = ipv6({
    source: "2001:db8:ffff::9",
    destination: HOME_ADDRESS,
    payload: new Uint8Array(100),
  });
  return {
    mtu,
    invokingPacket: ipv6({ source: HOME_AGENT, destination: CARE_OF, nextHeader: 41, payload: original }),
  };
}

Deno.test("RFC 8201 4: tunnel MTUs: the data path of a tunnel that stays hears that a path MTU is forgotten", () => {
  using clock = new Clock();
  const told: number[] = [];
  using mtus = new TunnelMtus(
    { setBinding: (_bound, _tunnel, innerMtu) => void told.push(innerMtu), removeBinding: () => {} },
    { address: HOME_AGENT, log: new RecordingLog() },
  );
  mtus.setBinding(HOME_ADDRESS, TUNNEL, 1460);
  mtus.learn(tooBig(1400));
  clock.goTo(300_000);
  mtus.learn(tooBig(1360));
  assertEquals(told.splice(0), [1460, 1360, 1320]);
  clock.goTo(601_001);
  assertEquals(told, [], "the latest counts");
  clock.goTo(900_001);
  assertEquals(told, [1460]);
});

Deno.test("tunnel MTUs: a tunnel that the data path does not take costs no more than a line in the log", () => {
  const log = new RecordingLog();
  using mtus = new TunnelMtus(
    {
      setBinding: () => {
        throw new Error("the binding table is full");
      },
      removeBinding: () => {},
    },
    { address: HOME_AGENT, log },
  );
  try {
    mtus.setBinding(HOME_ADDRESS, TUNNEL, 1460);
  } catch {
    // As for its owner.
  }
  mtus.learn(tooBig(1400));
  assertEquals(log.of("error").map(({ details }) => details.error), ["the binding table is full"]);
});
