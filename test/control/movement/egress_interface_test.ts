import { assertEquals } from "@std/assert";
import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../../core/control/movement/egress_event.ts";
import { EgressInterface } from "../../../core/control/movement/egress_interface.ts";
import { DhcpMessageType } from "../../../core/wire/dhcpv4.ts";
import { at, hmac } from "../script.ts";
import { ADDRESS, LINK, sentMessages, serverMessage } from "./ipv4_script.ts";
import { advertisement, routerA } from "./ipv6_network.ts";

/** An interface of both families, and what it last announced. */
class Egress {
  readonly machine = new EgressInterface(
    {
      interfaceName: "eg0",
      interfaceIdentifier: "stable",
      stableSecret: new Uint8Array(16).fill(7),
      routerProbeMs: 0,
    },
    { hmac, random: () => 0.5 },
  );
  nowMs = 0;
  announced: readonly string[] = [];

  hears(event: EgressEvent): EgressAction[] {
    const actions = this.machine.handle(event, at(this.nowMs));
    const announcements = actions.flatMap((action) =>
      action.kind === "candidates" ? [action.candidates] : []
    );
    assertEquals(announcements.length <= 1, true);
    for (const candidates of announcements) {
      this.announced = candidates.map(({ address }) => address.includes(":") ? "IPv6" : address);
    }
    assertEquals(this.announced.length, this.machine.candidates().length);
    return actions;
  }

  /** Link up; the DHCP server answers at once. */
  attaches(): EgressAction[] {
    const actions = this.hears(LINK);
    const [{ message }] = sentMessages(actions);
    this.hears(serverMessage(message, DhcpMessageType.ack, { options: { rapidCommit: true } }));
    return actions;
  }
}

Deno.test("Egress interface: both families are configured in parallel; IPv6 stands first", () => {
  const egress = new Egress();
  const etherTypes = egress.attaches().flatMap((action) =>
    action.kind === "sendFrame" ? [action.etherType] : []
  );
  assertEquals(new Set(etherTypes), new Set([0x86dd, 0x0800]));
  assertEquals(egress.announced, [ADDRESS]);
  egress.hears(advertisement(routerA));
  assertEquals(egress.announced, ["IPv6", ADDRESS]);
});

Deno.test("Egress interface: the carrier goes, and both families go in one announcement", () => {
  const egress = new Egress();
  egress.attaches();
  egress.hears(advertisement(routerA));
  egress.hears({ kind: "chosen", address: ADDRESS });
  const actions = egress.hears({ ...LINK, carrier: false } as EgressEvent);
  assertEquals(egress.announced, []);
  const removed = actions.flatMap((action) => action.kind === "removeAddress" ? [action.address] : []);
  assertEquals(removed.includes(ADDRESS), true);
});

Deno.test("Egress interface: the earlier deadline of both, and none after stop", () => {
  const egress = new Egress();
  egress.attaches();
  let count = 0;
  while (egress.nowMs < 30_000) {
    const next = egress.machine.nextDeadline() ?? Infinity;
    assertEquals(next > egress.nowMs, true);
    egress.nowMs = next;
    egress.hears({ kind: "deadline" });
    count++;
  }
  assertEquals(count > 5, true);
  egress.hears({ kind: "stop" });
  assertEquals([egress.machine.nextDeadline(), egress.announced], [undefined, []]);
});

/** Passes deadlines up to then; returns when a frame that `isIt` knows went out, and when nothing was offered any more. */
function play(egress: Egress, untilMs: number, isIt: (actions: EgressAction[]) => boolean) {
  const sentAtMs: number[] = [];
  let lostAtMs: number | undefined;
  for (;;) {
    const next = egress.machine.nextDeadline() ?? Infinity;
    if (next > untilMs) break;
    egress.nowMs = next;
    const had = egress.announced.length > 0;
    if (isIt(egress.hears({ kind: "deadline" }))) sentAtMs.push(next);
    if (had && egress.announced.length === 0) lostAtMs = next;
  }
  egress.nowMs = untilMs;
  return { sentAtMs, lostAtMs };
}

Deno.test("Egress interface: IPv6 goes though the carrier stands, and DHCP begins again at once", () => {
  const egress = new Egress();
  egress.hears(LINK);
  const interval = { kind: "advertisementInterval", intervalMs: 20_000 } as const;
  egress.hears(advertisement(routerA, { more: [interval] }));
  const { sentAtMs, lostAtMs } = play(egress, 22_000, (actions) => sentMessages(actions).length > 0);
  assertEquals(sentAtMs.filter((atMs) => atMs >= lostAtMs!), [lostAtMs, lostAtMs! + 300, lostAtMs! + 1300]);
});

Deno.test("Egress interface: the IPv4 router goes though the carrier stands, and IPv6 solicits again at once", () => {
  const egress = new Egress();
  const [{ message }] = sentMessages(egress.hears(LINK));
  const isSolicitation = (actions: EgressAction[]) =>
    actions.some((action) =>
      action.kind === "sendFrame" && action.etherType === 0x86dd && action.payload[40] === 133
    );
  play(egress, 200, isSolicitation);
  egress.hears(serverMessage(message, DhcpMessageType.ack, { options: { rapidCommit: true } }));
  const { sentAtMs, lostAtMs } = play(egress, 30_000, isSolicitation);
  assertEquals(sentAtMs.includes(lostAtMs!), true);
});
