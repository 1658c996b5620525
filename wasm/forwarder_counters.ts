import {
  DROP_REASON_NAMES,
  type DropReasonName,
  type ForwardingCounters,
} from "../core/forwarding/counters.ts";
import * as map from "./memory_map.ts";

/** What the kernel did with packets that the forwarder had passed. */
export interface SystemCallCounters {
  readonly refusedOutboundPackets: number;
  readonly refusedOutboundOctets: number;
  readonly refusedInboundPackets: number;
  readonly refusedInboundOctets: number;
  readonly socketErrors: number;
}

/** The counters as they stand; the Worker may count on meanwhile. */
export function readCounters(memory: WebAssembly.Memory): ForwardingCounters & SystemCallCounters {
  const values = new BigUint64Array(memory.buffer);
  const at = (offset: number) => Number(Atomics.load(values, offset / 8));
  const dropped: Partial<Record<DropReasonName, number>> = {};
  for (const [reason, name] of DROP_REASON_NAMES.entries()) {
    const count = at(map.DROP_COUNTERS + 8 * reason);
    if (count > 0) dropped[name] = count;
  }
  return {
    encapsulatedPackets: at(map.ENCAPSULATED_PACKETS),
    encapsulatedOctets: at(map.ENCAPSULATED_OCTETS),
    decapsulatedPackets: at(map.DECAPSULATED_PACKETS),
    decapsulatedOctets: at(map.DECAPSULATED_OCTETS),
    signallingPackets: at(map.SIGNALLING_PACKETS),
    unboundReports: at(map.UNBOUND_REPORTS),
    packetTooBigSent: at(map.PACKET_TOO_BIG_SENT),
    refusedOutboundPackets: at(map.REFUSED_OUTBOUND_PACKETS),
    refusedOutboundOctets: at(map.REFUSED_OUTBOUND_OCTETS),
    refusedInboundPackets: at(map.REFUSED_INBOUND_PACKETS),
    refusedInboundOctets: at(map.REFUSED_INBOUND_OCTETS),
    socketErrors: at(map.SOCKET_ERRORS),
    dropped,
  };
}
