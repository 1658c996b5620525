import { assertEquals } from "@std/assert";
import { Egress } from "../../cli/daemon/egress.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import type { EgressAction } from "../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../core/control/movement/egress_event.ts";
import { testInsideNamespace, type TestNamespace } from "../ffi/in_namespace.ts";
import { RecordingLog } from "./recording_log.ts";

/** A machine that notes what it hears and does what it was told to do with it. */
export class Script {
  readonly events: EgressEvent[] = [];
  answer: (event: EgressEvent) => readonly EgressAction[] = () => [];

  handle(event: EgressEvent): readonly EgressAction[] {
    this.events.push(event);
    return this.answer(event);
  }

  nextDeadline(): undefined {
    return undefined;
  }

  of<Kind extends EgressEvent["kind"]>(kind: Kind) {
    return this.events.filter((event): event is Extract<EgressEvent, { kind: Kind }> => event.kind === kind);
  }
}

export interface Bench {
  readonly script: Script;
  readonly egress: Egress;
  readonly log: RecordingLog;
  readonly candidates: CareOfAddressCandidate[];
  /** Does these as the answer to the next event. */
  perform(...actions: EgressAction[]): void;
  close(): Promise<void>;
}

/** An egress whose machine is a script. `path` is that of the noted kernel parameters. */
export function openEgress(path: string, interfaceName = "vx", position = 0): Bench {
  const script = new Script();
  const log = new RecordingLog();
  const candidates: CareOfAddressCandidate[] = [];
  const sysctls = new SavedSysctls({ path, log });
  const egress = new Egress({
    interfaceName,
    position,
    machine: script,
    sysctls,
    log,
    onCandidates: (all) => void candidates.splice(0, candidates.length, ...all),
    onFailure: (error) => {
      throw error;
    },
  });
  return {
    script,
    egress,
    log,
    candidates,
    perform: (...actions) => {
      script.answer = () => {
        script.answer = () => [];
        return actions;
      };
      egress.tell({ kind: "doubt" });
    },
    close: async () => {
      await egress.close();
      sysctls[Symbol.dispose]();
    },
  };
}

/** A test in a namespace, with the path for what is noted of kernel parameters, in an empty folder. */
export function testEgress(
  name: string,
  body: (namespace: TestNamespace, statePath: string) => Promise<void>,
): void {
  testInsideNamespace(name, async (namespace) => {
    const folder = Deno.makeTempDirSync();
    try {
      const descriptors = openDescriptors();
      await body(namespace, `${folder}/mn.sysctls`);
      assertEquals(openDescriptors(), descriptors, "no descriptor is left open");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** "vx", up, with "vy" at its other end. */
export function addLink(namespace: TestNamespace): void {
  namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
  namespace.ip("link", "set", "vy", "up");
  namespace.ip("link", "set", "vx", "up");
}

/**
 * All that an egress may touch, of addresses only those that are ours. In one line each (-o): otherwise ip lists the links
 * that have no address yet, too, and a new link gets its link-local address in its own time.
 */
export function state(namespace: TestNamespace): string {
  return [
    namespace.ip("-o", "addr", "show", "scope", "global"),
    namespace.ip("-4", "route", "show", "table", "all"),
    namespace.ip("-6", "route", "show", "table", "all").replaceAll(
      /^(multicast|local|anycast|fe80).*\n/gm,
      "",
    ),
    namespace.ip("-4", "rule", "show"),
    namespace.ip("-6", "rule", "show"),
    namespace.ip("neigh", "show"),
    sysctls(namespace),
  ].join("\n");
}

/** What an egress changes, in this order: accept_ra, addr_gen_mode, router_solicitations; promote_secondaries, rp_filter. */
export function sysctls(namespace: TestNamespace, name = "vx"): string {
  const keys = [
    ...["accept_ra", "addr_gen_mode", "router_solicitations"].map((key) => `net.ipv6.conf.${name}.${key}`),
    ...["promote_secondaries", "rp_filter"].map((key) => `net.ipv4.conf.${name}.${key}`),
  ];
  return namespace.run("sysctl", "-n", ...keys).trim().split("\n").join(" ");
}

export const IPV6 = "2001:db8:1::7";
export const GATEWAY = "fe80::1";
const HARDWARE = new Uint8Array([2, 0, 0, 0, 0, 1]);

export const CONFIGURE: readonly EgressAction[] = [
  { kind: "addAddress", address: "fe80::7", prefixLength: 64 },
  { kind: "addAddress", address: IPV6, prefixLength: 64 },
  { kind: "addAddress", address: "192.0.2.7", prefixLength: 24 },
  {
    kind: "setRoutes",
    family: 6,
    routes: [
      { destination: "2001:db8:1::", prefixLength: 64, gateway: undefined },
      { destination: "::", prefixLength: 0, gateway: GATEWAY },
    ],
  },
  {
    kind: "setRoutes",
    family: 4,
    routes: [{ destination: "0.0.0.0", prefixLength: 0, gateway: "198.51.100.1" }],
  },
  { kind: "setNeighbor", address: GATEWAY, hardwareAddress: HARDWARE },
];
