import { TunnelErrorRelay } from "../../../core/control/tunnel_error_relay.ts";
import { readTooBig, TunnelPathMtu } from "../../../core/control/tunnel_path_mtu.ts";
import { MINIMUM_IPV6_MTU } from "../../../core/forwarding/limits.ts";
import { decodeIcmpv6Message, encodeIcmpv6Message, type Icmpv6Message } from "../../../core/wire/icmpv6.ts";
import { decodeIpv6Header } from "../../../core/wire/ipv6.ts";
import {
  CORRESPONDENT,
  HOME_ADDRESS,
  HOME_AGENT,
  ipv4,
  ipv6,
  IPV6_CARE_OF_ADDRESS,
} from "../../forwarding/packets.ts";
import type { FuzzTarget } from "../engine/target.ts";

const IPV6_IN_IPV6 = 41;
const IPV4_IN_IPV6 = 4;
const NOW_MS = 1_000_000;

/** ICMPv6 errors about packets of tunnels, from anywhere: what a home agent tells senders, and learns of paths. */
export const tunnelError: FuzzTarget = {
  name: "tunnel_error",
  maximumOctets: 1500,
  seeds,
  run(input) {
    const told = new TunnelErrorRelay(HOME_AGENT, () => true).relay(input, NOW_MS);
    if (told !== undefined) checkTold(told);
    const paths = new TunnelPathMtu(HOME_AGENT);
    const tooBig = readTooBig(input);
    const farEnd = tooBig && paths.learn(tooBig, NOW_MS, () => true);
    if (farEnd === undefined) return;
    const innerMtu = paths.innerMtu({ encapsulation: "ipv6InIpv6", address: farEnd, port: 0 }, 1460, NOW_MS);
    if (!(innerMtu >= MINIMUM_IPV6_MTU - 40 && innerMtu <= 1460)) {
      throw new Error(`an inner MTU of ${innerMtu}`);
    }
  },
};

function checkTold(packet: Uint8Array): void {
  const header = decodeIpv6Header(packet, 0);
  if (!header.ok || header.value.payloadLength + 40 !== packet.length) {
    throw new Error("tells no whole packet");
  }
  if (packet.length > MINIMUM_IPV6_MTU) throw new Error(`tells ${packet.length} octets`);
  const message = decodeIcmpv6Message(packet, 40, packet.length, header.value);
  if (!message.ok || !message.value.checksumValid) throw new Error("tells what nobody can read");
}

function seeds(): Uint8Array[] {
  const inner = ipv6({ source: CORRESPONDENT, destination: HOME_ADDRESS, payload: new Uint8Array(1400) });
  const ends = { source: HOME_AGENT, destination: IPV6_CARE_OF_ADDRESS };
  const tunnelled = [
    ipv6({ ...ends, nextHeader: IPV6_IN_IPV6, payload: inner }),
    ipv6({ ...ends, nextHeader: IPV4_IN_IPV6, payload: ipv4({ payload: new Uint8Array(1400) }) }),
  ];
  return tunnelled.flatMap((packet) => {
    const invokingPacket = packet.subarray(0, 1000);
    const messages: Icmpv6Message[] = [
      { kind: "packetTooBig", code: 0, mtu: 1400, invokingPacket },
      { kind: "destinationUnreachable", code: 3, invokingPacket },
    ];
    return messages.map((message) =>
      encodeIcmpv6Message(message, { source: "2001:db8:9::1", destination: HOME_AGENT })
    );
  });
}
