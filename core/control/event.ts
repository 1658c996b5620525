import type { Ipv4Address } from "../wire/address.ts";
import type { Encapsulation } from "./tunnel.ts";

/** A packet that came in UDP to port 4191 and stays with the outer header that it had (RFC 5555 5.2.1). */
export interface OuterSource {
  readonly address: Ipv4Address;
  readonly port: number;
}

/** What can happen to a mobile node. */
export type MobileNodeEvent =
  /** The egress interface got, changed or lost its IPv4 address; `linkMtu` in octets. */
  | { readonly kind: "careOfAddress"; readonly address: Ipv4Address | undefined; readonly linkMtu: number }
  /** A mobility message from the tunnel: a whole inner IPv6 packet. */
  | { readonly kind: "signalling"; readonly outer: OuterSource; readonly packet: Uint8Array }
  /** The instant that nextDeadline() named has come. */
  | { readonly kind: "deadline" }
  /** De-register and end. */
  | { readonly kind: "stop" };

/** What can happen to a home agent. It has nothing to say when it ends: mobile nodes find out by themselves. */
export type HomeAgentEvent =
  | { readonly kind: "signalling"; readonly outer: OuterSource; readonly packet: Uint8Array }
  /** A tunnelled packet whose source has no binding from this outer address (its first octets, from the inner header on). */
  | {
    readonly kind: "unboundTraffic";
    readonly outer: OuterSource;
    readonly encapsulation: Encapsulation;
    readonly packet: Uint8Array;
  }
  | { readonly kind: "deadline" };
