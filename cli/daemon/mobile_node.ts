import type { MobileNodeAction } from "../../core/control/action.ts";
import type { MobileNodeEvent, OfferedCareOfAddress } from "../../core/control/event.ts";
import { MobileNode } from "../../core/control/mobile_node.ts";
import type { Ipv4Address } from "../../core/wire/address.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTunQueues } from "../../ffi/tun.ts";
import type { MobileNodeConfiguration } from "../configuration/record.ts";
import { messageOf } from "../output/fault.ts";
import { ControlLoop, currentNow } from "./control_loop.ts";
import { ControlSocket } from "./control_socket.ts";
import type { DataPathCounters } from "./data_path.ts";
import { DataPathGroup } from "./data_path_group.ts";
import { hmac } from "./hmac.ts";
import { CareOfAddressWatch } from "./host_care_of_address.ts";
import { HostNetwork } from "./host_network.ts";
import type { Log } from "./log.ts";
import type { Offloads } from "./offloads.ts";
import { openOuterSockets, type OuterSockets, sendSignalling } from "./outer_sockets.ts";
import { stopSignal } from "./stop_signal.ts";

/**
 * Runs a mobile node until SIGTERM or SIGINT, then de-registers and puts everything back as it was.
 * @throws what makes it impossible to start or to go on, with what to do about it
 */
export async function runMobileNode(
  configuration: MobileNodeConfiguration,
  { log, offloads }: { readonly log: Log; readonly offloads: Offloads },
): Promise<void> {
  const { settings, egress, workers } = configuration;
  const { homeAgentIpv4Address } = settings;
  if (homeAgentIpv4Address === undefined) throw new Error("Cannot run: the home agent has no IPv4 address");
  for (const warning of configuration.warnings) log.warning(warning);
  using signal = stopSignal();
  await using cleanup = new AsyncDisposableStack();
  const machine = new MobileNode(settings, { hmac, random: Math.random });
  const failure = Promise.withResolvers<never>();
  const finished = Promise.withResolvers<void>();

  // The control socket comes first: it tells a second daemon from the first before anything is touched.
  let counters: () => DataPathCounters | null = () => null;
  cleanup.use(
    await ControlSocket.open({
      path: configuration.controlSocket,
      handlers: { status: () => ({ ...machine.status(currentNow()), counters: counters() }) },
    }),
  );
  const tuns = openTunQueues({ name: configuration.tun, queues: workers, offloads: offloads.tun });
  for (const { fileDescriptor } of tuns) cleanup.defer(() => closeFileDescriptor(fileDescriptor));
  const tun = tuns[0].name;
  const network = cleanup.use(HostNetwork.open(log));
  network.setUpMobileNode({ tun, homeAddress: settings.homeAddress });
  const dataPath = await DataPathGroup.start({
    role: "mobileNode",
    homeAddress: settings.homeAddress,
    homeAgentIpv4Address,
    tuns,
    onSignalling: ({ kind, outer, packet }) => {
      if (kind === "signalling") loop.push({ kind, outer, packet });
    },
    onFailure: failure.reject,
  });
  cleanup.defer(() => dataPath.close());
  counters = () => dataPath.counters();

  let sockets: OuterSockets | undefined;
  const replaceSockets = async (address: Ipv4Address | undefined) => {
    const old = sockets;
    sockets = undefined;
    await dataPath.setSockets([]);
    old?.[Symbol.dispose]();
    if (address === undefined) return;
    const port = configuration.localPort;
    const opened = openOuterSockets({ address, port, device: egress, workers, offloads });
    sockets = opened;
    await dataPath.setSockets(opened.queues);
  };
  cleanup.defer(() => replaceSockets(undefined));

  const performAction = (action: MobileNodeAction): void => {
    switch (action.kind) {
      case "report":
        return log.report(action);
      case "sendPacket":
        return log.debug("dropped: no IPv6 socket", { source: action.source });
      case "useCareOfAddress":
      case "doubt":
        return;
      case "sendSignalling":
        return sendSignalling(sockets, action, log);
      case "setTunnel":
        dataPath.setTunnel(action.tunnel, action.innerMtu);
        return network.setTunnel(action);
      case "clearTunnel":
        dataPath.clearTunnel();
        return network.clearTunnel();
      case "finished":
        return finished.resolve();
    }
  };
  const loop = new ControlLoop<MobileNodeEvent, MobileNodeAction>({
    machine,
    deadlineEvent: { kind: "deadline" },
    performAction,
    onError: (error) => log.error("an event could not be handled", { error: messageOf(error) }),
  });
  const running = loop.run();

  // Each change waits for the one before: the sockets are those of the care-of address that the machine knows.
  let change = Promise.resolve();
  const watch = new CareOfAddressWatch({
    egress,
    homeAgentAddress: homeAgentIpv4Address,
    onChange: (address, linkMtu) => {
      change = change.then(() => replaceSockets(address)).then(
        () => void loop.push({ kind: "careOfAddresses", candidates: candidatesOf(address, egress, linkMtu) }),
        (error) => {
          log.error("care-of address not usable", { address: address ?? "none", reason: messageOf(error) });
          loop.push({ kind: "careOfAddresses", candidates: [] });
        },
      );
    },
    onFailure: failure.reject,
  });
  log.info("mobile node ready", { egress, tun, homeAddress: settings.homeAddress });
  try {
    await Promise.race([signal.requested, failure.promise]);
    log.info("mobile node stops");
    await watch.close();
    await change;
    loop.push({ kind: "stop" });
    await Promise.race([finished.promise, failure.promise]);
  } finally {
    loop.stop();
    await running;
  }
}

/** The IPv4 address of the egress interface, as a care-of address to choose. */
function candidatesOf(
  address: Ipv4Address | undefined,
  interfaceName: string,
  linkMtu: number,
): OfferedCareOfAddress[] {
  if (address === undefined) return [];
  return [{ interfaceName, address, prefixLength: 32, gateway: undefined, linkMtu }];
}
