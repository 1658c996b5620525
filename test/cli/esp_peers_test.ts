import { assert, assertEquals } from "@std/assert";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import { EspGate } from "../../core/control/esp/esp_gate.ts";
import type { SecurityAssociation } from "../../core/control/esp/security_association.ts";
import { highOrder, lowOrder } from "../../core/control/esp/extended_number.ts";
import { InboundAssociation } from "../../core/control/esp/inbound_association.ts";
import { OutboundAssociation } from "../../core/control/esp/outbound_association.ts";
import { numberByClock } from "../../core/control/esp/sequence_memory.ts";
import { SecurityAssociations } from "../../core/control/esp/security_associations.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { decodeMobileIpv6Envelope, withUpperLayer } from "../../core/wire/mobile_ipv6_envelope.ts";
import { ESP_ALGORITHMS } from "../../cli/esp/algorithms.ts";
import { espCipher } from "../../cli/esp/cipher.ts";
import {
  ends,
  gateOf,
  memory,
  outgoing,
  toAgent,
  toHomeAgent,
  toMobileNode,
} from "../control/esp/esp_script.ts";
import { at, careOf, handMade, HOME_ADDRESS, HOME_AGENT } from "../control/script.ts";
import { askScapy, hasScapy, scapyName } from "../scapy.ts";
import { hexOf, octetsOf } from "../wire/octets.ts";

/* Others judge our ESP packets, and we theirs: scapy and tshark. */

const PEER = new URL("esp_peer.py", import.meta.url);
const SPI = 0x1234;
const NOW = at(0);
const TUNNEL = ["2001:db8:f::7", HOME_AGENT];

interface Keys {
  readonly algorithm: string;
  readonly encryptionKey: string;
  readonly integrityKey: string;
}

const KEYS: readonly Keys[] = [...ESP_ALGORITHMS].flatMap(([algorithm, one]) => {
  const key = (octets: number) => hexOf(Uint8Array.from({ length: octets }, (_, index) => index * 5 + 1));
  const lengths = one.encryptionKeyOctets.length === 0 ? [0] : one.encryptionKeyOctets;
  return lengths.map((octets) => ({
    algorithm,
    encryptionKey: key(octets),
    integrityKey: key(one.integrityKeyOctets[0] ?? 0),
  }));
});

function associationOf(keys: Keys, changes: Partial<SecurityAssociation> = {}): SecurityAssociation {
  const cipher = espCipher({
    algorithm: ESP_ALGORITHMS.get(keys.algorithm)!,
    encryptionKey: octetsOf(keys.encryptionKey),
    integrityKey: octetsOf(keys.integrityKey),
  });
  return toHomeAgent({ spi: SPI, cipher, ...changes });
}

function gateWith(ownAddress: string, association: SecurityAssociation): EspGate {
  const associations = new SecurityAssociations(ownAddress, memory());
  associations.add(association, NOW.unixMs);
  return new EspGate({ ownAddress, associations, protects: () => true });
}

/** A Binding Update without proof of its own, as it goes inside UDP. */
const UPDATE = handMade({ sealWith: undefined, identity: undefined, timestamp: undefined });

Deno.test({
  name: scapyName("ESP: scapy opens what we seal, in transport and in tunnel mode"),
  ignore: !hasScapy,
  fn: async () => {
    const requests = KEYS.flatMap((keys) => {
      const action = { kind: "sendPacket", source: HOME_ADDRESS, packet: UPDATE } as const;
      const transport = gateWith(HOME_ADDRESS, associationOf(keys)).protect(action, NOW);
      assert(transport.kind === "sendPacket");
      const envelope = decodeMobileIpv6Envelope(UPDATE);
      assert(envelope.ok);
      const sender = new OutboundAssociation(associationOf(keys), memory(), NOW.unixMs);
      const inside = sender.seal({ payload: UPDATE, nextHeader: Protocol.ipv6 });
      const tunnelled = withUpperLayer(UPDATE, envelope.value, Protocol.esp, inside);
      return [
        { ...keys, spi: SPI, open: hexOf(transport.packet) },
        { ...keys, spi: SPI, open: hexOf(tunnelled), tunnel: TUNNEL },
      ];
    });
    for (const [index, opened] of (await askScapy(PEER, requests) as string[]).entries()) {
      assertEquals(opened, hexOf(UPDATE), requests[index].algorithm);
    }
  },
});

Deno.test({
  name: scapyName("ESP: we open what scapy seals, in transport and in tunnel mode"),
  ignore: !hasScapy,
  fn: async () => {
    const requests = KEYS.flatMap((keys) => [
      { ...keys, spi: SPI, number: 7, seal: hexOf(UPDATE) },
      { ...keys, spi: SPI, number: 8, seal: hexOf(UPDATE), tunnel: TUNNEL },
    ]);
    const answers = (await askScapy(PEER, requests) as string[]).map(octetsOf);
    for (const [index, keys] of KEYS.entries()) {
      const received = gateWith(HOME_AGENT, associationOf(keys)).open(answers[2 * index], NOW);
      assert(received.kind === "signalling", keys.algorithm);
      assertEquals(hexOf(received.packet), hexOf(UPDATE));
      const receiver = new InboundAssociation(associationOf(keys), memory());
      const inside = receiver.open(answers[2 * index + 1].subarray(40));
      assert(inside.kind === "opened", keys.algorithm);
      assertEquals(inside.content.nextHeader, Protocol.ipv6);
      assertEquals(hexOf(inside.content.payload), hexOf(UPDATE));
      assertEquals(receiver.open(answers[2 * index].subarray(40)).kind, "opened");
      assertEquals(receiver.open(answers[2 * index].subarray(40)).kind, "refused");
    }
  },
});

Deno.test({
  name: scapyName("ESP: scapy and we agree on extended sequence numbers with AES-GCM"),
  ignore: !hasScapy,
  fn: async () => {
    const keys = KEYS.filter(({ algorithm }) => algorithm === "aes-gcm-16");
    const number = 5 * 2 ** 32 + 3;
    const remembered = () => {
      const kept = memory();
      const name = `${SPI} ${HOME_ADDRESS} ${HOME_AGENT}`;
      kept.store(name, { nextToSend: number, highestReceived: number - 10 });
      return kept;
    };
    const envelope = decodeMobileIpv6Envelope(UPDATE);
    assert(envelope.ok);
    const requests = keys.flatMap((one) => {
      const sender = new OutboundAssociation(
        associationOf(one, { extendedNumbers: true }),
        remembered(),
        NOW.unixMs,
      );
      const esp = sender.seal({ payload: UPDATE.subarray(40), nextHeader: Protocol.mobilityHeader });
      const ours = hexOf(withUpperLayer(UPDATE, envelope.value, Protocol.esp, esp));
      const usual = { ...one, spi: SPI, high: highOrder(number) };
      return [{ ...usual, open: ours }, { ...usual, number: lowOrder(number), seal: hexOf(UPDATE) }];
    });
    const answers = await askScapy(PEER, requests) as string[];
    for (const [index, one] of keys.entries()) {
      assertEquals(answers[2 * index], hexOf(UPDATE));
      const receiver = new InboundAssociation(associationOf(one, { extendedNumbers: true }), remembered());
      assertEquals(receiver.open(octetsOf(answers[2 * index + 1]).subarray(40)).kind, "opened");
    }
  },
});

/** What tshark is told of an association (its table esp_sa). */
function tsharkAssociation({ spi, source, destination }: SecurityAssociation, keys: Keys): string {
  const [encryption, integrity] = keys.algorithm.split("+");
  const names: Record<string, string> = {
    null: "NULL",
    "aes-cbc": "AES-CBC [RFC3602]",
    "aes-gcm-16": "AES-GCM with 16 octet ICV [RFC4106]",
    "hmac-sha256-128": "HMAC-SHA-256-128 [RFC4868]",
    "hmac-sha1-96": "HMAC-SHA-1-96 [RFC2404]",
  };
  const fields = [
    "IPv6",
    source,
    destination,
    `0x${spi.toString(16).padStart(8, "0")}`,
    names[encryption],
    keys.encryptionKey === "" ? "" : `0x${keys.encryptionKey}`,
    integrity === undefined ? "NULL" : names[integrity],
    keys.integrityKey === "" ? "" : `0x${keys.integrityKey}`,
    "32-bit",
  ];
  return `uat:esp_sa:${fields.map((field) => `"${field}"`).join(",")}`;
}

/** LINKTYPE_RAW: each packet begins with its IP header. */
const RAW = { linkType: 101 };
const TSHARK_FIELDS = ["esp.spi", "esp.sequence", "mip6.mhtype", "mip6.bu.lifetime", "mip6.ba.status"];

async function tshark(packets: readonly Uint8Array[], associations: readonly string[]): Promise<string[]> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    using out = await Deno.open(file, { write: true });
    out.writeSync(encodePcapHeader(RAW));
    for (const packet of packets) {
      out.writeSync(encodePcapRecord(RAW, { seconds: 0, nanoseconds: 0 }, packet));
    }
    const args = [
      "-n",
      "-r",
      file,
      "-T",
      "fields",
      "-E",
      "separator=;",
      "-o",
      "esp.enable_encryption_decode:TRUE",
    ];
    for (const one of associations) args.push("-o", one);
    for (const field of TSHARK_FIELDS) args.push("-e", field);
    const { success, stdout, stderr } = await new Deno.Command("tshark", { args }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trimEnd().split("\n");
  } finally {
    await Deno.remove(file);
  }
}

const hasTshark = await new Deno.Command("tshark", { args: ["--version"], stdout: "null", stderr: "null" })
  .output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: `ESP: tshark decrypts the update and its answer with the keys, and reads nothing without${
    hasTshark ? "" : " (skipped: needs the Debian package tshark)"
  }`,
  ignore: !hasTshark,
  fn: async () => {
    const number = numberByClock(NOW.unixMs);
    const hex = (spi: number) => `0x${spi.toString(16).padStart(8, "0")}`;
    const cases = KEYS.map((keys, index) => {
      const there = associationOf(keys, { spi: 0x1000 + 2 * index });
      const back = toMobileNode({ spi: there.spi + 1, cipher: there.cipher });
      const list = [there, back];
      const both = ends({ mobileGate: gateOf(HOME_ADDRESS, list), homeGate: gateOf(HOME_AGENT, list) });
      const outer = { address: "198.51.100.7", port: 4191 };
      const actions = both.mobileNode.handle(careOf("192.168.1.2"), NOW);
      const [update] = outgoing(both.mobileGate, actions, NOW);
      const [answer] = outgoing(both.homeGate, toAgent(both, update, NOW, outer), NOW);
      const shown = [`${hex(there.spi)};${number};5;105;`, `${hex(back.spi)};${number};6;;0`];
      const hidden = keys.algorithm.startsWith("null")
        ? undefined
        : [`${hex(there.spi)};${number};;;`, `${hex(back.spi)};${number};;;`];
      const known = list.map((one) => tsharkAssociation(one, keys));
      return { packets: [update, answer], known, shown, hidden };
    });
    const packets = cases.flatMap((one) => one.packets);
    assertEquals(
      await tshark(packets, cases.flatMap(({ known }) => known)),
      cases.flatMap(({ shown }) => shown),
    );
    const sealed = cases.filter(({ hidden }) => hidden !== undefined);
    assertEquals(
      await tshark(sealed.flatMap((one) => one.packets), []),
      sealed.flatMap(({ hidden }) => hidden!),
    );
  },
});
