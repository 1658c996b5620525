import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeNeighborDiscoveryPacket,
  encodeNeighborDiscoveryPacket,
} from "../../core/wire/neighbor_discovery.ts";
import { askScapy, hasScapy, scapyName } from "../scapy.ts";
import { valueOf } from "./decoded.ts";
import { neighborDiscoveryPackets } from "./neighbor_discovery_arbitraries.ts";
import { hexOf, octetsOf } from "./octets.ts";

const CASES = 300;

const packets = fc.sample(neighborDiscoveryPackets, { numRuns: CASES, seed: 4191 });

/** As JSON has them: octets in hexadecimal digits. */
const portable: unknown = JSON.parse(
  JSON.stringify(packets, (_, member) => member instanceof Uint8Array ? hexOf(member) : member),
);

Deno.test({
  name: scapyName(
    `${CASES} packets of neighbor discovery by scapy: decoded, they are meant; encoded here, octet by octet the same`,
  ),
  ignore: !hasScapy,
  async fn() {
    const script = new URL("scapy_neighbor_discovery.py", import.meta.url);
    const built = await askScapy(script, portable) as string[];
    assertEquals(built.length, CASES);
    packets.forEach((packet, i) => {
      assertEquals(valueOf(decodeNeighborDiscoveryPacket(octetsOf(built[i]))), packet);
      assertEquals(hexOf(encodeNeighborDiscoveryPacket(packet)), built[i]);
    });
  },
});
