import type { Delivery } from "../../wasm/wasm_forwarder.ts";

/** The packets of one flow must keep their order; those of different flows may overtake each other. */
export function assertOrderWithinFlows(deliveries: readonly Delivery[]): void {
  /** The last packet of each flow, and of each pair of hosts: any, and any that names no flow. */
  const flows = new Map<string, number>();
  const any = new Map<string, number>();
  const withoutPorts = new Map<string, number>();
  for (const { index, bytes } of deliveries) {
    const { hosts, ports } = flowOf(bytes);
    const flow = `${hosts} ${ports}`;
    const before = ports === undefined
      ? any.get(hosts) ?? -1
      : Math.max(flows.get(flow) ?? -1, withoutPorts.get(hosts) ?? -1);
    if (index < before) throw new Error(`packet ${index} of ${flow} comes after ${before}`);
    flows.set(flow, index);
    any.set(hosts, Math.max(index, any.get(hosts) ?? -1));
    if (ports === undefined) withoutPorts.set(hosts, index);
  }
}

/** Addresses, and protocol with ports where they are right behind the IP header. */
function flowOf(packet: Uint8Array): { readonly hosts: string; readonly ports: string | undefined } {
  const isVersion6 = packet[0] >> 4 === 6;
  const hosts = (isVersion6 ? packet.subarray(8, 40) : packet.subarray(12, 20)).join();
  const headerLength = isVersion6 ? 40 : 4 * (packet[0] & 0x0f);
  const isFragment = !isVersion6 && (packet[6] & 0x3f | packet[7]) !== 0;
  const protocol = isVersion6 ? packet[6] : packet[9];
  if (isFragment || (protocol !== 6 && protocol !== 17) || packet.length < headerLength + 4) {
    return { hosts, ports: undefined };
  }
  return { hosts, ports: `${protocol} ${packet.subarray(headerLength, headerLength + 4).join()}` };
}
