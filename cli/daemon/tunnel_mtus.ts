import type { TunnelEnd } from "../../core/control/tunnel.ts";
import { type TooBig, TunnelPathMtu } from "../../core/control/tunnel_path_mtu.ts";
import { type Bound, boundText, prefixOf } from "../../core/forwarding/bindings.ts";
import { type IpAddress, type Ipv6Address, prefixContains } from "../../core/wire/address.ts";
import { messageOf } from "../output/fault.ts";
import type { DataPathGroup } from "./data_path_group.ts";
import type { Log } from "./log.ts";

type BoundTable = Pick<DataPathGroup, "setBinding" | "removeBinding">;

interface Entry {
  readonly bound: Bound;
  readonly tunnel: TunnelEnd;
  /** What the tunnel would carry if its path were as its ends say, octets. */
  readonly innerMtu: number;
}

/**
 * The data path's binding table, with what is learnt of the paths: a tunnel in IPv6 to a care-of address whose path
 * carries less than this host's link, as in the network of another mobile router, gets the smaller MTU.
 */
export class TunnelMtus implements BoundTable, Disposable {
  readonly #dataPath: BoundTable;
  readonly #log: Log;
  readonly #paths: TunnelPathMtu;
  readonly #entries = new Map<string, Entry>();
  /** The names of the entries with a tunnel in IPv6, by care-of address. */
  readonly #byFarEnd = new Map<Ipv6Address, Set<string>>();
  /** For what is forgotten next. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param address the source of the outer packets */
  constructor(dataPath: BoundTable, { address, log }: { readonly address: Ipv6Address; readonly log: Log }) {
    this.#dataPath = dataPath;
    this.#log = log;
    this.#paths = new TunnelPathMtu(address);
  }

  setBinding(bound: Bound, tunnel: TunnelEnd, innerMtu: number): void {
    this.#forget(bound);
    this.#entries.set(boundText(bound), { bound, tunnel, innerMtu });
    if (tunnel.encapsulation === "ipv6InIpv6") {
      const names = this.#byFarEnd.get(tunnel.address) ?? new Set();
      this.#byFarEnd.set(tunnel.address, names.add(boundText(bound)));
    }
    this.#dataPath.setBinding(bound, tunnel, this.#paths.innerMtu(tunnel, innerMtu, performance.now()));
  }

  removeBinding(bound: Bound): void {
    this.#forget(bound);
    this.#dataPath.removeBinding(bound);
  }

  #forget(bound: Bound): void {
    const name = boundText(bound);
    const farEnd = this.#entries.get(name)?.tunnel.address ?? "";
    this.#entries.delete(name);
    const names = this.#byFarEnd.get(farEnd);
    names?.delete(name);
    if (names?.size === 0) this.#byFarEnd.delete(farEnd);
  }

  /** May a packet to the inner destination go by a tunnel in IPv6 to this far end? */
  isFor(farEnd: Ipv6Address, inner: IpAddress): boolean {
    return this.#entriesTo(farEnd).some(({ bound }) => prefixContains(prefixOf(bound), inner));
  }

  /** A router on the path says that a packet was too big. */
  learn(message: TooBig): void {
    const isFor = (farEnd: Ipv6Address, inner: IpAddress) => this.isFor(farEnd, inner);
    const farEnd = this.#paths.learn(message, performance.now(), isFor);
    if (farEnd === undefined) return;
    this.#log.info("path MTU learnt", { careOfAddress: farEnd, mtu: message.mtu });
    this.#fit(farEnd);
    this.#scheduleForgetting();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #scheduleForgetting(): void {
    clearTimeout(this.#timer);
    const deadlineMs = this.#paths.nextDeadline();
    if (deadlineMs === undefined) return;
    const waitMs = Math.max(0, Math.ceil(deadlineMs - performance.now()));
    this.#timer = setTimeout(() => {
      for (const farEnd of this.#paths.forget(performance.now())) this.#fit(farEnd);
      this.#scheduleForgetting();
    }, waitMs);
  }

  /** The data path hears what the tunnels to this far end carry now. */
  #fit(farEnd: Ipv6Address): void {
    for (const { bound, tunnel, innerMtu } of this.#entriesTo(farEnd)) {
      try {
        this.setBinding(bound, tunnel, innerMtu);
      } catch (error) {
        this.#log.error("a tunnel keeps its MTU", { careOfAddress: farEnd, error: messageOf(error) });
      }
    }
  }

  #entriesTo(farEnd: Ipv6Address): Entry[] {
    return [...this.#byFarEnd.get(farEnd) ?? []].map((name) => this.#entries.get(name)!);
  }
}
