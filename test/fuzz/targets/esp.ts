import {
  encodeDelegationPacket,
  readDelegationPacket,
} from "../../../core/control/delegation/delegation_packet.ts";
import type { EspCipher } from "../../../core/control/esp/esp_cipher.ts";
import { EspGate } from "../../../core/control/esp/esp_gate.ts";
import type { SecurityAssociation } from "../../../core/control/esp/security_association.ts";
import { SecurityAssociations } from "../../../core/control/esp/security_associations.ts";
import { Protocol } from "../../../core/wire/constants.ts";
import { encodeEspContent, encodeEspHeader } from "../../../core/wire/esp.ts";
import { decodeMobileIpv6Envelope, endsOf, withUpperLayer } from "../../../core/wire/mobile_ipv6_envelope.ts";
import { memory } from "../../control/esp/esp_script.ts";
import { at, handMade, handMadeOverIpv6, HOME_ADDRESS, HOME_AGENT } from "../../control/script.ts";
import type { FuzzTarget } from "../engine/target.ts";

const SPIS = [1001, 1002];
const FIRST_NUMBER = 2 ** 32 - 40;
const DELEGATION = encodeDelegationPacket({
  source: HOME_ADDRESS,
  destination: HOME_AGENT,
  datagram: new Uint8Array(20),
});

/** Everything is authentic: what lies behind the integrity check is to stand anything, too. */
const TRUSTING: EspCipher = {
  blockOctets: 4,
  seal: (header, content) => Uint8Array.of(...header, ...content),
  open: (packet) => packet.slice(8),
};

function association(spi: number, extendedNumbers: boolean): SecurityAssociation {
  return { spi, source: HOME_ADDRESS, destination: HOME_AGENT, cipher: TRUSTING, extendedNumbers };
}

/** A home agent's gate, with extended sequence numbers and without; a packet comes twice. */
export const esp: FuzzTarget = {
  name: "esp",
  maximumOctets: 600,
  seeds: () =>
    [handMade(), handMadeOverIpv6(), DELEGATION].flatMap((packet) =>
      SPIS.map((spi, index) => sealed(packet, spi, index))
    ),
  run(input) {
    const kept = memory();
    for (const spi of SPIS) {
      kept.store(`${spi} ${HOME_ADDRESS} ${HOME_AGENT}`, { highestReceived: FIRST_NUMBER });
    }
    const associations = new SecurityAssociations(HOME_AGENT, kept);
    for (const [index, spi] of SPIS.entries()) associations.add(association(spi, index === 1), 0);
    const gate = new EspGate({ associations, ownAddress: HOME_AGENT, protects: () => true });
    const opened = gate.open(input, at(0));
    if (opened.kind === "report" || opened.protection === undefined) return;
    const envelope = decodeMobileIpv6Envelope(opened.packet);
    if (!envelope.ok) throw new Error("what was opened is no packet");
    const { protocol } = envelope.value;
    const isProtected = protocol === Protocol.mobilityHeader || protocol === Protocol.icmpv6 ||
      protocol === Protocol.udp && opened.kind === "delegation";
    if (!isProtected) {
      throw new Error(`protocol ${protocol} was opened`);
    }
    const { source, destination } = endsOf(envelope.value);
    if (source !== opened.protection.source || destination !== opened.protection.destination) {
      throw new Error("the selectors are not the ends of the packet");
    }
    if (opened.kind === "delegation") readDelegationPacket(opened.packet);
    if (gate.open(input, at(0)).kind !== "report") throw new Error("a packet was taken twice");
  },
};

function sealed(packet: Uint8Array, spi: number, index: number): Uint8Array {
  const envelope = decodeMobileIpv6Envelope(packet);
  if (!envelope.ok) throw new Error("a seed is no packet");
  const { offset, end, protocol } = envelope.value;
  const header = encodeEspHeader({ spi, sequenceNumber: (FIRST_NUMBER + 1 + 50 * index) % 2 ** 32 });
  const content = encodeEspContent({ payload: packet.subarray(offset, end), nextHeader: protocol }, 4);
  return withUpperLayer(packet, envelope.value, Protocol.esp, Uint8Array.of(...header, ...content));
}
