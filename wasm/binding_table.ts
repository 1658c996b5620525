import type { TunnelEnd } from "../core/control/tunnel.ts";
import { type Bound, prefixOf } from "../core/forwarding/bindings.ts";
import { MAXIMUM_INNER_MTU, MINIMUM_IPV6_MTU } from "../core/forwarding/limits.ts";
import { wholeOctets } from "../core/forwarding/outer_fragments.ts";
import { isIpv4, isV4Mapped, UNSPECIFIED_IPV4 } from "../core/wire/address.ts";
import { ENCAPSULATION_NUMBERS } from "./encapsulation.ts";
import { addressKey, portWord, spiAddress } from "./forwarder_memory.ts";
import type { ForwarderModule } from "./forwarder_module.ts";
import {
  IPV4_MAPPED_BITS,
  LENGTHS_FULL,
  READER_STUCK,
  TABLE_FULL,
  WRITER_KEY,
  WRITER_OUTER_ADDRESS,
} from "./memory_map.ts";

/** What the table says of an SPI: nothing but that it is there. */
const NOWHERE: TunnelEnd = { encapsulation: "udp", address: UNSPECIFIED_IPV4, port: 0 };

/** Control's hand on the binding table: there must be only one for each memory. */
export class BindingTableWriter {
  readonly #module: ForwarderModule;
  readonly #bytes: Uint8Array;
  readonly #spis = new Set<number>();

  constructor(module: ForwarderModule, memory: WebAssembly.Memory) {
    this.#module = module;
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /**
   * Traffic of this home address, or of this mobile network prefix, uses this tunnel from now on. An address goes before
   * a prefix, and a longer prefix before a shorter one.
   * @param innerMtu octets, as in Forwarder.setBinding
   * @throws Error when the table is full, or the prefixes of this version have more than 8 lengths
   */
  set(bound: Bound, tunnel: TunnelEnd, innerMtu: number): void {
    const length = this.#placeKey(bound);
    this.#bytes.set(addressKey(tunnel.address), WRITER_OUTER_ADDRESS);
    const result = this.#module.setBinding(
      length,
      tunnel.encapsulation === "udp" ? portWord(tunnel.port) : 0,
      ENCAPSULATION_NUMBERS[tunnel.encapsulation],
      Math.min(MAXIMUM_INNER_MTU, Math.max(MINIMUM_IPV6_MTU, innerMtu)),
      wholeOctets(tunnel.encapsulation, innerMtu),
    );
    if (result === TABLE_FULL) throw cannotBind(bound, "the binding table is full");
    if (result === LENGTHS_FULL) throw cannotBind(bound, "the prefixes in the table have too many lengths");
    if (result === READER_STUCK) throw cannotBind(bound, "the data path does not answer");
  }

  remove(bound: Bound): void {
    this.#module.removeBinding(this.#placeKey(bound));
  }

  /**
   * ESP with one of these SPIs is of a security association from now on. They take places in the table.
   * @throws Error when the table is full
   */
  setSpis(spis: ReadonlySet<number>): void {
    for (const gone of this.#spis.difference(spis)) {
      this.remove(spiAddress(gone));
      this.#spis.delete(gone);
    }
    for (const come of spis.difference(this.#spis)) {
      this.set(spiAddress(come), NOWHERE, MINIMUM_IPV6_MTU);
      this.#spis.add(come);
    }
  }

  /** Returns how many bits of it count. */
  #placeKey(bound: Bound): number {
    const { address, length } = prefixOf(bound);
    const key = addressKey(address);
    const isOfIpv4 = isIpv4(address);
    // An IPv4-mapped key is that of the IPv4 address; no host has one in IPv6.
    const isMistaken = !isOfIpv4 && isV4Mapped(key);
    if (length < 1 || length > (isOfIpv4 ? 32 : 128) || isMistaken) {
      throw new RangeError(`Not a home address or mobile network: ${textOf(bound)}`);
    }
    this.#bytes.set(key, WRITER_KEY);
    return isOfIpv4 ? IPV4_MAPPED_BITS + length : length;
  }
}

function cannotBind(bound: Bound, why: string): Error {
  return new Error(`Cannot bind ${textOf(bound)}: ${why}`);
}

function textOf(bound: Bound): string {
  return typeof bound === "string" ? bound : `${bound.address}/${bound.length}`;
}
