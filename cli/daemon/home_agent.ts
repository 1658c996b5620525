import type { HomeAgentAction, Report, SendPacket, SendSignalling } from "../../core/control/action.ts";
import { bindingFailure } from "../../core/control/binding_failure.ts";
import type { BindingStatus } from "../../core/control/binding_cache.ts";
import type { HomeAgentEvent } from "../../core/control/event.ts";
import type { OuterSource } from "../../core/control/outer_source.ts";
import { HomeAgent } from "../../core/control/home_agent.ts";
import type { HomeAgentSettings } from "../../core/control/settings.ts";
import { ENCAPSULATION_OVERHEAD } from "../../core/control/tunnel.ts";
import { type Ipv6Address, prefixText } from "../../core/wire/address.ts";
import type { HomeAgentConfiguration } from "../configuration/record.ts";
import { Failure } from "../output/fault.ts";
import { visible } from "../output/table.ts";
import { ControlLoop, currentNow } from "./control_loop.ts";
import { ControlSocket } from "./control_socket.ts";
import type { DataPathCounters } from "./data_path.ts";
import { DataPathGroup } from "./data_path_group.ts";
import { forwardedFamilies, seeToForwarding } from "./forwarding.ts";
import { EspSignalling } from "./esp_signalling.ts";
import { hmac } from "./hmac.ts";
import { entriesFor, HomeAgentRoutes } from "./home_agent_routes.ts";
import { HomeAgentsAnycast } from "./home_agents_anycast.ts";
import { HomeLink, type HomeLinkOptions } from "./home_link.ts";
import { openHost } from "./host.ts";
import { Ipv6Signalling } from "./ipv6_signalling.ts";
import { keepBindings, takeKeptBindings } from "./kept_bindings.ts";
import type { Log } from "./log.ts";
import { NeededInterfaces } from "./needed_interfaces.ts";
import type { Offloads } from "./offloads.ts";
import { openOuterIpv6Sockets, openOuterSockets, sendSignalling } from "./outer_sockets.ts";
import { Reload } from "./reload.ts";
import type { ServiceManager } from "./service_manager.ts";
import { stateFileOf } from "./state_file.ts";
import { stopSignal } from "./stop_signal.ts";
import { TunnelErrors } from "./tunnel_errors.ts";
import { TunnelMtus } from "./tunnel_mtus.ts";

/** A number from 0 (inclusive) to 1 (exclusive), for what nobody may guess. */
const unforeseeable = () => crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32;

/** Room for what 10,000 mobile nodes send at one time. */
const SIGNALLING_BUFFER_OCTETS = 4 * 1024 * 1024;

/**
 * Runs a home agent until SIGTERM or SIGINT, then puts everything back as it was.
 * @throws what makes it impossible to start or to go on, with what to do about it
 */
export async function runHomeAgent(
  configuration: HomeAgentConfiguration,
  { log, offloads, serviceManager }: {
    readonly log: Log;
    readonly offloads: Offloads;
    readonly serviceManager: ServiceManager;
  },
): Promise<void> {
  const { settings, ipv4Address, port, workers } = configuration;
  const { mobileNetworkPool } = settings;
  // Loaded by those who delegate prefixes only: the start counts. Before what receives: nothing may come to half of it.
  const delegationModule = mobileNetworkPool && await import("./prefix_delegation_server.ts");
  for (const warning of configuration.warnings) log.warning(warning);
  using signal = stopSignal();
  await using cleanup = new AsyncDisposableStack();
  const machine = new HomeAgent(settings, {
    hmac,
    startedUnixMs: currentNow().unixMs,
    random: unforeseeable,
  });
  const failure = Promise.withResolvers<never>();
  const reload = cleanup.use(new Reload(configuration, { log, serviceManager }));

  // The control socket comes first: it tells a second daemon from the first before anything is touched.
  let counters: () => DataPathCounters | null = () => null;
  cleanup.use(
    await ControlSocket.open({
      path: configuration.controlSocket,
      handlers: {
        bindings: () => ({ bindings: machine.bindings(currentNow()), counters: counters() }),
        reload: () => reload.reload(),
        revoke: async (identity) => {
          const homeAddresses = boundTo(identity, machine.bindings(currentNow()), reload.running);
          await loop.pushAndWait({ kind: "revoked", identity });
          return { homeAddresses };
        },
      },
    }),
  );
  // So do the host's parts, where the control socket of the first has gone or is another.
  const { tuns, tun, sysctls, network } = openHost(configuration, { offloads, log, cleanup });
  const { linkMtu } = network.setUpHomeAgent(configuration, { tun, sysctls });
  const homeLink = openHomeLink(configuration, {
    tun,
    sysctls,
    log,
    onRouterAdvertisement: (source, advertisement) => {
      loop.push({ kind: "routerAdvertised", source, advertisement });
    },
    onFailure: failure.reject,
  });
  if (homeLink !== undefined) cleanup.use(homeLink);
  const needed = configuration.homeLink === undefined ? [tun] : [tun, configuration.homeLink];
  cleanup.use(new NeededInterfaces(needed, failure.reject));
  const espEnd = { homeAgentAddress: settings.address, isThe: "destination" } as const;
  const sockets = cleanup.use(openOuterSockets({ address: ipv4Address, port, workers, offloads, espEnd }));
  const ipv6Sockets = cleanup.use(openOuterIpv6Sockets({ address: settings.address, workers }));
  const esp = cleanup.use(
    new EspSignalling({
      ownAddress: settings.address,
      configuration,
      log,
      setSpis: (spis) => {
        for (const end of [network, sockets, ipv6Signalling, dataPath]) end.setSpis(spis);
      },
    }),
  );
  const receive = (outer: OuterSource | undefined, sealed: Uint8Array) => {
    const received = esp.open(sealed);
    if (received?.kind === "signalling") loop.push({ ...received, kind: "signalling", outer });
    if (received?.kind === "discovery") loop.push({ ...received, kind: "discovery" });
    if (received?.kind === "delegation") delegation?.receiveProtected(received.packet);
  };
  const dataPath = await DataPathGroup.start({
    role: "homeAgent",
    homeAgentAddress: settings.address,
    homeAgentIpv4Address: ipv4Address,
    maximumBindings: entriesFor(settings.mobileNodes.length),
    tuns,
    onSignalling: (record) => {
      if (record.kind === "signalling") receive(record.outer, record.packet);
      else loop.push(record);
    },
    onFailure: failure.reject,
  });
  cleanup.defer(() => dataPath.close());
  counters = () => dataPath.counters();
  const tunnelMtus = cleanup.use(new TunnelMtus(dataPath, { address: settings.address, log }));
  const routes = new HomeAgentRoutes(tunnelMtus, network, settings);

  const onDiscovery = (packet: Uint8Array) => {
    loop.push({ kind: "discovery", packet });
  };
  const ipv6Signalling = cleanup.use(
    new Ipv6Signalling({
      address: settings.address,
      homeLink: configuration.homeLink === undefined
        ? undefined
        : { interfaceName: configuration.homeLink, prefix: settings.homePrefix },
      bufferOctets: SIGNALLING_BUFFER_OCTETS,
      log,
      onPacket: (packet) => receive(undefined, packet),
      onDiscovery,
    }),
  );
  cleanup.use(
    new TunnelErrors({
      address: settings.address,
      tunnelMtus,
      send: (packet) => ipv6Signalling.send({ kind: "sendPacket", source: settings.address, packet }),
      log,
    }),
  );
  cleanup.use(
    new HomeAgentsAnycast({
      homePrefix: settings.homePrefix,
      interfaceName: configuration.homeLink ?? tun,
      log,
      onDiscovery,
    }),
  );

  const delegation = mobileNetworkPool && delegationModule &&
    cleanup.use(
      new delegationModule.PrefixDelegationServer({
        settings: { ...settings, mobileNetworkPool },
        tun,
        homeLink: configuration.homeLink,
        esp,
        log,
        isBound: (homeAddress) => machine.hasBinding(homeAddress),
        onDelegated: (homeAddress, prefixes) => {
          loop.pushOwn({ kind: "delegatedPrefixes", homeAddress, prefixes });
        },
      }),
    );

  const send = (action: SendSignalling | SendPacket | Report): void => {
    switch (action.kind) {
      case "report":
        return log.report(action);
      case "sendSignalling":
        return sendSignalling(sockets, action, log);
      case "sendPacket":
        return ipv6Signalling.send(action);
    }
  };
  const performAction = (action: HomeAgentAction): void => {
    switch (action.kind) {
      case "report":
        return log.report(action);
      case "sendSignalling":
      case "sendPacket":
        return send(esp.protect(action));
      case "setBinding": {
        const innerMtu = linkMtu - ENCAPSULATION_OVERHEAD[action.tunnel.encapsulation];
        return routes.set(action.homeAddress, action, action.tunnel, innerMtu);
      }
      case "removeBinding":
        return routes.remove(action.homeAddress);
      case "probeHomeAddress":
        homeLink?.isDuplicate(action).then((duplicate) => {
          loop.pushOwn({ kind: "homeAddressProbed", homeAddress: action.homeAddress, duplicate });
        });
        return;
      case "interceptHomeAddress":
        return homeLink?.intercept(action);
      case "releaseHomeAddress":
        return homeLink?.release(action.homeAddress);
      case "interceptIpv4HomeAddress":
        return homeLink?.interceptIpv4(action.address);
      case "releaseIpv4HomeAddress":
        return homeLink?.releaseIpv4(action.address);
    }
  };
  const loop = new ControlLoop<HomeAgentEvent, HomeAgentAction>({
    machine,
    deadlineEvent: { kind: "deadline" },
    performAction,
    recover: bindingFailure,
    onError: (error) => log.error("an event could not be handled", { error: String(error) }),
  });
  await esp.use(configuration.securityAssociations, needsEsp(settings));
  const running = loop.run();
  cleanup.use(reload.ready([
    (next) => requireRoom(next, configuration),
    ({ settings: { mobileNodes } }) => delegation?.changeMobileNodes(mobileNodes),
    (next) => loop.pushAndWait({ kind: "reconfigured", settings: next.settings }),
    // Afterwards: who is told of a revocation is told under the ESP that it had.
    ({ securityAssociations, settings }) => esp.use(securityAssociations, needsEsp(settings)),
    ({ settings, forwarding: wanted }) =>
      seeToForwarding(forwardedFamilies(settings), { wanted, sysctls, log }),
  ]));
  // Not before all that can fail: a start that does leaves them for the next one.
  const keptBindings = stateFileOf(configuration, "bindings");
  const kept = takeKeptBindings(keptBindings, log);
  if (kept.length > 0) {
    await loop.pushAndWait({ kind: "keptUpdates", updates: kept });
    log.info("bindings taken over", { count: machine.bindings(currentNow()).length, of: kept.length });
  }
  await dataPath.setSockets({ ipv4: sockets.queues, ipv6: ipv6Sockets.queues });
  log.info("home agent ready", {
    address: ipv4Address,
    port,
    tun,
    homePrefix: prefixText(settings.homePrefix),
  });
  serviceManager.ready(`Serving the home network ${prefixText(settings.homePrefix)}`);
  using _ = serviceManager.watch(() => loop.turn());
  try {
    await Promise.race([signal.requested, failure.promise]);
    serviceManager.stopping();
    log.info("home agent stops");
  } finally {
    loop.stop();
    await running;
    keepBindings(keptBindings, machine.keptUpdates(), log);
  }
}

/** The home addresses of this identity that are bound now. @throws Failure where nobody has it */
function boundTo(
  identity: string,
  bindings: readonly BindingStatus[],
  { settings, file }: HomeAgentConfiguration,
): Ipv6Address[] {
  const own = bindings.filter((binding) => binding.identity === identity);
  if (own.length === 0 && settings.mobileNodes.every((node) => node.identity !== identity)) {
    throw new Failure(`${file} has no mobile node ${visible(identity)}, and none is bound`);
  }
  return own.map(({ homeAddress }) => homeAddress);
}

/** Which home addresses are protected by ESP. */
function needsEsp({ mobileNodes }: HomeAgentSettings): (homeAddress: Ipv6Address) => boolean {
  const nodes = mobileNodes.filter(({ requiresEsp }) => requiresEsp === true);
  const homeAddresses = new Set(nodes.map(({ homeAddress }) => homeAddress));
  return (homeAddress) => homeAddresses.has(homeAddress);
}

/** The data path's table has the size that it was made with. @throws Failure where more mobile nodes need a larger one */
function requireRoom(next: HomeAgentConfiguration, started: HomeAgentConfiguration): void {
  const [wanted, present] = [next, started].map(({ settings }) => settings.mobileNodes.length);
  if (entriesFor(wanted) <= entriesFor(present)) return;
  throw new Failure(
    `${next.file}: ${wanted} mobile nodes need more room than this home agent has; restart it`,
  );
}

/** Undefined where the home network is virtual. @throws SystemError: no such interface, no permission */
function openHomeLink(
  { homeLink, settings }: HomeAgentConfiguration,
  options: Pick<HomeLinkOptions, "tun" | "sysctls" | "log" | "onRouterAdvertisement" | "onFailure">,
): HomeLink | undefined {
  if (homeLink === undefined) return undefined;
  return new HomeLink({ ...options, interfaceName: homeLink, homeAgentAddress: settings.address });
}
