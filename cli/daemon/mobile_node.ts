import type { MobileNodeAction } from "../../core/control/action.ts";
import type { MobileNodeEvent } from "../../core/control/event.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { MobileNode } from "../../core/control/mobile_node.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTunQueues } from "../../ffi/tun.ts";
import type { MobileNodeConfiguration } from "../configuration/record.ts";
import { Failure, messageOf } from "../output/fault.ts";
import { Attachments } from "./attachments.ts";
import { ControlLoop, currentNow } from "./control_loop.ts";
import { ControlSocket } from "./control_socket.ts";
import type { DataPathCounters } from "./data_path.ts";
import { DataPathGroup } from "./data_path_group.ts";
import { Egresses } from "./egresses.ts";
import { hmac } from "./hmac.ts";
import { HostNetwork } from "./host_network.ts";
import type { Log } from "./log.ts";
import type { Offloads } from "./offloads.ts";
import { stopSignal } from "./stop_signal.ts";
import { type Trace, traced } from "./trace.ts";
import { TrafficHold } from "./traffic_hold.ts";

/**
 * Runs a mobile node until SIGTERM or SIGINT, then de-registers and puts everything back as it was.
 * @throws what makes it impossible to start or to go on, with what to do about it
 */
export async function runMobileNode(
  configuration: MobileNodeConfiguration,
  { log, offloads, trace }: {
    readonly log: Log;
    readonly offloads: Offloads;
    readonly trace?: Trace;
  },
): Promise<void> {
  const { settings, egress, workers, localPort } = configuration;
  for (const warning of configuration.warnings) log.warning(warning);
  using signal = stopSignal();
  await using cleanup = new AsyncDisposableStack();
  const machine = new MobileNode(settings, { hmac, random: Math.random });
  const failure = Promise.withResolvers<never>();
  const finished = Promise.withResolvers<void>();

  // The control socket comes first: it tells a second daemon from the first before anything is touched.
  let counters: () => DataPathCounters | null = () => null;
  let offered: readonly CareOfAddressCandidate[] = [];
  const switchTo = (interfaceName: string) => {
    if (!egress.includes(interfaceName)) {
      throw new Failure(`no egress interface ${interfaceName}; this mobile node has: ${egress.join(", ")}`);
    }
    if (!offered.some((candidate) => candidate.interfaceName === interfaceName)) {
      throw new Failure(`${interfaceName} has no care-of address now; this mobile node stays where it is`);
    }
    loop.push({ kind: "switchTo", interfaceName });
    return {};
  };
  const status = () => ({ ...machine.status(currentNow()), counters: counters() });
  cleanup.use(
    await ControlSocket.open({ path: configuration.controlSocket, handlers: { status, switch: switchTo } }),
  );
  const tuns = openTunQueues({ name: configuration.tun, queues: workers, offloads: offloads.tun });
  for (const { fileDescriptor } of tuns) cleanup.defer(() => closeFileDescriptor(fileDescriptor));
  const tun = tuns[0].name;
  const network = cleanup.use(HostNetwork.open(log));
  network.setUpMobileNode({ tun, homeAddress: settings.homeAddress });
  const dataPath = await DataPathGroup.start({
    role: "mobileNode",
    homeAddress: settings.homeAddress,
    homeAgentAddress: settings.homeAgentAddress,
    homeAgentIpv4Address: settings.homeAgentIpv4Address,
    mobileNetworkPrefixes: settings.mobileNetworkPrefixes,
    tuns,
    onSignalling: ({ kind, outer, packet }) => {
      if (kind === "signalling") loop.push({ kind, outer, packet });
    },
    onFailure: failure.reject,
  });
  cleanup.defer(() => dataPath.close());
  counters = () => dataPath.counters();
  const trafficHold = cleanup.use(new TrafficHold((isHeld) => void dataPath.holdTraffic(isHeld)));
  const attachments = cleanup.use(
    new Attachments(dataPath, {
      localPort,
      workers,
      offloads,
      log,
      onMobilityPacket: (packet) => {
        loop.push({ kind: "signalling", outer: undefined, packet });
      },
    }),
  );

  const performAction = async (action: MobileNodeAction): Promise<void> => {
    switch (action.kind) {
      case "report":
        return log.report(action);
      case "useCareOfAddress":
        await egresses.choose(action.candidate);
        return await attachments.change(action.candidate);
      case "sendSignalling":
      case "sendPacket":
        return attachments.send(action);
      case "doubt":
        return egresses.doubt(action.interfaceName);
      case "setTunnel":
        dataPath.setTunnel(action.tunnel, action.innerMtu);
        return network.setTunnel(action);
      case "clearTunnel":
        dataPath.clearTunnel();
        return network.clearTunnel();
      case "holdTraffic":
        return trafficHold.hold(action.forMs);
      case "takeHomeAddress":
        return await egresses.takeHomeAddress(action);
      case "finished":
        return finished.resolve();
    }
  };
  const loop = new ControlLoop<MobileNodeEvent, MobileNodeAction>({
    machine,
    deadlineEvent: { kind: "deadline" },
    performAction: traced(trace, "mobile node", performAction),
    onError: (error) => log.error("an event could not be handled", { error: messageOf(error) }),
  });
  const egresses = cleanup.use(
    Egresses.open({
      configuration,
      log,
      trace,
      onCandidates: (candidates) => {
        offered = candidates;
        trace?.note("egress interfaces", "careOfAddresses", { candidates });
        loop.push({ kind: "careOfAddresses", candidates });
      },
      onFailure: failure.reject,
    }),
  );
  const running = loop.run();
  log.info("mobile node ready", { egress: egress.join(" "), tun, homeAddress: settings.homeAddress });
  try {
    await Promise.race([signal.requested, failure.promise]);
    log.info("mobile node stops");
    egresses.quiet();
    loop.push({ kind: "stop" });
    await Promise.race([finished.promise, failure.promise]);
  } finally {
    loop.stop();
    await running;
  }
}
