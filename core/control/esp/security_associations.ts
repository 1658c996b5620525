import type { Ipv6Address } from "../../wire/address.ts";
import { InboundAssociation } from "./inbound_association.ts";
import { OutboundAssociation } from "./outbound_association.ts";
import {
  associationName,
  CLOCK_TOLERANCE_MS,
  isValidAt,
  type SecurityAssociation,
} from "./security_association.ts";
import type { SequenceMemory } from "./sequence_memory.ts";

/**
 * The security associations of one node (the database of RFC 4301 section 4.4.2). Who adds and removes them is left open: a
 * file does, and a key exchange can. Bounded by what they know.
 */
export class SecurityAssociations {
  readonly #ownAddress: Ipv6Address;
  readonly #memory: SequenceMemory;
  /** By name. */
  readonly #inbound = new Map<string, InboundAssociation>();
  /** By destination, the newest first. */
  readonly #outbound = new Map<Ipv6Address, OutboundAssociation[]>();

  /** @param ownAddress of a mobile node the home address; what neither comes from it nor goes to it is ignored */
  constructor(ownAddress: Ipv6Address, memory: SequenceMemory) {
    this.#ownAddress = ownAddress;
    this.#memory = memory;
  }

  /** Of two that begin at the same time, the one added later is the newer. */
  add(association: SecurityAssociation, unixMs: number): void {
    const { source, destination } = association;
    if (destination === this.#ownAddress) {
      const inbound = new InboundAssociation(association, this.#memory);
      this.#inbound.set(associationName(association), inbound);
    } else if (source === this.#ownAddress) {
      const others = (this.#outbound.get(destination) ?? []).filter(isNot(association));
      const all = [new OutboundAssociation(association, this.#memory, unixMs), ...others];
      this.#outbound.set(destination, all.sort(newestFirst));
    }
  }

  remove(association: SecurityAssociation): void {
    this.#inbound.delete(associationName(association));
    const { destination } = association;
    const others = (this.#outbound.get(destination) ?? []).filter(isNot(association));
    if (others.length > 0) this.#outbound.set(destination, others);
    else this.#outbound.delete(destination);
  }

  /** All of them, the newest of each direction last; what stays keeps its sequence numbers. */
  replace(associations: readonly SecurityAssociation[], unixMs: number): void {
    this.#inbound.clear();
    this.#outbound.clear();
    for (const association of associations) this.add(association, unixMs);
  }

  /** The one that takes a packet from this source. */
  inbound(spi: number, source: Ipv6Address, unixMs: number): InboundAssociation | undefined {
    const found = this.#inbound.get(associationName({ spi, source, destination: this.#ownAddress }));
    return found !== undefined && isValidAt(found.association, unixMs, CLOCK_TOLERANCE_MS)
      ? found
      : undefined;
  }

  /** The newest one that can protect a packet to this destination. */
  outbound(destination: Ipv6Address, unixMs: number): OutboundAssociation | undefined {
    return this.#outbound.get(destination)?.find((one) =>
      isValidAt(one.association, unixMs) && !one.isUsedUp
    );
  }
}

function isNot(association: SecurityAssociation): (other: OutboundAssociation) => boolean {
  const name = associationName(association);
  return (other) => associationName(other.association) !== name;
}

function newestFirst(one: OutboundAssociation, other: OutboundAssociation): number {
  const [a, b] = [one, other].map(({ association }) => association.validFromMs ?? -Infinity);
  return a === b ? 0 : a < b ? 1 : -1;
}
