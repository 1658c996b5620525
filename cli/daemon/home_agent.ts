import type { HomeAgentAction } from "../../core/control/action.ts";
import type { HomeAgentEvent } from "../../core/control/event.ts";
import { HomeAgent } from "../../core/control/home_agent.ts";
import { ENCAPSULATION_OVERHEAD } from "../../core/control/tunnel.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTunQueues } from "../../ffi/tun.ts";
import type { HomeAgentConfiguration } from "../configuration/record.ts";
import { ControlLoop, currentNow } from "./control_loop.ts";
import { ControlSocket } from "./control_socket.ts";
import type { DataPathCounters } from "./data_path.ts";
import { DataPathGroup } from "./data_path_group.ts";
import { hmac } from "./hmac.ts";
import { HostNetwork } from "./host_network.ts";
import type { Log } from "./log.ts";
import type { Offloads } from "./offloads.ts";
import { openOuterSockets, sendSignalling } from "./outer_sockets.ts";
import { stopSignal } from "./stop_signal.ts";

/**
 * Runs a home agent until SIGTERM or SIGINT, then puts everything back as it was.
 * @throws what makes it impossible to start or to go on, with what to do about it
 */
export async function runHomeAgent(
  configuration: HomeAgentConfiguration,
  { log, offloads }: { readonly log: Log; readonly offloads: Offloads },
): Promise<void> {
  const { settings, ipv4Address, port, workers } = configuration;
  for (const warning of configuration.warnings) log.warning(warning);
  using signal = stopSignal();
  await using cleanup = new AsyncDisposableStack();
  const machine = new HomeAgent(settings, { hmac, startedUnixMs: Date.now() });
  const failure = Promise.withResolvers<never>();

  // The control socket comes first: it tells a second daemon from the first before anything is touched.
  let counters: () => DataPathCounters | null = () => null;
  cleanup.use(
    await ControlSocket.open({
      path: configuration.controlSocket,
      handlers: { bindings: () => ({ bindings: machine.bindings(currentNow()), counters: counters() }) },
    }),
  );
  const tuns = openTunQueues({ name: configuration.tun, queues: workers, offloads: offloads.tun });
  for (const { fileDescriptor } of tuns) cleanup.defer(() => closeFileDescriptor(fileDescriptor));
  const tun = tuns[0].name;
  const network = cleanup.use(HostNetwork.open(log));
  const { linkMtu } = network.setUpHomeAgent({
    tun,
    address: settings.address,
    prefixLength: settings.homePrefix.length,
    ipv4Address,
    forwarding: configuration.forwarding,
  });
  const sockets = openOuterSockets({ address: ipv4Address, port, workers, offloads });
  cleanup.use(sockets);
  const dataPath = await DataPathGroup.start({
    role: "homeAgent",
    homeAgentAddress: settings.address,
    tuns,
    onSignalling: (record) => {
      loop.push(record);
    },
    onFailure: failure.reject,
  });
  cleanup.defer(() => dataPath.close());
  counters = () => dataPath.counters();

  const performAction = (action: HomeAgentAction): void => {
    switch (action.kind) {
      case "report":
        return log.report(action);
      case "sendPacket":
        return log.debug("dropped: no IPv6 socket", { source: action.source });
      case "probeHomeAddress":
      case "interceptHomeAddress":
      case "releaseHomeAddress":
        return;
      case "sendSignalling":
        return sendSignalling(sockets, action, log);
      case "setBinding": {
        const innerMtu = linkMtu - ENCAPSULATION_OVERHEAD[action.tunnel.encapsulation];
        return dataPath.setBinding(action.homeAddress, action.tunnel, innerMtu);
      }
      case "removeBinding":
        return dataPath.removeBinding(action.homeAddress);
    }
  };
  const loop = new ControlLoop<HomeAgentEvent, HomeAgentAction>({
    machine,
    deadlineEvent: { kind: "deadline" },
    performAction,
    onError: (error) => log.error("an event could not be handled", { error: String(error) }),
  });
  const running = loop.run();
  await dataPath.setSockets(sockets.queues);
  log.info("home agent ready", {
    address: ipv4Address,
    port,
    tun,
    homePrefix: `${settings.homePrefix.address}/${settings.homePrefix.length}`,
  });
  try {
    await Promise.race([signal.requested, failure.promise]);
    log.info("home agent stops");
  } finally {
    loop.stop();
    await running;
  }
}
