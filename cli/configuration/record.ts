import type { HomeAgentSettings, MobileNodeSettings } from "../../core/control/settings.ts";
import type { IpAddress, Ipv4Address, Ipv6Address } from "../../core/wire/address.ts";
import type { ConfiguredAssociation } from "./esp.ts";
import type { Mistake } from "./mistake.ts";
import type { Table } from "./read_table.ts";

/** What `dsmip ha serve` runs with. */
export interface HomeAgentConfiguration {
  readonly kind: "homeAgent";
  readonly file: string;
  /** The file as it stands there: what a reload compares. It holds no secret. */
  readonly document: Table;
  readonly settings: HomeAgentSettings;
  /** The address of the outer sockets. */
  readonly ipv4Address: Ipv4Address;
  /** The interface of the home network; undefined: the home network is virtual. */
  readonly homeLink: string | undefined;
  /** UDP port of the outer socket. */
  readonly port: number;
  /** Name of the TUN interface. */
  readonly tun: string;
  /** The largest packet that reaches mobile nodes, octets; undefined: as the interface of the IPv4 address says. */
  readonly linkMtu: number | undefined;
  /** Threads that forward packets. */
  readonly workers: number;
  /** Switch the host's forwarding on while the home agent runs; otherwise the administrator sees to it. */
  readonly forwarding: boolean;
  /** Absolute path of the control socket. */
  readonly controlSocket: string;
  /** Absolute path of the folder for what is kept across restarts. */
  readonly stateDirectory: string;
  /** Those of all mobile nodes that use ESP. */
  readonly securityAssociations: readonly ConfiguredAssociation[];
  /** What is allowed and still worth a warning, at start and in `config check`. */
  readonly warnings: readonly string[];
}

/** What `dsmip mn up` runs with. */
export interface MobileNodeConfiguration {
  readonly kind: "mobileNode";
  readonly file: string;
  /** The file as it stands there: what a reload compares. It holds no secret. */
  readonly document: Table;
  /** Without a home agent's address, one is looked for in the /64 of the home address (RFC 6275 section 11.4.1). */
  readonly settings: Omit<MobileNodeSettings, "homeAgentAddress"> & {
    readonly homeAgentAddress: Ipv6Address | undefined;
  };
  /** How many mobile network prefixes to ask the home agent for, 0..4 (RFC 6276). */
  readonly requestPrefixes: number;
  /** The interfaces that the care-of address is taken from, the most preferred first. */
  readonly egress: readonly string[];
  /** Configure those interfaces ourselves; otherwise somebody else does, and we listen. */
  readonly manage: boolean;
  /** How often the default router is asked whether it is there, milliseconds; 0: never. */
  readonly routerProbeMs: number;
  /** UDP port of the outer socket; 0 takes any free one. */
  readonly localPort: number;
  readonly tun: string;
  /** Of a mobile router; undefined: the operator sees to its network altogether. */
  readonly mobileNetwork: MobileNetworkConfiguration | undefined;
  readonly workers: number;
  readonly controlSocket: string;
  readonly stateDirectory: string;
  /** Empty where ESP is not used. */
  readonly securityAssociations: readonly ConfiguredAssociation[];
  readonly warnings: readonly string[];
}

/** The network behind a mobile router. */
export interface MobileNetworkConfiguration {
  /** Where its hosts are: addresses and routes are put there. */
  readonly interfaceName: string;
  /** Tell hosts of prefixes and addresses, through radvd and dnsmasq; otherwise the operator sees to that. */
  readonly serve: boolean;
  /** DNS servers that hosts are told of, IPv4 and IPv6. */
  readonly dns: readonly IpAddress[];
}

/** The same, once the home agent's address is known. */
export type RoamingConfiguration = MobileNodeConfiguration & { readonly settings: MobileNodeSettings };

export type Configuration = HomeAgentConfiguration | MobileNodeConfiguration;

/** What a reader of one kind of file is given. */
export interface ConfigurationSource {
  readonly file: string;
  readonly document: Table;
  readonly lines: ReadonlyMap<string, number>;
  /** Makes a path that stands in the file absolute: it is relative to the file. */
  readonly resolvePath: (path: string) => string;
  readonly mistakes: Mistake[];
}
