import type { Ipv6Address } from "../wire/address.ts";
import type { Data } from "./packet.ts";
import type { Surroundings } from "./surroundings.ts";

/** Pings of one mobile node and the correspondent, counted at the end that sent them. */
export interface PingCounters {
  /** The correspondent's, to the home address. */
  downSent: number;
  downAnswered: number;
  /** When the last answered one had been sent, virtual milliseconds. */
  downLastMs: number;
  /** Round trip of the last answered one, milliseconds. */
  downRoundTripMs: number;
  /** The mobile node's, from the home address. */
  upSent: number;
  upAnswered: number;
  upLastMs: number;
  upRoundTripMs: number;
}

/** A mobile node as far as its pings go. */
export interface PingingHost {
  readonly homeAddress: Ipv6Address;
  /** Sends a packet of the home address through the tunnel. */
  sendData(data: Data): void;
}

/** A node on the home side that pings home addresses, and answers pings. */
export class Correspondent {
  readonly address: Ipv6Address;
  readonly #counters = new Map<Ipv6Address, PingCounters>();
  readonly #surroundings: Surroundings;
  readonly #toHomeAgent: (data: Data) => void;

  constructor(address: Ipv6Address, surroundings: Surroundings, toHomeAgent: (data: Data) => void) {
    this.address = address;
    this.#surroundings = surroundings;
    this.#toHomeAgent = toHomeAgent;
  }

  counters(homeAddress: Ipv6Address): PingCounters {
    let counters = this.#counters.get(homeAddress);
    if (counters === undefined) {
      counters = {
        downSent: 0,
        downAnswered: 0,
        downLastMs: -Infinity,
        downRoundTripMs: NaN,
        upSent: 0,
        upAnswered: 0,
        upLastMs: -Infinity,
        upRoundTripMs: NaN,
      };
      this.#counters.set(homeAddress, counters);
    }
    return counters;
  }

  /** Sends one ping to a home address. */
  ping(destination: Ipv6Address): void {
    this.counters(destination).downSent++;
    this.#toHomeAgent({
      kind: "data",
      source: this.address,
      destination,
      request: true,
      sentAtMs: this.#surroundings.nowMs,
    });
  }

  /** Lets a mobile node send one ping to `destination`: this node, or another home address. */
  pingFrom(host: PingingHost, destination: Ipv6Address): void {
    this.counters(host.homeAddress).upSent++;
    const sentAtMs = this.#surroundings.nowMs;
    host.sendData({ kind: "data", source: host.homeAddress, destination, request: true, sentAtMs });
  }

  /** A packet that the home agent forwards to this node. */
  receive(data: Data): void {
    if (data.destination !== this.address) return;
    if (data.request) return this.#toHomeAgent(reply(data));
    const counters = this.counters(data.source);
    counters.downAnswered++;
    counters.downLastMs = Math.max(counters.downLastMs, data.sentAtMs);
    counters.downRoundTripMs = this.#surroundings.nowMs - data.sentAtMs;
  }

  /** A packet that came out of a mobile node's tunnel. */
  receiveAtMobileNode(host: PingingHost, data: Data): void {
    if (data.request) return host.sendData(reply(data));
    const counters = this.counters(host.homeAddress);
    counters.upAnswered++;
    counters.upLastMs = Math.max(counters.upLastMs, data.sentAtMs);
    counters.upRoundTripMs = this.#surroundings.nowMs - data.sentAtMs;
  }
}

function reply(request: Data): Data {
  return { ...request, source: request.destination, destination: request.source, request: false };
}
