import type { TunnelEnd } from "../core/control/tunnel.ts";
import type { Bound } from "../core/forwarding/bindings.ts";
import { MAXIMUM_INNER_MTU, MINIMUM_IPV6_MTU } from "../core/forwarding/limits.ts";
import { ENCAPSULATION_NUMBERS } from "./encapsulation.ts";
import { addressKey, portWord } from "./forwarder_memory.ts";
import type { ForwarderModule } from "./forwarder_module.ts";
import { LENGTHS_FULL, READER_STUCK, TABLE_FULL, WRITER_KEY, WRITER_OUTER_ADDRESS } from "./memory_map.ts";

const ADDRESS_LENGTH = 128;

/** Control's hand on the binding table: there must be only one for each memory. */
export class BindingTableWriter {
  readonly #module: ForwarderModule;
  readonly #bytes: Uint8Array;

  constructor(module: ForwarderModule, memory: WebAssembly.Memory) {
    this.#module = module;
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /**
   * Traffic of this home address, or of this mobile network prefix, uses this tunnel from now on. An address goes before
   * a prefix, and a longer prefix before a shorter one.
   * @param innerMtu octets; values outside 1280..65507 are brought there
   * @throws Error when the table is full, or its prefixes have more than 8 lengths
   */
  set(bound: Bound, tunnel: TunnelEnd, innerMtu: number): void {
    const length = this.#placeKey(bound);
    this.#bytes.set(addressKey(tunnel.address), WRITER_OUTER_ADDRESS);
    const result = this.#module.setBinding(
      length,
      tunnel.encapsulation === "udp" ? portWord(tunnel.port) : 0,
      ENCAPSULATION_NUMBERS[tunnel.encapsulation],
      Math.min(MAXIMUM_INNER_MTU, Math.max(MINIMUM_IPV6_MTU, innerMtu)),
    );
    if (result === TABLE_FULL) throw cannotBind(bound, "the binding table is full");
    if (result === LENGTHS_FULL) throw cannotBind(bound, "the prefixes in the table have too many lengths");
    if (result === READER_STUCK) throw cannotBind(bound, "the data path does not answer");
  }

  remove(bound: Bound): void {
    this.#module.removeBinding(this.#placeKey(bound));
  }

  /** Returns how many bits of it count. */
  #placeKey(bound: Bound): number {
    const { address, length } = typeof bound === "string"
      ? { address: bound, length: ADDRESS_LENGTH }
      : bound;
    if (length < 1 || length > ADDRESS_LENGTH) throw new RangeError(`Not a mobile network: ${textOf(bound)}`);
    this.#bytes.set(addressKey(address), WRITER_KEY);
    return length;
  }
}

function cannotBind(bound: Bound, why: string): Error {
  return new Error(`Cannot bind ${textOf(bound)}: ${why}`);
}

function textOf(bound: Bound): string {
  return typeof bound === "string" ? bound : `${bound.address}/${bound.length}`;
}
