import type { CapabilitySet } from "../../ffi/capabilities.ts";
import type { EspEnd } from "../../ffi/esp_end.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { enterNetworkNamespace, openNetworkNamespace, unshareNetworkNamespace } from "../../ffi/namespace.ts";
import { SilentTunnelTables } from "../../ffi/nft.ts";
import { openTun, openTunQueues, type Tun } from "../../ffi/tun.ts";
import { openUdpGroup } from "../../ffi/udp_group.ts";
import { ALL_OFFLOADS } from "../daemon/offloads.ts";
import { failed, fault, type Finding, ok, warning } from "./finding.ts";
import { hasCapability } from "./permissions.ts";

const NAME = "dsmip-doctor";
const BUFFER_OCTETS = 65_536;
/** No packet comes into the empty namespace, so any end does. */
const END: EspEnd = { homeAgentAddress: "2001:db8::1", isThe: "destination" };

/**
 * Tries what the daemons ask of the kernel, in an empty network namespace of this thread's own, so that the host sees nothing
 * of it.
 * @param workers more than one need a queue each, and BPF to choose among them
 */
export function checkKernel(permitted: CapabilitySet, workers: number): readonly Finding[] {
  if (!hasCapability(permitted, "CAP_SYS_ADMIN") || !hasCapability(permitted, "CAP_NET_ADMIN")) {
    const text = "not tried: that needs CAP_SYS_ADMIN and CAP_NET_ADMIN";
    return [warning("kernel features", text, "run dsmip doctor as root")];
  }
  const here = openNetworkNamespace("/proc/thread-self/ns/net");
  try {
    unshareNetworkNamespace();
    try {
      return [checkTun(), ...(workers > 1 ? [checkQueues()] : []), checkNftables(), checkUdp()];
    } finally {
      enterNetworkNamespace(here);
    }
  } finally {
    closeFileDescriptor(here);
  }
}

function checkTun(): Finding {
  const check = "TUN device";
  return attempt(check, "no tunnel without it", () => {
    const tun = openTun({ name: NAME, offloads: ALL_OFFLOADS.tun });
    closeAll([tun]);
    const { header, tcp, udp } = tun.offloads;
    if (header && tcp && udp) return ok(check, "with offloads for TCP and UDP");
    const missing = [...(tcp ? [] : ["TCP"]), ...(udp ? [] : ["UDP"])].join(" and ");
    return ok(check, `without offloads for ${missing} (UDP: Linux 6.2): slower, and works`);
  });
}

function checkQueues(): Finding {
  const check = "BPF";
  return attempt(check, "several workers need it to share out the flows", () => {
    closeAll(openTunQueues({ name: NAME, queues: 2, offloads: ALL_OFFLOADS.tun }));
    return ok(check, "shares out the flows among workers");
  }, "set workers = 1, or use a kernel with CONFIG_BPF_SYSCALL");
}

function checkNftables(): Finding {
  const check = "nftables";
  return attempt(
    check,
    "it keeps the kernel from answering tunnelled packets",
    () => {
      new SilentTunnelTables({ suffix: NAME, end: END }).close();
      return ok(check, "takes tables that end with their owner");
    },
  );
}

function checkUdp(): Finding {
  const check = "UDP offloads";
  return attempt(check, "no tunnel without UDP sockets", () => {
    const options = { address: "0.0.0.0", port: 0, receiveBufferOctets: BUFFER_OCTETS, receiveMerged: true };
    const { data, signalling } = openUdpGroup({ ...options, dataSockets: 1, end: END });
    for (const { fileDescriptor } of [...data, signalling]) closeFileDescriptor(fileDescriptor);
    const missing = [
      ...(data[0].canSegment ? [] : ["UDP_SEGMENT"]),
      ...(data[0].canMerge ? [] : ["UDP_GRO"]),
    ];
    return missing.length === 0
      ? ok(check, "several datagrams in one message and one read (UDP_SEGMENT, UDP_GRO)")
      : ok(check, `without ${missing.join(" and ")} (Linux 4.18, 5.0): slower, and works`);
  });
}

function attempt(check: string, meaning: string, action: () => Finding, advice?: string): Finding {
  try {
    return action();
  } catch (error) {
    return failed(check, error, meaning, advice);
  }
}

function closeAll(tuns: readonly Tun[]): void {
  for (const { fileDescriptor } of tuns) closeFileDescriptor(fileDescriptor);
}

/** Whether the kernel speaks IPv6 at all. */
export function checkIpv6(readSetting: (key: string) => string | undefined): Finding {
  const disabled = readSetting("net/ipv6/conf/all/disable_ipv6");
  const check = "IPv6";
  if (disabled === undefined) {
    const advice = "start the kernel without ipv6.disable=1, or use one with CONFIG_IPV6";
    return fault(check, "the kernel has none: home addresses are IPv6 addresses", advice);
  }
  if (disabled !== "0") {
    const advice = "sysctl -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0";
    return fault(check, "switched off on all interfaces: no home address can be put on one", advice);
  }
  return ok(check, "on");
}
