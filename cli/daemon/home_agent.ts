import type { HomeAgentAction } from "../../core/control/action.ts";
import type { HomeAgentEvent } from "../../core/control/event.ts";
import { HomeAgent } from "../../core/control/home_agent.ts";
import { ENCAPSULATION_OVERHEAD } from "../../core/control/tunnel.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTun } from "../../ffi/tun.ts";
import type { HomeAgentConfiguration } from "../configuration/record.ts";
import { ControlLoop, currentNow } from "./control_loop.ts";
import { ControlSocket } from "./control_socket.ts";
import { DataPath, type DataPathCounters } from "./data_path.ts";
import { hmac } from "./hmac.ts";
import { HostNetwork } from "./host_network.ts";
import type { Log } from "./log.ts";
import { openOuterSockets, sendSignalling } from "./outer_sockets.ts";
import { stopSignal } from "./stop_signal.ts";

/**
 * Runs a home agent until SIGTERM or SIGINT, then puts everything back as it was.
 * @throws what makes it impossible to start or to go on, with what to do about it
 */
export async function runHomeAgent(
  configuration: HomeAgentConfiguration,
  { log }: { log: Log },
): Promise<void> {
  const { settings, ipv4Address, port } = configuration;
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
  const tun = openTun({ name: configuration.tun });
  cleanup.defer(() => closeFileDescriptor(tun.fileDescriptor));
  const network = cleanup.use(HostNetwork.open(log));
  const { linkMtu } = await network.setUpHomeAgent({
    tun: tun.name,
    address: settings.address,
    prefixLength: settings.homePrefix.length,
    ipv4Address,
    forwarding: configuration.forwarding,
  });
  const sockets = openOuterSockets({ address: ipv4Address, port });
  cleanup.use(sockets);
  const dataPath = await DataPath.start({
    role: "homeAgent",
    homeAgentAddress: settings.address,
    tunFileDescriptor: tun.fileDescriptor,
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
      case "sendSignalling":
        return sendSignalling(sockets, action, log);
      case "setBinding": {
        const innerMtu = linkMtu - ENCAPSULATION_OVERHEAD[action.tunnel.encapsulation];
        return dataPath.bindings.set(action.homeAddress, action.tunnel, innerMtu);
      }
      case "removeBinding":
        return dataPath.bindings.remove(action.homeAddress);
    }
  };
  const loop = new ControlLoop<HomeAgentEvent, HomeAgentAction>({
    machine,
    deadlineEvent: { kind: "deadline" },
    performAction,
    onError: (error) => log.error("an event could not be handled", { error: String(error) }),
  });
  const running = loop.run();
  await dataPath.setSockets(sockets);
  log.info("home agent ready", {
    address: ipv4Address,
    port,
    tun: tun.name,
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
