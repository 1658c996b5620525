import type { Encapsulation, TunnelEnd } from "../core/control/tunnel.ts";
import type { Bound } from "../core/forwarding/bindings.ts";
import { MAXIMUM_INNER_MTU, MINIMUM_IPV6_MTU } from "../core/forwarding/limits.ts";
import { addressKey, portWord, prefixKey } from "./forwarder_memory.ts";
import type { ForwarderModule } from "./forwarder_module.ts";
import {
  IPV6_IN_IPV4_ENCAPSULATION,
  IPV6_IN_IPV6_ENCAPSULATION,
  LENGTHS_FULL,
  READER_STUCK,
  TABLE_FULL,
  UDP_ENCAPSULATION,
  WRITER_KEY,
  WRITER_OUTER_ADDRESS,
} from "./memory_map.ts";

const ENCAPSULATION_NUMBERS: Readonly<Record<Encapsulation, number>> = {
  udp: UDP_ENCAPSULATION,
  ipv6InIpv4: IPV6_IN_IPV4_ENCAPSULATION,
  ipv6InIpv6: IPV6_IN_IPV6_ENCAPSULATION,
};
const ADDRESS_LENGTH = 128;

const FAULTS = new Map([
  [TABLE_FULL, "the binding table is full"],
  [LENGTHS_FULL, "the binding table has prefixes of too many different lengths"],
  [READER_STUCK, "the data path does not answer"],
]);

/** Control's hand on the binding table: there must be only one for each memory. */
export class BindingTableWriter {
  readonly #module: ForwarderModule;
  readonly #bytes: Uint8Array;

  constructor(module: ForwarderModule, memory: WebAssembly.Memory) {
    this.#module = module;
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /**
   * Traffic of this home address or mobile network prefix uses this tunnel from now on.
   * @param innerMtu octets; values outside 1280..65507 are brought there
   * @throws Error when the table is full
   */
  set(bound: Bound, tunnel: TunnelEnd, innerMtu: number): void {
    const length = this.#writeKey(bound);
    this.#bytes.set(addressKey(tunnel.address), WRITER_OUTER_ADDRESS);
    const result = this.#module.setBinding(
      length,
      tunnel.encapsulation === "udp" ? portWord(tunnel.port) : 0,
      ENCAPSULATION_NUMBERS[tunnel.encapsulation],
      Math.min(MAXIMUM_INNER_MTU, Math.max(MINIMUM_IPV6_MTU, innerMtu)),
    );
    const fault = FAULTS.get(result);
    if (fault === undefined) return;
    const what = typeof bound === "string" ? bound : `${bound.address}/${bound.length}`;
    throw new Error(`Cannot bind ${what}: ${fault}`);
  }

  remove(bound: Bound): void {
    this.#module.removeBinding(this.#writeKey(bound));
  }

  /** @returns how many bits of the key count */
  #writeKey(bound: Bound): number {
    this.#bytes.set(typeof bound === "string" ? addressKey(bound) : prefixKey(bound), WRITER_KEY);
    return typeof bound === "string" ? ADDRESS_LENGTH : bound.length;
  }
}
