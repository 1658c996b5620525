import { ENETUNREACH, SystemError } from "../../ffi/errno.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { checkNatTimeout, describeNatTimeout } from "../../cli/doctor/nat_finding.ts";
import type { MobileNodeConfiguration } from "../../cli/configuration/record.ts";
import type { Machine } from "../../cli/doctor/machine.ts";
import { lifetimesUpTo, measureNatTimeout, type NatTimeout } from "../../cli/doctor/nat_timeout.ts";
import { type RegistrationEnvironment, TestRegistration } from "../../cli/doctor/test_registration.ts";
import type { HomeAgentSettings, MobileNodeSettings } from "../../core/control/settings.ts";
import { decodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { at, hmac, HOME_ADDRESS, mobileNodeSettings, newHomeAgent } from "../control/script.ts";

const CARE_OF_ADDRESS = "192.0.2.10";
const WAY_MS = 20;

interface World {
  /** How long the NAT remembers a silent flow; left out: there is no NAT. */
  readonly natMs?: number;
  readonly homeAgent?: Partial<HomeAgentSettings>;
  readonly mobileNode?: Partial<MobileNodeSettings>;
  /** The mobile node's clock goes ahead by so much. */
  readonly skewMs?: number;
  /** A home agent that never asks for a refresh. */
  readonly isOfAnotherMake?: boolean;
  /** It is gone from then on. */
  readonly goneFromMs?: number;
  /** The mobile node has no route in this time. */
  readonly unroutedMs?: readonly [from: number, to: number];
  /** The user ends it then. */
  readonly stopAtMs?: number;
  /** The refresh requests of these numbers, from 0 on, are lost. */
  readonly lost?: readonly number[];
  /** The home agent has a binding from before, whose sequence number is higher. */
  readonly hasEarlier?: boolean;
  /** Another datagram comes through the NAT as often as that. */
  readonly strangerEveryMs?: number;
  /** From then on; left out: from the start. */
  readonly strangersFromMs?: number;
  /** How long a packet of the home agent is on its way. */
  readonly wayMs?: number;
}

/** Measures in a world of its own clock: a real home agent, and a NAT that forgets. */
async function measure(
  world: World,
  limitSeconds = 70,
): Promise<{ result: NatTimeout; isRemoved: boolean; bindings: number; lastedMs: number }> {
  let [nowMs, lastThroughMs, requests, nextStrangerMs] = [
    1000,
    -Infinity,
    0,
    world.strangersFromMs ?? world.strangerEveryMs ?? Infinity,
  ];
  const { natMs, skewMs = 0, goneFromMs = Infinity, stopAtMs = Infinity, wayMs = WAY_MS } = world;
  const homeAgent = newHomeAgent(world.homeAgent);
  const outside = natMs === undefined ? CARE_OF_ADDRESS : "198.51.100.7";
  const arriving: { atMs: number; packet: Uint8Array }[] = [];
  const comeBack = (packet: Uint8Array) => {
    if (nowMs - lastThroughMs > (natMs ?? Infinity)) return;
    lastThroughMs = nowMs;
    arriving.push({ atMs: nowMs + wayMs, packet });
  };
  const take = (actions: ReturnType<typeof homeAgent.handle>) => {
    for (const action of actions) {
      if (action.kind !== "sendSignalling") continue;
      const decoded = decodeMobilityPacket(action.packet);
      if (decoded.ok && decoded.value.header.message.kind === "bindingRefreshRequest") {
        if (world.isOfAnotherMake || world.lost?.includes(requests++)) continue;
      }
      comeBack(action.packet);
    }
  };
  const environment: RegistrationEnvironment = {
    hmac,
    random: () => 0.5,
    now: () => at(nowMs, skewMs),
    isStopped: () => nowMs >= stopAtMs,
    send({ packet }) {
      const [from, to] = world.unroutedMs ?? [Infinity, Infinity];
      if (nowMs >= from && nowMs < to) return new SystemError("sendto", ENETUNREACH, "send");
      lastThroughMs = nowMs;
      if (nowMs >= goneFromMs) return;
      take(
        homeAgent.handle({ kind: "signalling", outer: { address: outside, port: 5000 }, packet }, at(nowMs)),
      );
    },
    take: () => arriving.length > 0 && arriving[0].atMs <= nowMs ? arriving.shift()!.packet : undefined,
    sleep(ms) {
      nowMs += ms;
      if (nowMs < goneFromMs && nowMs >= (homeAgent.nextDeadline() ?? Infinity)) {
        take(homeAgent.handle({ kind: "deadline" }, at(nowMs)));
      }
      if (nowMs >= nextStrangerMs) {
        nextStrangerMs = nowMs + world.strangerEveryMs!;
        comeBack(new Uint8Array(5));
      }
      return Promise.resolve();
    },
  };
  const settings = mobileNodeSettings(world.mobileNode);
  if (world.hasEarlier) {
    await new TestRegistration(settings, CARE_OF_ADDRESS, { ...environment, random: () => 0.6 }).register(
      400,
    );
  }
  const registration = new TestRegistration(settings, CARE_OF_ADDRESS, environment);
  const result = await measureNatTimeout(registration, limitSeconds, () => {});
  const isRemoved = await registration.remove();
  return {
    result,
    isRemoved,
    bindings: homeAgent.bindings(at(nowMs)).length,
    lastedMs: nowMs - 1000,
  };
}

function measured(result: NatTimeout): Extract<NatTimeout, { kind: "measured" }> {
  assert(result.kind === "measured", JSON.stringify(result));
  return result;
}

Deno.test("doctor: the lifetimes that a NAT is measured with grow up to the limit", () => {
  assertEquals(lifetimesUpTo(70), [4, 12, 20, 40, 80]);
  assertEquals(lifetimesUpTo(7), [4, 8]);
  for (const lifetime of lifetimesUpTo(600)) assertEquals(lifetime % 4, 0);
});

Deno.test("doctor: a NAT that forgets after 30 s does so between 17.5 and 40 s, and no binding is left", async () => {
  const { result, isRemoved, bindings } = await measure({ natMs: 30_000 });
  const { keptSeconds, forgottenSeconds, keepaliveSeconds } = measured(result);
  assertAlmostEquals(keptSeconds, 17.5, 0.2);
  assertAlmostEquals(forgottenSeconds!, 40, 0.3);
  assertEquals([keepaliveSeconds, isRemoved, bindings], [25, true, 0]);
});

Deno.test("doctor: a NAT that remembers for longer than the limit", async () => {
  const { result, bindings, lastedMs } = await measure({ natMs: 300_000 });
  const { keptSeconds, forgottenSeconds } = measured(result);
  assertAlmostEquals(keptSeconds, 70, 0.2);
  assertEquals([forgottenSeconds, bindings], [undefined, 0]);
  assert(lastedMs < 150_000, `${lastedMs} ms`);
});

Deno.test("doctor: a home agent that grants less than asked ends the search", async () => {
  const homeAgent = { maximumLifetimeSeconds: 16 };
  const { result, lastedMs } = await measure({ natMs: 300_000, homeAgent });
  assertAlmostEquals(measured(result).keptSeconds, 14, 0.2);
  assert(lastedMs < 30_000, `${lastedMs} ms`);
});

Deno.test("doctor: without a NAT nothing is measured", async () => {
  const { result, bindings, lastedMs } = await measure({});
  assertEquals([result.kind, bindings], ["none", 0]);
  assert(lastedMs < 1000);
});

Deno.test("doctor: a refresh request that is lost once is no NAT that forgets", async () => {
  const { result } = await measure({ natMs: 300_000, lost: [0, 2] });
  assertEquals(measured(result).forgottenSeconds, undefined);
});

Deno.test("doctor: a home agent that never asks for a refresh gives no verdict", async () => {
  const { result, bindings } = await measure({ natMs: 300_000, isOfAnotherMake: true });
  assertEquals([result.kind, bindings], ["untold", 0]);
});

Deno.test("doctor: a home agent that goes away while it is measured gives no verdict", async () => {
  const { result, isRemoved } = await measure({ natMs: 300_000, goneFromMs: 8000 });
  assertEquals(result.kind, "silent");
  assert(result.kind === "silent" && result.keptSeconds > 3);
  assertEquals(isRemoved, false);
  assertEquals((await measure({ goneFromMs: 0 })).result, { kind: "silent", keptSeconds: 0 });
});

Deno.test("doctor: whoever stops the measurement leaves no binding behind", async () => {
  const { result, isRemoved, bindings, lastedMs } = await measure({ natMs: 300_000, stopAtMs: 10_000 });
  assertEquals([result.kind, isRemoved, bindings], ["stopped", true, 0]);
  assert(lastedMs < 10_000, `${lastedMs} ms`);
  // In the last silence, which would have had an outcome.
  assertEquals((await measure({ natMs: 30_000, stopAtMs: 100_000 })).result.kind, "stopped");
  assertEquals((await measure({ natMs: 30_000, stopAtMs: 120_000 })).result.kind, "measured");
});

Deno.test("doctor: a route that is away for seconds does not leave a binding behind", async () => {
  const { isRemoved, bindings } = await measure({
    natMs: 300_000,
    stopAtMs: 10_000,
    unroutedMs: [9000, 12_000],
  });
  assertEquals([isRemoved, bindings], [true, 0]);
  const never = await measure({ unroutedMs: [0, Infinity] });
  assertEquals([never.result.kind, never.isRemoved], ["unsent", true]);
  assertEquals(describeNatTimeout(never.result).state, "fault");
});

Deno.test("doctor: a clock that is wrong is put right by the home agent's answer (RFC 4285 section 6)", async () => {
  const { result } = await measure({ natMs: 300_000, skewMs: 3_600_000 }, 7);
  assertEquals(result.kind, "measured");
});

Deno.test("doctor: a sequence number that is behind is put right by status 135, without keys too", async () => {
  const { identity, homeAddress } = mobileNodeSettings();
  const node = { identity, homeAddress, security: undefined, mobileNetworkPrefixes: [] };
  const { result, bindings } = await measure({
    natMs: 300_000,
    hasEarlier: true,
    homeAgent: { requireAuthentication: false, mobileNodes: [node] },
    mobileNode: { security: undefined },
  }, 7);
  assertEquals([result.kind, bindings], ["measured", 0]);
});

Deno.test("doctor: another key, and a home address that is not allowed", async () => {
  const security = { spi: 1000, algorithm: "hmac-sha1-96", key: new Uint8Array(16).fill(9) } as const;
  assertEquals((await measure({ natMs: 1, mobileNode: { security } })).result.kind, "keysDiffer");
  const refusing = { address: HOME_ADDRESS };
  const { result, isRemoved } = await measure({
    natMs: 1,
    homeAgent: refusing,
    mobileNode: { homeAgentAddress: HOME_ADDRESS },
  });
  assertEquals([result.kind, isRemoved], ["refused", true]);
});

Deno.test("doctor: silence counts from the last datagram on, whoever sent it", async () => {
  const { result } = await measure({ natMs: 30_000, strangerEveryMs: 5000 });
  const { keptSeconds, forgottenSeconds } = measured(result);
  assert(keptSeconds <= 5.1, `${keptSeconds} s`);
  assertEquals(forgottenSeconds, undefined);
});

Deno.test("doctor: a silence that somebody breaks takes nothing back of a longer one before", async () => {
  const { result } = await measure({ natMs: 90_000, strangerEveryMs: 5000, strangersFromMs: 40_000 });
  const { keptSeconds } = measured(result);
  assertAlmostEquals(keptSeconds, 17.5, 0.2);
});

Deno.test("doctor: a refresh request that comes late, over a slow way, counts", async () => {
  const { result } = await measure({ natMs: 90_000, wayMs: 700 });
  const { keptSeconds, forgottenSeconds } = measured(result);
  assertEquals([Math.round(keptSeconds), forgottenSeconds], [70, undefined]);
});

Deno.test("doctor: whoever sends without end is read from again and again, and not for ever", async () => {
  let [nowMs, steps, taken] = [1000, 0, 0];
  const registration = new TestRegistration(mobileNodeSettings(), CARE_OF_ADDRESS, {
    hmac,
    random: () => 0.5,
    now: () => at(nowMs),
    isStopped: () => false,
    send: () => undefined,
    take() {
      assert(++taken < 1_000_000, "it reads on and on");
      return new Uint8Array(5);
    },
    sleep(ms) {
      nowMs += ms;
      steps++;
      return Promise.resolve();
    },
  });
  assertEquals(await registration.register(40), { kind: "silent" });
  assert(taken / steps >= 100, `${taken} datagrams in ${steps} steps`);
});

Deno.test("doctor: what a NAT's timeout means for the keepalives in use", () => {
  const measured = { kind: "measured", keptSeconds: 17.6, forgottenSeconds: 39.4 } as const;
  const late = describeNatTimeout({ ...measured, keepaliveSeconds: 25 });
  assertEquals([late.state, late.text], [
    "warning",
    "the NAT forgets a silent flow after 17 to 40 s; a packet goes every 25 s",
  ]);
  assert(late.advice?.includes("below 17"));
  assertEquals(describeNatTimeout({ ...measured, keepaliveSeconds: 15 }).state, "ok");
  const unknown = describeNatTimeout({ ...measured, forgottenSeconds: undefined, keepaliveSeconds: 110 });
  assert(unknown.state === "warning" && unknown.advice?.includes("--nat-timeout 111"));
});

Deno.test("doctor: where a NAT cannot be measured", async () => {
  const machine = { links: [{ index: 2, name: "eth0" }], addresses: [] } as unknown as Machine;
  const whyNot = async (changes: object) => {
    const settings = { ...mobileNodeSettings(), ...changes };
    const configuration = { settings, egress: ["eth0"], localPort: 0 } as unknown as MobileNodeConfiguration;
    const { state, text } = await checkNatTimeout(configuration, machine, 7);
    assertEquals(state, "warning");
    return text.replace("not measured: ", "");
  };
  assertEquals(await whyNot({ homeAgentAddress: undefined }), "home_agent_ipv6_address is left out");
  assertEquals(await whyNot({ requiresEsp: true }), "under esp_file only dsmip mn up registers");
  assertEquals(await whyNot({}), "no egress has an IPv4 address");
  assert((await whyNot({ dsmip: false })).startsWith("the home agent is not used over IPv4"));
});
