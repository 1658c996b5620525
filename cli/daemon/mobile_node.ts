import type { MobileNodeAction, Report, SendPacket, SendSignalling } from "../../core/control/action.ts";
import type { MobileNodeEvent } from "../../core/control/event.ts";
import type { OuterSource } from "../../core/control/outer_source.ts";
import type { HomeAgentFailure } from "../../core/control/home_agent_turns.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { MobileNode } from "../../core/control/mobile_node.ts";
import { PrefixDiscovery, type PrefixDiscoveryEvent } from "../../core/control/prefix_discovery.ts";
import { type ChangeableSettings, isMobileRouter } from "../../core/control/settings.ts";
import { isIpv4 } from "../../core/wire/address.ts";
import { returnQueued } from "../../ffi/tun_queue.ts";
import type { MobileNodeConfiguration, RoamingConfiguration } from "../configuration/record.ts";
import { Failure, messageOf } from "../output/fault.ts";
import { Attachments } from "./attachments.ts";
import { ControlLoop, currentNow } from "./control_loop.ts";
import { ControlSocket } from "./control_socket.ts";
import type { DataPathCounters } from "./data_path.ts";
import { DataPathGroup } from "./data_path_group.ts";
import { Egresses } from "./egresses.ts";
import { EspSignalling } from "./esp_signalling.ts";
import { hmac } from "./hmac.ts";
import { openHost } from "./host.ts";
import { HostPacketSize } from "./host_packet_size.ts";
import { Ipv4AtHome } from "./ipv4_at_home.ts";
import type { Log } from "./log.ts";
import { NeededInterfaces } from "./needed_interfaces.ts";
import type { Offloads } from "./offloads.ts";
import type { PrefixDelegationClient, PrefixDelegationClientOptions } from "./prefix_delegation_client.ts";
import type { Reload } from "./reload.ts";
import type { ServiceManager } from "./service_manager.ts";
import type { StopSignal } from "./stop_signal.ts";
import { type Trace, traced } from "./trace.ts";
import { TrafficHold } from "./traffic_hold.ts";

/** What the kernel keeps in a queue of a TUN device at most (its txqueuelen). */
const TUN_QUEUE_PACKETS = 500;
/** To the service manager. */
const NOT_REGISTERED = "Not registered";

export interface MobileNodeSurroundings {
  readonly log: Log;
  readonly offloads: Offloads;
  readonly trace?: Trace;
  readonly serviceManager: ServiceManager;
}

/**
 * Runs a mobile node with one home agent until the signal, then de-registers and puts everything back as it was.
 * @param options `onHomeAgentFails`: it does not serve; the mobile node ends where this returns true
 * @returns whether the signal has come
 * @throws what makes it impossible to start or to go on, with what to do about it
 */
export async function roam(
  configuration: RoamingConfiguration,
  { log, offloads, trace, serviceManager, signal, reload, onHomeAgentFails }: MobileNodeSurroundings & {
    readonly signal: StopSignal;
    readonly reload: Reload<MobileNodeConfiguration>;
    readonly onHomeAgentFails: (failure: HomeAgentFailure) => boolean;
  },
): Promise<boolean> {
  const { settings, egress, workers, localPort } = configuration;
  await using cleanup = new AsyncDisposableStack();
  const machine = new MobileNode(settings, { hmac, random: Math.random });
  const failure = Promise.withResolvers<never>();
  const finished = Promise.withResolvers<void>();
  const abandoned = Promise.withResolvers<void>();

  // The control socket comes first: it tells a second daemon from the first before anything is touched.
  let counters: () => DataPathCounters | null = () => null;
  let offered: readonly CareOfAddressCandidate[] = [];
  const switchTo = (interfaceName: string) => {
    const names = reload.running.egress;
    if (!names.includes(interfaceName)) {
      throw new Failure(`no egress interface ${interfaceName}; this mobile node has: ${names.join(", ")}`);
    }
    if (!offered.some((candidate) => candidate.interfaceName === interfaceName)) {
      throw new Failure(`${interfaceName} has no care-of address now; this mobile node stays where it is`);
    }
    loop.pushOwn({ kind: "switchTo", interfaceName });
    return {};
  };
  const status = () => ({ ...machine.status(currentNow()), counters: counters() });
  cleanup.use(
    await ControlSocket.open({
      path: configuration.controlSocket,
      handlers: { status, switch: switchTo, reload: () => reload.reload() },
    }),
  );
  // So do the host's parts, where the control socket of the first has gone or is another.
  const { tuns, tun, sysctls, network } = openHost(configuration, { offloads, log, cleanup });
  const isRouter = isMobileRouter(settings) || configuration.mobileNetwork !== undefined;
  network.setUpMobileNode({ tun, ...settings });
  if (!isRouter) cleanup.use(new HostPacketSize(tun, failure.reject));
  cleanup.use(new NeededInterfaces([tun], failure.reject));
  const lan = configuration.mobileNetwork?.interfaceName;
  network.warnOfMissing(lan === undefined ? egress : [...egress, lan]);
  // Loaded by those who need it only: the start counts.
  const mobileNetwork = configuration.mobileNetwork && cleanup.use(
    (await import("./mobile_network.ts"))
      .openMobileNetwork(configuration.mobileNetwork, configuration, { sysctls, log }),
  );
  const esp = cleanup.use(
    new EspSignalling({
      ownAddress: settings.homeAddress,
      configuration,
      log,
      setSpis: (spis) => {
        for (const end of [network, attachments, dataPath, delegation]) end?.setSpis(spis);
      },
    }),
  );
  const useEsp = ({ securityAssociations }: Pick<MobileNodeConfiguration, "securityAssociations">) =>
    esp.use(
      securityAssociations,
      (peer) => settings.requiresEsp === true && peer === settings.homeAgentAddress,
    );
  const receive = (outer: OuterSource | undefined, sealed: Uint8Array) => {
    const received = esp.open(sealed);
    if (received?.kind === "signalling") loop.push({ ...received, kind: "signalling", outer });
    if (received?.kind === "discovery") prefixes.push({ ...received, kind: "discovery" });
    if (received?.kind === "delegation") delegation?.receiveProtected(received.packet);
  };
  const send = (action: SendSignalling | SendPacket) => {
    const sealed = esp.protect(action);
    return sealed.kind === "report" ? log.report(sealed) : attachments.send(sealed);
  };
  const dataPath = await DataPathGroup.start({
    role: "mobileNode",
    homeAddress: settings.homeAddress,
    homeAgentAddress: settings.homeAgentAddress,
    homeAgentIpv4Address: settings.homeAgentIpv4Address,
    mobileNetworkPrefixes: settings.mobileNetworkPrefixes,
    tuns,
    onSignalling: ({ kind, outer, packet }) => {
      if (kind === "signalling") receive(outer, packet);
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
      homeAgentAddress: settings.homeAgentAddress,
      log,
      onMobilityPacket: (packet) => receive(undefined, packet),
      onDiscovery: (packet) => {
        prefixes.push({ kind: "discovery", packet });
      },
    }),
  );

  const delegation: PrefixDelegationClient | undefined = await openPrefixDelegation(configuration, {
    tun,
    esp: settings.requiresEsp === true ? esp : undefined,
    log,
    onDelegated: (prefixes) => {
      void dataPath.setMobileNetworkPrefixes([...settings.mobileNetworkPrefixes, ...prefixes]);
      loop.pushOwn({ kind: "delegatedPrefixes", prefixes });
    },
  });
  if (delegation !== undefined) cleanup.use(delegation);

  const performAction = async (action: MobileNodeAction): Promise<void> => {
    switch (action.kind) {
      case "report":
        return log.report(action);
      case "useCareOfAddress":
        prefixes.push({ kind: "registered", careOfAddress: undefined, isNecessary: false });
        ipv4AtHome.leave();
        await egresses.choose(action.candidate);
        return await attachments.change(action.candidate);
      case "sendSignalling":
      case "sendPacket":
        return send(action);
      case "doubt":
        return egresses.doubt(action.interfaceName);
      case "setTunnel":
        dataPath.setTunnel(action.tunnel, action.innerMtu);
        network.setTunnel(action);
        return mobileNetwork?.serve({ mtu: action.innerMtu });
      case "clearTunnel":
        serviceManager.status(NOT_REGISTERED);
        dataPath.clearTunnel();
        network.clearTunnel();
        return await delegation?.lose();
      case "setIpv4HomeAddress":
        dataPath.setIpv4HomeAddress(action.ipv4HomeAddress);
        network.setIpv4HomeAddress(action.ipv4HomeAddress);
        ipv4AtHome.setAddress(action.ipv4HomeAddress?.address);
        return mobileNetwork?.serve({ ipv4HomeAddress: action.ipv4HomeAddress });
      case "setMobileNetworks":
        return mobileNetwork?.serve({ prefixes: action.prefixes });
      case "holdTraffic":
        return trafficHold.hold(action.forMs);
      case "registered": {
        serviceManager.status(`Registered: ${settings.homeAddress} is at ${action.careOfAddress}`);
        const careOfAddress = isIpv4(action.careOfAddress) ? undefined : action.careOfAddress;
        prefixes.push({ kind: "registered", careOfAddress, isNecessary: action.prefixDiscovery });
        return await delegation?.reachByTunnel();
      }
      case "homeAgentForgot":
        return delegation?.doubt();
      case "homeAgentFails":
        if (onHomeAgentFails(action.failure)) abandoned.resolve();
        return;
      case "takeHomeAddress":
        await egresses.takeHomeAddress(action);
        ipv4AtHome.comeHome(action.interfaceName);
        for (const { fileDescriptor } of tuns) returnQueued(fileDescriptor, TUN_QUEUE_PACKETS);
        return await delegation?.reachAtHome(action.interfaceName);
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
  const prefixes = new ControlLoop<PrefixDiscoveryEvent, SendPacket | Report>({
    machine: new PrefixDiscovery(settings, Math.random),
    deadlineEvent: { kind: "deadline" },
    performAction: (action) => action.kind === "report" ? log.report(action) : send(action),
    onError: (error) => log.error("prefix discovery failed", { error: messageOf(error) }),
  });
  const ipv4AtHome = new Ipv4AtHome({
    setRouter: (router) => network.setHomeRouter(router),
    announce: (interfaceName, address) => egresses.announce(interfaceName, address),
  });
  const egresses = cleanup.use(
    Egresses.open({
      configuration,
      sysctls,
      log,
      trace,
      onCandidates: (candidates) => {
        offered = candidates;
        trace?.note("egress interfaces", "careOfAddresses", { candidates });
        loop.pushOwn({ kind: "careOfAddresses", candidates });
        ipv4AtHome.offer(candidates);
      },
      onFailure: failure.reject,
    }),
  );
  await useEsp(configuration);
  const running = Promise.all([loop.run(), prefixes.run()]);
  cleanup.use(reload.ready([
    useEsp,
    ({ settings }) => loop.pushAndWait({ kind: "reconfigured", settings: changeableOf(settings) }),
    (next, before) => {
      network.warnOfMissing(next.egress.filter((name) => !before.egress.includes(name)));
      return egresses.use(next.egress, () => loop.turn());
    },
  ]));
  log.info("mobile node ready", { egress: egress.join(" "), tun, homeAddress: settings.homeAddress });
  serviceManager.ready(NOT_REGISTERED);
  using _ = serviceManager.watch(() => loop.turn());
  try {
    const isStopped = await Promise.race([
      signal.requested.then(() => true),
      abandoned.promise.then(() => false),
      failure.promise,
    ]);
    if (isStopped) {
      serviceManager.stopping();
      log.info("mobile node stops");
      await Promise.race([delegation?.stop(), failure.promise]);
    }
    egresses.quiet();
    loop.pushOwn({ kind: "stop" });
    await Promise.race([finished.promise, failure.promise]);
    return isStopped;
  } finally {
    prefixes.stop();
    loop.stop();
    await running;
  }
}

function changeableOf(
  { security, lifetimeSeconds, firstTimeoutMs, forceUdp, keepaliveSeconds, prefer }: ChangeableSettings,
): ChangeableSettings {
  return { security, lifetimeSeconds, firstTimeoutMs, forceUdp, keepaliveSeconds, prefer };
}

/** Loaded by those who ask for prefixes only: the start counts. Undefined for all others. */
async function openPrefixDelegation(
  { settings: { identity, homeAddress, homeAgentAddress }, requestPrefixes: count }: RoamingConfiguration,
  options: Pick<PrefixDelegationClientOptions, "tun" | "esp" | "log" | "onDelegated">,
): Promise<PrefixDelegationClient | undefined> {
  if (count === 0) return undefined;
  const { PrefixDelegationClient } = await import("./prefix_delegation_client.ts");
  return new PrefixDelegationClient({ ...options, identity, homeAddress, homeAgentAddress, count });
}
