import type { TunnelEnd } from "../core/control/tunnel.ts";
import { MAXIMUM_INNER_MTU, MINIMUM_IPV6_MTU } from "../core/forwarding/limits.ts";
import type { Ipv4Address, Ipv6Address } from "../core/wire/address.ts";
import { bindingKey, ipv4Word, portWord } from "./forwarder_memory.ts";
import type { ForwarderModule } from "./forwarder_module.ts";
import {
  IPV6_IN_IPV4_ENCAPSULATION,
  READER_STUCK,
  TABLE_FULL,
  UDP_ENCAPSULATION,
  WRITER_KEY,
} from "./memory_map.ts";

/** Control's hand on the binding table: there must be only one for each memory. */
export class BindingTableWriter {
  readonly #module: ForwarderModule;
  readonly #bytes: Uint8Array;

  constructor(module: ForwarderModule, memory: WebAssembly.Memory) {
    this.#module = module;
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /**
   * Traffic of this home address uses this tunnel from now on.
   * @param innerMtu octets; values outside 1280..65507 are brought there
   * @throws Error when the table is full
   */
  set(homeAddress: Ipv6Address | Ipv4Address, tunnel: TunnelEnd, innerMtu: number): void {
    const isUdp = tunnel.encapsulation === "udp";
    this.#bytes.set(bindingKey(homeAddress), WRITER_KEY);
    const result = this.#module.setBinding(
      ipv4Word(tunnel.address),
      isUdp ? portWord(tunnel.port) : 0,
      isUdp ? UDP_ENCAPSULATION : IPV6_IN_IPV4_ENCAPSULATION,
      Math.min(MAXIMUM_INNER_MTU, Math.max(MINIMUM_IPV6_MTU, innerMtu)),
    );
    if (result === TABLE_FULL) throw new Error(`Cannot bind ${homeAddress}: the binding table is full`);
    if (result === READER_STUCK) throw new Error(`Cannot bind ${homeAddress}: the data path does not answer`);
  }

  remove(homeAddress: Ipv6Address | Ipv4Address): void {
    this.#bytes.set(bindingKey(homeAddress), WRITER_KEY);
    this.#module.removeBinding();
  }
}
