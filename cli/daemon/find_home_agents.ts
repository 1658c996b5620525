import {
  HomeAgentFinder,
  type HomeAgentFinderAction,
  type HomeAgentFinderEvent,
} from "../../core/control/home_agent_finder.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { type Ipv6Address, parseIpv6Prefix } from "../../core/wire/address.ts";
import type { MobileNodeConfiguration } from "../configuration/record.ts";
import { Failure, messageOf } from "../output/fault.ts";
import { ControlLoop } from "./control_loop.ts";
import { ControlSocket } from "./control_socket.ts";
import { Egresses } from "./egresses.ts";
import { Ipv6Signalling } from "./ipv6_signalling.ts";
import type { Log } from "./log.ts";
import { beOnlyDaemon } from "./only_daemon.ts";
import { SavedSysctls } from "./saved_sysctls.ts";
import type { ServiceManager } from "./service_manager.ts";
import type { StopSignal } from "./stop_signal.ts";
import type { Trace } from "./trace.ts";

/** A few answers at one time. */
const BUFFER_OCTETS = 64 * 1024;

/**
 * Asks the home network for its home agents, from the first IPv6 care-of address that there is, for as long as it takes.
 * @returns the most preferred first, at least one; undefined when the signal came before
 * @throws SystemError; Failure when another daemon has the control socket, or is the mobile node here
 */
export async function findHomeAgents(
  configuration: MobileNodeConfiguration,
  { log, trace, serviceManager, signal }: {
    readonly log: Log;
    readonly trace?: Trace;
    readonly serviceManager: ServiceManager;
    readonly signal: StopSignal;
  },
): Promise<readonly Ipv6Address[] | undefined> {
  const { settings, controlSocket } = configuration;
  const homePrefix = parseIpv6Prefix(`${settings.homeAddress}/64`)!;
  const mobileRouter = settings.mobileNetworkPrefixes.length > 0;
  const found = Promise.withResolvers<readonly Ipv6Address[]>();
  const failure = Promise.withResolvers<never>();
  await using cleanup = new AsyncDisposableStack();
  const refuse = () => {
    throw new Failure("the mobile node still looks for its home agent, over IPv6");
  };
  const handlers = { status: refuse, switch: refuse, reload: refuse };
  cleanup.use(await ControlSocket.open({ path: controlSocket, handlers }));
  cleanup.use(beOnlyDaemon("mobileNode"));
  const sysctls = cleanup.use(new SavedSysctls({ path: `${controlSocket}.sysctls`, log }));

  let signalling: Ipv6Signalling | undefined;
  cleanup.defer(() => signalling?.[Symbol.asyncDispose]());
  const useCareOfAddress = async (candidate: CareOfAddressCandidate | undefined) => {
    await signalling?.[Symbol.asyncDispose]();
    signalling = undefined;
    await egresses.choose(candidate);
    if (candidate === undefined) return;
    signalling = new Ipv6Signalling({
      address: candidate.address,
      device: candidate.interfaceName,
      bufferOctets: BUFFER_OCTETS,
      log,
      onPacket: () => {},
      onDiscovery: (packet) => {
        loop.push({ kind: "discovery", packet });
      },
    });
  };
  const loop = new ControlLoop<HomeAgentFinderEvent, HomeAgentFinderAction>({
    machine: new HomeAgentFinder({ homePrefix, mobileRouter }, Math.random()),
    deadlineEvent: { kind: "deadline" },
    performAction: (action) => {
      switch (action.kind) {
        case "report":
          return log.report(action);
        case "useCareOfAddress":
          return useCareOfAddress(action.candidate);
        case "sendPacket":
          return signalling?.send(action);
        case "found":
          return found.resolve(action.homeAgents);
      }
    },
    onError: (error) => log.error("an event could not be handled", { error: messageOf(error) }),
  });
  const egresses = cleanup.use(
    Egresses.open({
      configuration,
      sysctls,
      log,
      trace,
      onCandidates: (candidates) => {
        loop.pushOwn({ kind: "careOfAddresses", candidates });
      },
      onFailure: failure.reject,
    }),
  );
  const running = loop.run();
  log.info("looking for a home agent", { homePrefix: `${homePrefix.address}/${homePrefix.length}` });
  // It may take for ever: that is no start that has failed.
  serviceManager.ready("Looking for a home agent");
  using _ = serviceManager.watch(() => loop.turn());
  try {
    return await Promise.race([
      found.promise,
      signal.requested.then(() => undefined),
      failure.promise,
    ]);
  } finally {
    egresses.quiet();
    loop.stop();
    await running;
  }
}
