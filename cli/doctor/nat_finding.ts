import { type Ipv4Address, isIpv4 } from "../../core/wire/address.ts";
import { bindingStatusName } from "../../core/wire/binding_status.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openUdpSocket, receive, sendTo } from "../../ffi/socket.ts";
import type { MobileNodeConfiguration, RoamingConfiguration } from "../configuration/record.ts";
import { hmac } from "../daemon/hmac.ts";
import { stopSignal } from "../daemon/stop_signal.ts";
import { remark } from "../output/write.ts";
import { failed, fault, type Finding, ok, warning } from "./finding.ts";
import { type Machine, usableAddresses } from "./machine.ts";
import { lifetimesUpTo, measureNatTimeout, type NatTimeout } from "./nat_timeout.ts";
import { TestRegistration } from "./test_registration.ts";

const CHECK = "NAT timeout";
const BUFFER_OCTETS = 65_536;

/** Where the measurement cannot be made at all. */
export function notMeasured(why: string, advice?: string): Finding {
  return warning(CHECK, `not measured: ${why}`, advice);
}

/**
 * Registers, is silent, and sees whether the home agent still gets through: for minutes. The binding is removed at the end, also
 * after SIGINT and SIGTERM. Nothing else on this machine may be registered with the home address.
 */
export async function checkNatTimeout(
  configuration: MobileNodeConfiguration,
  machine: Machine,
  limitSeconds: number,
): Promise<Finding> {
  const { settings, egress, localPort } = configuration;
  const { homeAgentAddress, homeAgentIpv4Address, dsmip } = settings;
  if (homeAgentAddress === undefined) return notMeasured("home_agent_ipv6_address is left out");
  if (!dsmip || homeAgentIpv4Address === undefined) {
    return notMeasured("the home agent is not used over IPv4, and a NAT is on the way of IPv4 only");
  }
  if (settings.requiresEsp) return notMeasured("under esp_file only dsmip mn up registers");
  for (const device of egress) {
    const address = usableAddresses(device, machine).find(isIpv4);
    if (address === undefined) continue;
    const roaming = { ...configuration, settings: { ...settings, homeAgentAddress } };
    try {
      return await measureFrom({ address, device, port: localPort }, roaming, limitSeconds);
    } catch (error) {
      return failed(CHECK, error);
    }
  }
  return notMeasured(
    "no egress has an IPv4 address",
    "give one of them an address, and run dsmip doctor again",
  );
}

/** @throws SystemError: the port is taken, no permission */
async function measureFrom(
  local: { readonly address: Ipv4Address; readonly device: string; readonly port: number },
  { settings }: RoamingConfiguration,
  limitSeconds: number,
): Promise<Finding> {
  using stop = stopSignal();
  let isStopped = false;
  stop.requested.then(() => isStopped = true);
  using stack = new DisposableStack();
  const { fileDescriptor } = openUdpSocket({ ...local, receiveBufferOctets: BUFFER_OCTETS });
  stack.defer(() => closeFileDescriptor(fileDescriptor));
  const buffer = new Uint8Array(BUFFER_OCTETS);
  const registration = new TestRegistration(settings, local.address, {
    hmac,
    random: Math.random,
    now: () => ({ monotonicMs: performance.now(), unixMs: Date.now() }),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    send: ({ packet, destination, destinationPort }) =>
      sendTo(fileDescriptor, packet, destination, destinationPort),
    take() {
      const octets = receive(fileDescriptor, buffer);
      return octets === undefined ? undefined : buffer.subarray(0, octets);
    },
    isStopped: () => isStopped,
  });
  const minutes = Math.ceil(lifetimesUpTo(limitSeconds).reduce((sum, lifetime) => sum + lifetime) / 60);
  remark(`${CHECK}: takes the home address for about ${minutes} min, Ctrl-C ends it\n`);
  const tell = (seconds: number) => remark(`${CHECK}: silent for ${seconds} s ...\n`);
  let result: NatTimeout;
  let isRemoved = false;
  try {
    result = await measureNatTimeout(registration, limitSeconds, tell);
  } finally {
    isRemoved = await registration.remove();
  }
  const finding = describeNatTimeout(result);
  const isUnbound = result.kind === "silent" && result.keptSeconds === 0;
  if (isRemoved || isUnbound) return finding;
  return {
    ...finding,
    text: `${finding.text}; the binding could not be removed, and ends with its lifetime`,
  };
}

/** What a result means, and what to do. */
export function describeNatTimeout(result: NatTimeout): Finding {
  switch (result.kind) {
    case "measured":
      return describeMeasured(result);
    case "none":
      return ok(CHECK, "no NAT on the way, nothing to remember");
    case "untold":
      return notMeasured(
        "no Binding Refresh Request came, even after the shortest silence",
        "a home agent of another make may send none; otherwise see what it sends: dsmip decode -i",
      );
    case "refused":
      return notMeasured(
        `the home agent refuses: ${result.status} ${bindingStatusName(result.status)}`,
        "compare the configurations of both ends: home_address, identity, algorithm",
      );
    case "keysDiffer":
      return fault(
        CHECK,
        "not measured: authentication failed",
        "compare key_file and algorithm of both ends",
      );
    case "silent":
      return result.keptSeconds === 0
        ? notMeasured(
          "the home agent does not answer a Binding Update",
          "compare identity and spi of both ends",
        )
        : notMeasured("the home agent is gone: it answered at first", "run dsmip doctor again");
    case "unsent":
      return failed(CHECK, result.error);
    case "stopped":
      return notMeasured("stopped");
  }
}

function describeMeasured(
  { keptSeconds, forgottenSeconds, keepaliveSeconds }: Extract<NatTimeout, { kind: "measured" }>,
): Finding {
  const kept = Math.floor(keptSeconds);
  const memory = forgottenSeconds === undefined
    ? `the NAT remembers a silent flow for ${kept} s at least`
    : `the NAT forgets a silent flow after ${kept} to ${Math.ceil(forgottenSeconds)} s`;
  const text = `${memory}; a packet goes every ${keepaliveSeconds} s`;
  if (keepaliveSeconds < keptSeconds) return ok(CHECK, text);
  const advice = `set keepalive_seconds here, or nat_refresh_seconds at the home agent, below ${kept}`;
  return forgottenSeconds === undefined
    ? warning(CHECK, text, `${advice}, or look further: --nat-timeout ${keepaliveSeconds + 1}`)
    : warning(CHECK, text, advice);
}
