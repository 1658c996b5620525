import type { Encapsulation } from "../../core/control/tunnel.ts";
import type {
  Forwarder,
  ForwarderSettings,
  InboundVerdict,
  ReceivedDatagram,
} from "../../core/forwarding/forwarder.ts";
import { PlainForwarder } from "../../core/forwarding/plain_forwarder.ts";
import * as map from "../../wasm/memory_map.ts";
import { ALL_OFFLOADS, WasmForwarder, type WasmForwarderOptions } from "../../wasm/wasm_forwarder.ts";
import { assertOrderWithinFlows } from "./flow_order.ts";

/** The WASM forwarder, with a look at the order in which it delivers, and at what it merges. */
export class WatchedForwarder extends WasmForwarder {
  readonly #merged = new Map<string, number>();

  /**
   * Writes of several packets, of those in the last round of each call: how many of each transport and version came in each
   * encapsulation ("tcpv4 udp").
   */
  mergedWrites(): ReadonlyMap<string, number> {
    return this.#merged;
  }

  override inbound(
    encapsulation: Encapsulation,
    datagrams: readonly ReceivedDatagram[],
    nowMs: number,
  ): InboundVerdict[] {
    const verdicts = super.inbound(encapsulation, datagrams, nowMs);
    assertOrderWithinFlows(this.deliveries());
    this.#countMerged(encapsulation);
    return verdicts;
  }

  #countMerged(encapsulation: Encapsulation): void {
    const writes = new DataView(this.memory.buffer).getUint32(map.TUN_WRITE_COUNT, true);
    for (let index = 0; index < writes; index++) {
      const { header, bytes } = this.kernel.tunWrite(index);
      if (header === undefined || header.segmentation === "none") continue;
      const { segmentation } = header;
      const kind = `${segmentation === "udp" ? `udpv${bytes[0] >> 4}` : segmentation} ${encapsulation}`;
      this.#merged.set(kind, 1 + (this.#merged.get(kind) ?? 0));
    }
  }
}

export interface NamedForwarder {
  readonly name: string;
  readonly make: (settings: ForwarderSettings) => Forwarder;
}

/** What the WASM forwarder has by itself. */
export const SEED = 0x5eed_5eed_5eedn;
export const PLAIN: NamedForwarder = {
  name: "plain",
  make: (settings) => new PlainForwarder(settings, SEED),
};

function wasm(name: string, options?: WasmForwarderOptions): NamedForwarder {
  return { name, make: (settings) => new WatchedForwarder(settings, options) };
}

export const WASM = wasm("WASM");

/** The TUN device has no headers: nothing is left to do, and nothing merged. */
export const WASM_WITHOUT_HEADER = wasm("WASM without TUN header", { hasTunHeader: false });

/** The WASM forwarder with each set of offloads that a kernel may have; its TUN device has headers. */
export const WASM_OFFLOADS: readonly NamedForwarder[] = [
  WASM,
  wasm("WASM without UDP_SEGMENT", { offloads: ALL_OFFLOADS & ~map.OFFLOAD_UDP_SEGMENT }),
  wasm("WASM, no TCP merged", { offloads: ALL_OFFLOADS & ~map.OFFLOAD_TUN_TCP }),
  wasm("WASM, no UDP merged", { offloads: ALL_OFFLOADS & ~map.OFFLOAD_TUN_UDP }),
  wasm("WASM without offloads", { offloads: 0 }),
];
