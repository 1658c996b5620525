import { ESP_ALGORITHMS } from "../cli/esp/algorithms.ts";
import { espCipher } from "../cli/esp/cipher.ts";
import { EspGate } from "../core/control/esp/esp_gate.ts";
import type { SecurityAssociation } from "../core/control/esp/security_association.ts";
import { SecurityAssociations } from "../core/control/esp/security_associations.ts";
import type { SequenceMemory } from "../core/control/esp/sequence_memory.ts";
import { encodeMobilityHeader } from "../core/wire/mobility_header.ts";
import { encodeMobilityPacket } from "../core/wire/mobility_packet.ts";

/** What ESP costs a home agent with 10,000 associations, before the Binding Update is read: right ones, and forged ones. */

const NODES = 10_000;
const HOME_AGENT = "2001:db8:100::1";
const NOW = { monotonicMs: 0, unixMs: 1_700_000_000_000 };
/** In the IPv6 packet: behind the header. */
const ESP_OFFSET = 40;

const memory: SequenceMemory = {
  recall: () => ({ nextToSend: 0, packetsSent: 0, highestReceived: 0 }),
  store: () => {},
};

function associations(name: string): SecurityAssociation[] {
  const algorithm = new Map(ESP_ALGORITHMS).get(name)!;
  const key = (octets = 0, seed: number) => new Uint8Array(octets).fill(seed & 0xff);
  return Array.from({ length: NODES }, (_, index) => ({
    spi: 1000 + index,
    source: `2001:db8:100::1:${index.toString(16)}`,
    destination: HOME_AGENT,
    cipher: espCipher({
      algorithm,
      encryptionKey: key(algorithm.encryptionKeyOctets.at(-1), index),
      integrityKey: key(algorithm.integrityKeyOctets.at(-1), index),
    }),
    extendedNumbers: true,
  }));
}

function gateOf(ownAddress: string, all: readonly SecurityAssociation[]): EspGate {
  const database = new SecurityAssociations(ownAddress, memory);
  database.replace(all, NOW.unixMs);
  return new EspGate({ ownAddress, associations: database, protects: () => true });
}

for (const name of ["aes-gcm-16", "aes-cbc+hmac-sha256-128"]) {
  const all = associations(name);
  const { source } = all[1];
  const homeAgent = gateOf(HOME_AGENT, all);
  const mobileNode = gateOf(source, all);
  const mobilityHeader = encodeMobilityHeader({
    kind: "bindingRefreshRequest",
    options: [{ kind: "mobileNodeIdentifier", subtype: 1, identifier: new Uint8Array(60) }],
  });
  const plain = encodeMobilityPacket({ source, destination: HOME_AGENT, mobilityHeader });
  const action = { kind: "sendPacket", source, packet: plain } as const;
  const seal = () => {
    const sealed = mobileNode.protect(action, NOW);
    if (sealed.kind === "report") throw new Error(sealed.message);
    return sealed.packet;
  };

  const forged = seal();
  forged[forged.length - 1] ^= 1;
  const unknown = seal();
  unknown[ESP_OFFSET] ^= 0x80;

  Deno.bench(`${name}: sealed`, () => void seal());
  Deno.bench(`${name}: opened`, { n: 20_000, warmup: 2000 }, (bench) => {
    const packet = seal();
    bench.start();
    homeAgent.open(packet, NOW);
    bench.end();
  });
  Deno.bench(`${name}: forged, with an SPI of ours`, () => void homeAgent.open(forged, NOW));
  Deno.bench(`${name}: unknown SPI`, () => void homeAgent.open(unknown, NOW));
}
