import { assert } from "@std/assert";
import { hmac } from "../../cli/daemon/hmac.ts";
import type { MobileNodeAction } from "../../core/control/action.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { Machines } from "../../core/simulation/machine.ts";
import { Signalling } from "../../core/simulation/packet.ts";
import { runKillSeed, runSeed } from "../../core/simulation/run.ts";
import {
  changingHomeAgent,
  changingMobileNode,
  FORGETFUL_HOME_AGENT,
  misdirectingHomeAgent,
  TRUSTING_HOME_AGENT,
  withHomeAgent,
  withHomeAgentSettings,
  withMobileNode,
} from "./broken_machines.ts";

/** The machines are broken in one way after the other: the simulator has to notice each within a few seeds. */

const MOST_SEEDS = 200;

function messageIn(packet: Uint8Array): MobilityMessage | undefined {
  const decoded = new Signalling(packet).decode();
  return decoded.ok ? decoded.value.header.message : undefined;
}

function isDeregistration(action: MobileNodeAction): boolean {
  const message = action.kind === "sendSignalling" ? messageIn(action.packet) : undefined;
  return message?.kind === "bindingUpdate" && message.lifetimeSeconds === 0;
}

const BROKEN: readonly { readonly how: string; readonly machines: Machines; readonly invariant: string }[] = [
  {
    how: "home agent binds to the wrong port",
    machines: misdirectingHomeAgent({ portsAway: 1 }),
    invariant: "a binding points to where its update came from",
  },
  {
    how: "home agent binds to the wrong address",
    machines: misdirectingHomeAgent({ address: "192.0.2.99", portsAway: 0 }),
    invariant: "a binding points to where its update came from",
  },
  {
    how: "home agent checks no sequence numbers",
    machines: FORGETFUL_HOME_AGENT,
    invariant: "accepted sequence numbers increase",
  },
  {
    how: "home agent remembers no timestamps",
    machines: FORGETFUL_HOME_AGENT,
    invariant: "a replay changes no binding",
  },
  {
    how: "home agent asks for no proof",
    machines: TRUSTING_HOME_AGENT,
    invariant: "a forgery changes no binding",
  },
  {
    how: "home agent asks for no proof",
    machines: TRUSTING_HOME_AGENT,
    invariant: "no binding without the right key",
  },
  {
    how: "home agent lets lifetimes pass",
    machines: withHomeAgent(() => ({ nextDeadline: () => undefined })),
    invariant: "a binding ends with its lifetime",
  },
  {
    how: "home agent has each binding twice",
    machines: withHomeAgent((real) => ({
      bindings: (now) => [...real.bindings(now), ...real.bindings(now)],
    })),
    invariant: "one binding for each home address",
  },
  {
    how: "home agent leaves removed bindings in the data path",
    machines: changingHomeAgent((action) => action.kind === "removeBinding" ? [] : [action]),
    invariant: "the data path holds the home agent's bindings",
  },
  {
    how: "home agent answers to another address",
    machines: changingHomeAgent((action) =>
      action.kind === "sendSignalling" ? [{ ...action, destination: "192.0.2.99" }] : [action]
    ),
    invariant: "the home agent sends only to where an authentic update came from",
  },
  {
    how: "home agent answers to another port",
    machines: changingHomeAgent((action) =>
      action.kind === "sendSignalling"
        ? [{ ...action, destinationPort: action.destinationPort ^ 1 }]
        : [action]
    ),
    invariant: "the home agent sends only to where an authentic update came from",
  },
  {
    how: "home agent answers everything",
    machines: withHomeAgent((real) => ({
      handle(event, now) {
        const actions = real.handle(event, now);
        if (
          event.kind !== "signalling" || !event.outer || actions.some(({ kind }) => kind === "sendSignalling")
        ) {
          return actions;
        }
        const { outer: { address: destination, port: destinationPort }, packet } = event;
        return [...actions, {
          kind: "sendSignalling",
          source: undefined,
          destination,
          destinationPort,
          packet,
        }];
      },
    })),
    invariant: "answers to what proves nothing are limited",
  },
  {
    how: "home agent answers all traffic without a binding",
    machines: withHomeAgent((real) => ({
      handle(event, now) {
        if (event.kind !== "unboundTraffic") return real.handle(event, now);
        const { outer: { address: destination, port: destinationPort }, packet } = event;
        return [{ kind: "sendSignalling", source: undefined, destination, destinationPort, packet }];
      },
    })),
    invariant: "answers to what proves nothing are limited",
  },
  {
    how: "home agent suggests a keepalive that is too slow for the NAT",
    machines: withHomeAgentSettings((settings) => ({ ...settings, natRefreshSeconds: 3600 })),
    invariant: "a registration stays while nothing goes wrong",
  },
  {
    how: "home agent keeps a timer for nothing",
    machines: withHomeAgent((real) => ({ nextDeadline: () => real.nextDeadline() ?? 1e15 })),
    invariant: "nothing is left after de-registration",
  },
  {
    how: "home agent throws at a Binding Error of its own",
    machines: withHomeAgent((real) => ({
      handle(event, now) {
        if (event.kind === "unboundTraffic") throw new Error("unboundTraffic");
        return real.handle(event, now);
      },
    })),
    invariant: "the machines throw nothing",
  },
  {
    how: "mobile node retransmits nothing",
    machines: withMobileNode((real) => {
      let registering = false;
      return {
        handle(event, now) {
          const actions = real.handle(event, now);
          registering = real.status(now).state === "registering";
          return actions;
        },
        nextDeadline: () => registering ? undefined : real.nextDeadline(),
      };
    }),
    invariant: "everybody recovers after faults",
  },
  {
    how: "mobile node neither refreshes nor expires",
    machines: withMobileNode((real) => {
      let registered = false;
      return {
        handle(event, now) {
          const actions = real.handle(event, now);
          registered = real.status(now).state === "registered";
          return actions;
        },
        nextDeadline: () => registered ? undefined : real.nextDeadline(),
      };
    }),
    invariant: "a mobile node that believes it is registered is reachable or finds out",
  },
  {
    how: "mobile node counts a longer lifetime",
    machines: withMobileNode((real) => ({
      status(now) {
        const status = real.status(now);
        return { ...status, remainingSeconds: status.remainingSeconds && status.remainingSeconds + 60 };
      },
    })),
    invariant: "a mobile node's lifetime ends before the home agent's",
  },
  {
    how: "mobile node believes every refusal",
    machines: withMobileNode((real) => ({
      handle(event, now) {
        const actions = real.handle(event, now);
        const message = event.kind === "signalling" ? messageIn(event.packet) : undefined;
        const refused = message?.kind === "bindingAcknowledgement" && message.status >= 128;
        return refused ? [...actions, { kind: "clearTunnel" }] : actions;
      },
    })),
    invariant: "a forgery changes no registration",
  },
  {
    how: "mobile node sends from another address",
    machines: changingMobileNode((action) =>
      action.kind === "sendSignalling" ? [{ ...action, source: "192.0.2.99" }] : [action]
    ),
    invariant: "a mobile node sends to its home agent from its care-of address",
  },
  {
    how: "mobile node sends every update four times",
    machines: changingMobileNode((action) =>
      action.kind === "sendSignalling" ? [action, action, action, action] : [action]
    ),
    invariant: "no more updates than MAX_UPDATE_RATE",
  },
  {
    how: "mobile node sets no tunnel",
    machines: changingMobileNode((action) => action.kind === "setTunnel" ? [] : [action]),
    invariant: "registered means that the tunnel is set",
  },
  {
    how: "mobile node keeps its tunnel for ever",
    machines: changingMobileNode((action) => action.kind === "clearTunnel" ? [] : [action]),
    invariant: "no tunnel without a registration",
  },
  {
    how: "mobile node's tunnel takes more than the link",
    machines: changingMobileNode((action) =>
      action.kind === "setTunnel" ? [{ ...action, innerMtu: action.innerMtu + 8 }] : [action]
    ),
    invariant: "the inner MTU fits the link",
  },
  {
    how: "mobile node sends data to another port",
    machines: withMobileNode((real) => ({
      handle(event, now) {
        const actions = real.handle(event, now);
        // Behind a NAT another port is another mapping, which other invariants notice.
        if (real.status(now).natDetected !== false) return actions;
        return actions.map((action) =>
          action.kind === "setTunnel" && action.tunnel.encapsulation === "udp"
            ? { ...action, tunnel: { ...action.tunnel, port: 4192 } }
            : action
        );
      },
    })),
    invariant: "pings both ways after recovery",
  },
  {
    how: "mobile node wants its deadline at once, always",
    machines: withMobileNode(() => ({ nextDeadline: () => 0 })),
    invariant: "deadlines lie ahead",
  },
  {
    how: "mobile node's deadline is no number",
    machines: withMobileNode(() => ({ nextDeadline: () => NaN })),
    invariant: "a deadline is an instant",
  },
  {
    how: "mobile node reports and reports",
    machines: changingMobileNode((action) =>
      Array.from({ length: action.kind === "report" ? 9 : 1 }, () => action)
    ),
    invariant: "one event makes few actions",
  },
  {
    how: "mobile node does not say that it has finished",
    machines: changingMobileNode((action) => action.kind === "finished" ? [] : [action]),
    invariant: "a stopped mobile node finishes",
  },
  {
    how: "home agent gives everybody the same IPv4 home address",
    machines: withHomeAgent((real) => ({
      bindings: (now) =>
        real.bindings(now).map((binding) => {
          return { ...binding, ipv4HomeAddresses: [{ address: "203.0.114.8", prefixLength: 32 }] };
        }),
    })),
    invariant: "IPv4 home addresses are apart",
  },
  {
    how: "mobile node overhears that its IPv4 home address was refused",
    machines: withMobileNode((real) => ({
      status: (now) => {
        const status = real.status(now);
        return {
          ...status,
          ipv4HomeAddress: status.ipv4HomeAddress ?? { address: "203.0.114.9", prefixLength: 32 },
        };
      },
    })),
    invariant: "both ends have one IPv4 home address",
  },
  {
    how: "mobile node leaves without a word",
    machines: changingMobileNode((action) => isDeregistration(action) ? [] : [action]),
    invariant: "de-registration removes the binding",
  },
];

for (const { how, machines, invariant } of BROKEN) {
  Deno.test(`simulator notices: ${how} (${invariant})`, () => {
    const others = new Set<string>();
    for (let seed = 1; seed <= MOST_SEEDS; seed++) {
      const { failure } = runSeed(seed, { hmac, machines });
      if (failure?.invariant === invariant) return;
      if (failure) others.add(failure.invariant);
    }
    assert(
      false,
      `not noticed within ${MOST_SEEDS} seeds; noticed instead: ${[...others].join("; ") || "nothing"}`,
    );
  });
}

/** With faults of the daemons themselves. */
const BROKEN_DAEMONS: typeof BROKEN = [
  {
    how: "home agent keeps a binding that the data path has refused",
    machines: withHomeAgent((real) => ({
      handle: (event, now) => event.kind === "bindingFailed" ? [] : real.handle(event, now),
    })),
    invariant: "the data path holds the home agent's bindings",
  },
  {
    how: "home agent does not revoke",
    machines: withHomeAgent((real) => ({
      handle: (event, now) => event.kind === "revoked" ? [] : real.handle(event, now),
    })),
    invariant: "no binding for who is revoked",
  },
  {
    how: "mobile node goes on when it is revoked",
    machines: withMobileNode((real) => ({
      handle(event, now) {
        const actions = real.handle(event, now);
        const isRevoked = actions.some((action) =>
          action.kind === "report" && action.message === "the home agent has revoked the binding"
        );
        return isRevoked ? actions.filter(({ kind }) => kind !== "clearTunnel") : actions;
      },
    })),
    invariant: "no tunnel without a registration",
  },
];

for (const { how, machines, invariant } of BROKEN_DAEMONS) {
  Deno.test(`simulator notices: ${how} (${invariant})`, () => {
    const others = new Set<string>();
    for (let seed = 1; seed <= MOST_SEEDS; seed++) {
      const { failure } = runKillSeed(seed, { hmac, machines });
      if (failure?.invariant === invariant) return;
      if (failure) others.add(failure.invariant);
    }
    assert(false, `not within ${MOST_SEEDS} seeds; noticed instead: ${[...others].join("; ") || "nothing"}`);
  });
}
