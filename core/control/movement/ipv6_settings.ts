import type { Hmac } from "../settings.ts";
import type { HomeSettings } from "./home_address.ts";
import type { InterfaceIdentifierMethod } from "./interface_identifier.ts";

export interface Ipv6Settings {
  readonly interfaceName: string;
  readonly interfaceIdentifier: InterfaceIdentifierMethod;
  /** The secret key of RFC 7217, 16 octets or more. Never printed. */
  readonly stableSecret: Uint8Array;
  /** The default router is asked whether it is there when it has been silent for so long; 0: only in doubt. */
  readonly routerProbeMs: number;
  /** Absent: no link is the home link. */
  readonly home?: HomeSettings;
}

/** What a pure state machine is given from outside. */
export interface Ipv6Capabilities {
  readonly hmac: Hmac;
  /** 0 up to 1. */
  readonly random: () => number;
}
