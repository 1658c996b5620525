import type { HomeAgentAction, MobileNodeAction } from "../../core/control/action.ts";
import type { HomeAgentEvent } from "../../core/control/event.ts";
import type { Now } from "../../core/control/now.ts";
import type { HomeAgentSettings } from "../../core/control/settings.ts";
import {
  type BindingStatus,
  type HomeAgentMachine,
  type Machines,
  type MobileNodeMachine,
  REAL_MACHINES,
} from "../../core/simulation/machine.ts";
import type { HomeAgentEnvironment } from "../../core/control/update_verifier.ts";
import { Signalling } from "../../core/simulation/packet.ts";

/** Ways to break the real machines from outside, to see that the simulator's invariants notice. */

type HomeAgentBreaker = (real: HomeAgentMachine) => Partial<HomeAgentMachine>;
type MobileNodeBreaker = (real: MobileNodeMachine) => Partial<MobileNodeMachine>;

/** Real machines with the methods that `broken` gives in place of the home agent's. */
export function withHomeAgent(broken: HomeAgentBreaker): Machines {
  return {
    ...REAL_MACHINES,
    homeAgent(settings, environment) {
      const real = REAL_MACHINES.homeAgent(settings, environment);
      return { ...forward(real), bindings: (now: Now) => real.bindings(now), ...broken(real) };
    },
  };
}

/** Real machines with the methods that `broken` gives in place of every mobile node's. */
export function withMobileNode(broken: MobileNodeBreaker): Machines {
  return {
    ...REAL_MACHINES,
    mobileNode(settings, environment) {
      const real = REAL_MACHINES.mobileNode(settings, environment);
      return { ...forward(real), status: (now: Now) => real.status(now), ...broken(real) };
    },
  };
}

function forward<Event, Action>(
  real: { handle(event: Event, now: Now): Action[]; nextDeadline(): number | undefined },
) {
  return {
    handle: (event: Event, now: Now) => real.handle(event, now),
    nextDeadline: () => real.nextDeadline(),
  };
}

/** A home agent whose actions go through `change`. */
export function changingHomeAgent(change: (action: HomeAgentAction) => HomeAgentAction[]): Machines {
  return withHomeAgent((real) => ({ handle: (event, now) => real.handle(event, now).flatMap(change) }));
}

/** Mobile nodes whose actions go through `change`. */
export function changingMobileNode(change: (action: MobileNodeAction) => MobileNodeAction[]): Machines {
  return withMobileNode((real) => ({ handle: (event, now) => real.handle(event, now).flatMap(change) }));
}

/** A home agent that sends each home address's traffic elsewhere, and says so in its bindings too. */
export function misdirectingHomeAgent(
  elsewhere: { readonly address?: string; readonly portsAway: number },
): Machines {
  return withHomeAgent((real) => ({
    handle: (event, now) =>
      real.handle(event, now).map((action) => {
        if (action.kind !== "setBinding") return action;
        const { tunnel } = action;
        const port = tunnel.encapsulation === "udp" ? tunnel.port + elsewhere.portsAway : 0;
        return { ...action, tunnel: { ...tunnel, address: elsewhere.address ?? tunnel.address, port } };
      }),
    bindings: (now) =>
      real.bindings(now).map((binding) => ({
        ...binding,
        careOfAddress: elsewhere.address ?? binding.careOfAddress,
        port: binding.port + elsewhere.portsAway,
      })),
  }));
}

/**
 * A home agent that remembers its bindings, but neither sequence numbers nor timestamps: every Binding Update
 * is the first one from its mobile node.
 */
export const FORGETFUL_HOME_AGENT: Machines = {
  ...REAL_MACHINES,
  homeAgent: (settings, environment) => new ForgetfulHomeAgent(settings, environment),
};

class ForgetfulHomeAgent implements HomeAgentMachine {
  readonly #settings: HomeAgentSettings;
  readonly #environment: HomeAgentEnvironment;
  #rest: HomeAgentMachine;
  readonly #byHomeAddress = new Map<string, HomeAgentMachine>();

  constructor(settings: HomeAgentSettings, environment: HomeAgentEnvironment) {
    this.#settings = settings;
    this.#environment = environment;
    this.#rest = REAL_MACHINES.homeAgent(settings, environment);
  }

  handle(event: HomeAgentEvent, now: Now): HomeAgentAction[] {
    if (event.kind === "deadline") {
      return [...this.#byHomeAddress.values()].flatMap((machine) => machine.handle(event, now));
    }
    if (event.kind !== "signalling") return this.#rest.handle(event, now);
    const fresh = REAL_MACHINES.homeAgent(this.#settings, this.#environment);
    const decoded = new Signalling(event.packet).decode();
    const homeAddress = decoded.ok ? decoded.value.source : "";
    const old = this.#byHomeAddress.get(homeAddress);
    const actions = fresh.handle(event, now);
    const bound = fresh.bindings(now).length > 0;
    // A refused update leaves the old binding as it was.
    if (bound || old === undefined) this.#byHomeAddress.set(homeAddress, fresh);
    return actions;
  }

  nextDeadline(): number | undefined {
    const deadlines = [...this.#byHomeAddress.values()].map((machine) => machine.nextDeadline() ?? Infinity);
    const first = Math.min(...deadlines);
    return first === Infinity ? undefined : first;
  }

  bindings(now: Now): BindingStatus[] {
    return [...this.#byHomeAddress.values()].flatMap((machine) => machine.bindings(now));
  }
}

/** A real home agent with other settings than the world knows of. */
export function withHomeAgentSettings(change: (settings: HomeAgentSettings) => HomeAgentSettings): Machines {
  return {
    ...REAL_MACHINES,
    homeAgent: (settings, environment) => REAL_MACHINES.homeAgent(change(settings), environment),
  };
}

/** A home agent that believes everybody, though it is told not to. */
export const TRUSTING_HOME_AGENT: Machines = withHomeAgentSettings((settings) => ({
  ...settings,
  requireAuthentication: false,
  mobileNodes: settings.mobileNodes.map((node) => ({ ...node, security: undefined })),
}));
