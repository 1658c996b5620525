import { LinkType } from "../capture/link_type.ts";
import { DHCPV6_SERVER_PORT } from "../wire/dhcpv6.ts";
import { Protocol } from "../wire/constants.ts";
import { arp } from "./arp.ts";
import { dhcpv4 } from "./dhcpv4.ts";
import { dhcpv6 } from "./dhcpv6.ts";
import { esp } from "./esp.ts";
import {
  authenticationHeader,
  destinationOptions,
  fragmentHeader,
  hopByHopOptions,
  routingHeader,
} from "./extension_header.ts";
import { icmpv4 } from "./icmpv4.ts";
import { icmpv6 } from "./icmpv6.ts";
import { ipv4Layer, laterFragment } from "./ipv4.ts";
import { ipv6Layer } from "./ipv6.ts";
import type { Layer } from "./layer.ts";
import { ethernet, linuxCooked, linuxCookedV2, loopback, rawIp, vlan } from "./link_layer.ts";
import { mobilityHeader } from "./mobility_header.ts";
import { AUTHENTICATION_HEADER_PROTOCOL, DHCP_SERVER_PORT, EtherType } from "./names.ts";
import type { PacketCursor, RegistryName } from "./packet_cursor.ts";
import { noNextHeader, unknownEtherType, unknownIpProtocol, unknownLinkType } from "./plain_layers.ts";
import { ppp, pppOverEthernet } from "./ppp.ts";
import { tcp } from "./tcp.ts";
import { udp, udpPayload } from "./udp.ts";

/** Which layer a number names, and which one stands for numbers that the table does not have. */
interface Registry {
  readonly layers: ReadonlyMap<number, Layer>;
  readonly otherwise: Layer;
}

/** Where every layer hangs: a new one is a new line here. */
const REGISTRIES: Readonly<Record<RegistryName, Registry>> = {
  linkType: {
    layers: new Map([
      [LinkType.null, loopback],
      [LinkType.ethernet, ethernet],
      [LinkType.ppp, ppp],
      [LinkType.rawBsd, rawIp],
      [LinkType.rawOpenBsd, rawIp],
      [LinkType.pppHdlc, ppp],
      [LinkType.pppOverEthernet, pppOverEthernet],
      [LinkType.raw, rawIp],
      [LinkType.loop, loopback],
      [LinkType.linuxCooked, linuxCooked],
      [LinkType.ipv4, ipv4Layer],
      [LinkType.ipv6, ipv6Layer],
      [LinkType.linuxCookedV2, linuxCookedV2],
    ]),
    otherwise: unknownLinkType,
  },
  etherType: {
    layers: new Map([
      [EtherType.ipv4, ipv4Layer],
      [EtherType.arp, arp],
      [EtherType.vlan, vlan],
      [EtherType.ipv6, ipv6Layer],
      [EtherType.pppoeSession, pppOverEthernet],
      [EtherType.providerVlan, vlan],
    ]),
    otherwise: unknownEtherType,
  },
  ipProtocol: {
    layers: new Map([
      [Protocol.hopByHopOptions, hopByHopOptions],
      [Protocol.icmpv4, icmpv4],
      [Protocol.ipv4, ipv4Layer],
      [Protocol.tcp, tcp],
      [Protocol.udp, udp],
      [Protocol.ipv6, ipv6Layer],
      [Protocol.routing, routingHeader],
      [Protocol.fragment, fragmentHeader],
      [Protocol.esp, esp],
      [AUTHENTICATION_HEADER_PROTOCOL, authenticationHeader],
      [Protocol.icmpv6, icmpv6],
      [Protocol.noNextHeader, noNextHeader],
      [Protocol.destinationOptions, destinationOptions],
      [Protocol.mobilityHeader, mobilityHeader],
    ]),
    otherwise: unknownIpProtocol,
  },
  udpPayload: {
    layers: new Map([[DHCP_SERVER_PORT, dhcpv4], [DHCPV6_SERVER_PORT, dhcpv6]]),
    otherwise: udpPayload,
  },
  laterFragment: { layers: new Map(), otherwise: laterFragment },
};

/** The layer that comes next at the cursor. */
export function nextLayer(cursor: PacketCursor): Layer {
  const { layers, otherwise } = REGISTRIES[cursor.nextRegistry];
  return layers.get(cursor.nextNumber) ?? otherwise;
}
