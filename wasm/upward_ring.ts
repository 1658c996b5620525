import type { UpwardRecord } from "../core/forwarding/forwarder.ts";
import { formatIpv4, formatIpv6 } from "../core/wire/address.ts";
import { encapsulationOf } from "./encapsulation.ts";
import * as map from "./memory_map.ts";

/** Control's end of the ring of records that the forwarder sends up. */
export class UpwardRing {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#words = new Int32Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  /** The oldest record, copied out, and its packet's place in its batch; undefined when there is none. */
  take(): { readonly record: UpwardRecord; readonly slot: number } | undefined {
    const tail = Atomics.load(this.#words, map.RING_TAIL / 4);
    if (tail === Atomics.load(this.#words, map.RING_HEAD / 4)) return undefined;
    const taken = this.#read(map.RING + (tail & map.RING_RECORDS - 1) * map.RECORD_OCTETS);
    Atomics.store(this.#words, map.RING_TAIL / 4, tail + 1 | 0);
    return taken;
  }

  /** Resolves when there may be a record, or when wake() is called. */
  async wait(): Promise<void> {
    const tail = Atomics.load(this.#words, map.RING_TAIL / 4);
    const waiting = Atomics.waitAsync(this.#words, map.RING_HEAD / 4, tail);
    if (waiting.async) await waiting.value;
  }

  wake(): void {
    Atomics.notify(this.#words, map.RING_HEAD / 4);
  }

  #read(offset: number): { readonly record: UpwardRecord; readonly slot: number } {
    const view = this.#view;
    const data = offset + map.RECORD_DATA;
    const kind = view.getUint32(offset + map.RECORD_KIND, true);
    const encapsulation = encapsulationOf(view.getUint32(offset + map.RECORD_ENCAPSULATION, true));
    const outer = offset + map.RECORD_OUTER_ADDRESS;
    return {
      record: {
        kind: kind === map.SIGNALLING_RECORD ? "signalling" : "unboundTraffic",
        outer: {
          address: encapsulation === "ipv6InIpv6"
            ? formatIpv6(this.#bytes, outer)
            : formatIpv4(this.#bytes, outer + 12),
          port: view.getUint16(offset + map.RECORD_PORT),
        },
        encapsulation,
        packet: this.#bytes.slice(data, data + view.getUint32(offset + map.RECORD_LENGTH, true)),
        arrivedMs: view.getFloat64(offset + map.RECORD_ARRIVED_MS, true),
      },
      slot: view.getInt32(offset + map.RECORD_SLOT, true),
    };
  }
}
