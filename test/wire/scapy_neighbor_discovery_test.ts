import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeNeighborDiscoveryPacket,
  encodeNeighborDiscoveryPacket,
} from "../../core/wire/neighbor_discovery.ts";
import { valueOf } from "./decoded.ts";
import { neighborDiscoveryPackets } from "./neighbor_discovery_arbitraries.ts";
import { hexOf, octetsOf } from "./octets.ts";

const PYTHON = "/usr/bin/python3";
const CASES = 300;

const packets = fc.sample(neighborDiscoveryPackets, { numRuns: CASES, seed: 4191 });

async function builtByScapy(): Promise<string[]> {
  const script = new URL("scapy_neighbor_discovery.py", import.meta.url).pathname;
  const child = new Deno.Command(PYTHON, { args: [script], stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  const request = JSON.stringify(
    packets,
    (_, member) => member instanceof Uint8Array ? hexOf(member) : member,
  );
  await writer.write(new TextEncoder().encode(request));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function hasScapy(): Promise<boolean> {
  try {
    return (await new Deno.Command(PYTHON, { args: ["-c", "import scapy"], stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

const present = await hasScapy();

Deno.test({
  name:
    `${CASES} packets of neighbor discovery by scapy: decoded, they are meant; encoded here, octet by octet the same`,
  ignore: !present,
  async fn() {
    const built = await builtByScapy();
    assertEquals(built.length, CASES);
    packets.forEach((packet, i) => {
      assertEquals(valueOf(decodeNeighborDiscoveryPacket(octetsOf(built[i]))), packet);
      assertEquals(hexOf(encodeNeighborDiscoveryPacket(packet)), built[i]);
    });
  },
});
