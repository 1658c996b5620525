import type { Attacker, Deed } from "./attacker.ts";
import type { LinkQuality } from "./link.ts";
import type { NetworkPart } from "./network.ts";
import { applyProcessFault, describeProcessFault, type ProcessFault } from "./process_fault.ts";
import { seconds } from "./trace.ts";
import type { World } from "./world.ts";

/** What a plan can do to a world; networks and nodes by their index. */
export type Fault =
  /** The NAT forgets its mappings; new ones get other ports where asked. */
  | { readonly kind: "natFlush"; readonly network: number; readonly otherPorts: boolean }
  | {
    readonly kind: "link";
    readonly network: number;
    readonly part: NetworkPart;
    readonly quality: LinkQuality;
    /** What it is again when the time is over. */
    readonly usual: LinkQuality;
    readonly forMs: number;
  }
  | { readonly kind: "homeAgentRestart" }
  | { readonly kind: "homeAgentClock"; readonly skewMs: number }
  /** The process is killed and started again later. */
  | { readonly kind: "crash"; readonly node: number; readonly forMs: number }
  /** To another network, or to another address in the same one. */
  | { readonly kind: "move"; readonly node: number; readonly network: number; readonly gapMs: number }
  | { readonly kind: "clock"; readonly node: number; readonly skewMs: number }
  /** De-registers; started again later. */
  | { readonly kind: "stop"; readonly node: number; readonly forMs: number }
  | { readonly kind: "attack"; readonly deed: Deed }
  | ProcessFault;

function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case "natFlush":
      return `NAT ${fault.network} flushed${fault.otherPorts ? ", other ports from now on" : ""}`;
    case "link": {
      const { lossProbability: loss, duplicateProbability: copies, delayMs, jitterMs } = fault.quality;
      return `network ${fault.network} ${fault.part} link for ${seconds(fault.forMs)}: loss ${loss}, ` +
        `duplicates ${copies}, delay ${delayMs} ms + ${jitterMs} ms`;
    }
    case "homeAgentRestart":
      return "home agent restarted, its state lost";
    case "homeAgentClock":
      return `home agent's clock wrong by ${seconds(fault.skewMs)}`;
    case "crash":
      return `mobile node ${fault.node} crashes for ${seconds(fault.forMs)}`;
    case "move":
      return `mobile node ${fault.node} moves to network ${fault.network}, ${
        seconds(fault.gapMs)
      } without any`;
    case "clock":
      return `mobile node ${fault.node}'s clock wrong by ${seconds(fault.skewMs)}`;
    case "stop":
      return `mobile node ${fault.node} stops for ${seconds(fault.forMs)}`;
    case "attack":
      return `attacker: ${fault.deed}`;
    default:
      return describeProcessFault(fault);
  }
}

/** Makes the fault happen now; what ends it is scheduled, unless all faults end before. */
export function applyFault(fault: Fault, world: World, attacker: Attacker, faultsEndMs: number): void {
  const later = (afterMs: number, run: () => void) => {
    if (world.nowMs + afterMs < faultsEndMs) world.schedule(afterMs, run);
  };
  world.note("fault", { kind: "remark", text: describeFault(fault) });
  switch (fault.kind) {
    case "natFlush":
      return world.networks[fault.network].nat?.flush(fault.otherPorts);
    case "link": {
      const { quality } = world.networks[fault.network];
      quality[fault.part] = fault.quality;
      return later(fault.forMs, () => {
        if (quality[fault.part] === fault.quality) quality[fault.part] = fault.usual;
      });
    }
    case "homeAgentRestart":
      return world.homeAgent.restart();
    case "homeAgentClock":
      world.homeAgent.skewMs = fault.skewMs;
      return;
    case "crash": {
      const host = world.mobileNodes[fault.node];
      host.kill();
      return later(fault.forMs, () => {
        if (!host.running) host.start();
      });
    }
    case "move": {
      const host = world.mobileNodes[fault.node];
      host.attach(undefined);
      return later(fault.gapMs, () => {
        if (!host.network) host.attach(world.networks[fault.network]);
      });
    }
    case "clock":
      world.mobileNodes[fault.node].skewMs = fault.skewMs;
      return;
    case "stop": {
      const host = world.mobileNodes[fault.node];
      host.stop();
      return later(fault.forMs, () => {
        if (host.stopping) host.kill();
        if (!host.running) host.start();
      });
    }
    case "attack":
      return attacker.perform(fault.deed);
    default:
      return applyProcessFault(fault, world, later);
  }
}
