import type { Ipv4Address, Ipv6Address } from "../wire/address.ts";
import type { TunnelEnd } from "./tunnel.ts";

/** Something worth a line in the log. Details never hold a secret. */
export interface Report {
  readonly kind: "report";
  readonly level: "debug" | "info" | "warning" | "error";
  /** A sentence without its full stop: "binding accepted". */
  readonly message: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Send an inner IPv6 packet in UDP over IPv4 (RFC 5555 4.2). */
export interface SendSignalling {
  readonly kind: "sendSignalling";
  /** The mobile node's care-of address; undefined at the home agent, which has one socket. */
  readonly source: Ipv4Address | undefined;
  readonly destination: Ipv4Address;
  readonly destinationPort: number;
  readonly packet: Uint8Array;
}

export type MobileNodeAction =
  | Report
  | SendSignalling
  /** Traffic of the home address goes this way from now on. `innerMtu` is the TUN's MTU, octets. */
  | { readonly kind: "setTunnel"; readonly tunnel: TunnelEnd; readonly innerMtu: number }
  | { readonly kind: "clearTunnel" }
  /** All is said; the daemon may end. */
  | { readonly kind: "finished" };

export type HomeAgentAction =
  | Report
  | SendSignalling
  | { readonly kind: "setBinding"; readonly homeAddress: Ipv6Address; readonly tunnel: TunnelEnd }
  | { readonly kind: "removeBinding"; readonly homeAddress: Ipv6Address };
