import { permittedCapabilities } from "../../ffi/capabilities.ts";
import { readClockState } from "../../ffi/clock_state.ts";
import { unsupportedPlatform } from "../../ffi/load_libc.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openUdpSocket } from "../../ffi/socket.ts";
import type {
  Configuration,
  HomeAgentConfiguration,
  MobileNodeConfiguration,
} from "../configuration/record.ts";
import { askDaemon, NobodyAnswers } from "../daemon/control_client.ts";
import { ALWAYS, neededCapabilities } from "../daemon/least_privilege.ts";
import { Failure, messageOf } from "../output/fault.ts";
import type { DaemonAnswer } from "../output/status_view.ts";
import { checkClock } from "./clock.ts";
import { failed, fault, type Finding, ok } from "./finding.ts";
import { checkFirewall } from "./firewall.ts";
import { checkIpv6, checkKernel } from "./kernel.ts";
import { checkEgress, checkHomeAgentAddress, checkHomeLink } from "./links.ts";
import { type Machine, readMachine } from "./machine.ts";
import { checkManagers, readPrograms } from "./managers.ts";
import { checkNatTimeout, notMeasured } from "./nat_finding.ts";
import { checkPermissions } from "./permissions.ts";
import { checkPrograms } from "./programs.ts";
import { checkReachability, describeRegistration } from "./reachability.ts";
import { checkForwarding, checkReversePathFilter, checkSettings } from "./settings.ts";

/** RFC 4285 section 5.1; a mobile node does not know its home agent's. */
const USUAL_TOLERANCE_MS = 7000;

/**
 * Looks for what may keep dsmip from working on this machine. Nothing is changed here; a home agent is asked a question or two.
 * @param configuration undefined: only what concerns every machine
 * @param natTimeoutSeconds measure a NAT's timeout up to there, with a registration; undefined: do not
 * @throws Failure on a machine that dsmip does not run on at all
 */
export async function examine(
  configuration: Configuration | undefined,
  natTimeoutSeconds?: number,
): Promise<readonly Finding[]> {
  const unsupported = unsupportedPlatform(Deno.build.os, Deno.build.arch);
  if (unsupported !== undefined) throw new Failure(unsupported);
  if (natTimeoutSeconds !== undefined && configuration?.kind !== "mobileNode") {
    throw new Failure("--nat-timeout needs the configuration of a mobile node: --config FILE");
  }
  const permitted = permittedCapabilities();
  const machine = readMachine();
  const toleranceMs = configuration?.kind === "homeAgent"
    ? configuration.settings.clockToleranceMs
    : USUAL_TOLERANCE_MS;
  const general = [
    ok("system", `Linux ${Deno.osRelease()}, ${Deno.build.arch}`),
    checkPermissions(
      permitted,
      configuration === undefined ? new Set(ALWAYS) : neededCapabilities(configuration.file),
    ),
    ...checkKernel(permitted, configuration?.workers ?? 1),
    checkIpv6(machine.readSetting),
    checkClock(readClockState(), toleranceMs),
  ];
  if (configuration === undefined) return general;
  const special = configuration.kind === "homeAgent"
    ? await examineHomeAgent(configuration, machine)
    : await examineMobileNode(configuration, machine, natTimeoutSeconds);
  return [...general, ...special];
}

async function examineHomeAgent(configuration: HomeAgentConfiguration, machine: Machine): Promise<Finding[]> {
  const { ipv4Address, port, controlSocket } = configuration;
  const address = checkHomeAgentAddress(configuration, machine);
  const index = machine.addresses.find((one) => one.address === ipv4Address)?.interfaceIndex;
  const ingress = machine.links.find((one) => one.index === index)?.name;
  const running = await askForState(controlSocket, "bindings");
  return [
    ...checkForwarding(configuration, machine),
    ...address,
    ...checkHomeLink(configuration, machine),
    ...await checkFirewall(configuration, ingress),
    running.answer === undefined
      ? running.finding ?? checkPort(ipv4Address, port)
      : ok("home agent", `dsmip ha serve runs, mobile nodes bound: ${countOf(running.answer.bindings)}`),
    ok("reachability", "can be tried from outside only: run dsmip doctor at a mobile node"),
  ];
}

async function examineMobileNode(
  configuration: MobileNodeConfiguration,
  machine: Machine,
  natTimeoutSeconds: number | undefined,
): Promise<Finding[]> {
  const running = await askForState(configuration.controlSocket, "status");
  return [
    ...(configuration.manage ? [checkSettings(machine)] : []),
    ...checkReversePathFilter(configuration, machine),
    ...checkEgress(configuration, machine),
    ...checkManagers(configuration, readPrograms()),
    ...checkPrograms(configuration),
    ...await checkFirewall(configuration, undefined),
    ...(running.answer !== undefined
      ? describeRegistration(running.answer)
      : running.finding !== undefined
      ? [running.finding]
      : await checkReachability(configuration, machine)),
    ...(natTimeoutSeconds === undefined
      ? []
      : running.answer !== undefined || running.finding !== undefined
      ? [
        notMeasured(
          "the home address is dsmip mn up's while it runs",
          "stop it, and run dsmip doctor --nat-timeout again",
        ),
      ]
      : [await checkNatTimeout(configuration, machine, natTimeoutSeconds)]),
  ];
}

/** The daemon's own answer; neither, where none runs. */
async function askForState(
  path: string,
  command: string,
): Promise<{ readonly answer?: DaemonAnswer; readonly finding?: Finding }> {
  try {
    return { answer: await askDaemon({ path, command }) as DaemonAnswer };
  } catch (error) {
    if (error instanceof NobodyAnswers) return {};
    return {
      finding: fault(
        "control socket",
        messageOf(error),
        "is another program's socket there, or may this user not use it?",
      ),
    };
  }
}

function countOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

/** Where somebody else has the port, the daemon cannot start. */
function checkPort(address: string, port: number): Finding {
  const check = "UDP port";
  try {
    closeFileDescriptor(openUdpSocket({ address, port, receiveBufferOctets: 4096 }).fileDescriptor);
    return ok(check, `${address} port ${port} is free`);
  } catch (error) {
    return failed(check, error);
  }
}
