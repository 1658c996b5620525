import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import { decodeArp, encodeArp } from "../../core/wire/arp.ts";
import { decodeDhcpMessage, type DhcpMessage, encodeDhcpMessage } from "../../core/wire/dhcpv4.ts";
import { decodeIpv4Datagram, encodeIpv4Datagram } from "../../core/wire/ipv4_datagram.ts";
import { askScapy, hasScapy, scapyName } from "../scapy.ts";
import { valueOf } from "./decoded.ts";
import { dhcpMessages } from "./dhcpv4_arbitraries.ts";
import { hexOf, octetsOf } from "./octets.ts";
import { concatenate } from "./packets.ts";

const ETHERNET = { linkType: 1 };
const CASES = 200;

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const hasTshark = await succeeds("tshark", ["-v"]);

Deno.test({
  name: scapyName("DHCP and ARP packets built by scapy"),
  ignore: !hasScapy,
  fn: async () => {
    const built = await askScapy(new URL("dhcpv4_peer.py", import.meta.url), null) as string[];
    const packets = built.map(octetsOf);
    const messages = packets.slice(0, 4).map((packet) =>
      valueOf(decodeDhcpMessage(valueOf(decodeIpv4Datagram(packet)).data))
    );
    assertEquals(messages.map(({ options }) => options), [
      {
        messageType: 2,
        subnetMask: "255.255.255.0",
        routers: ["192.0.2.1", "192.0.2.2"],
        domainNameServers: ["192.0.2.53", "192.0.2.54"],
        leaseSeconds: 3600,
        renewalSeconds: 1000,
        rebindingSeconds: 2000,
        serverIdentifier: "192.0.2.1",
        interfaceMtu: 1400,
      },
      {
        messageType: 5,
        rapidCommit: true,
        leaseSeconds: 0xffff_ffff,
        classlessRoutes: [
          { destination: "198.51.100.0", prefixLength: 24, router: "192.0.2.2" },
          { destination: "0.0.0.0", prefixLength: 0, router: "192.0.2.1" },
        ],
      },
      { messageType: 6, serverIdentifier: "192.0.2.1" },
      { messageType: 2, leaseSeconds: 3600, subnetMask: "255.255.255.0" },
    ]);
    const { options: _, ...fixed } = messages[1];
    assertEquals(fixed, {
      operation: 2,
      transactionId: 0x1234,
      seconds: 7,
      broadcast: true,
      clientAddress: "0.0.0.0",
      yourAddress: "192.0.2.7",
      nextServerAddress: "0.0.0.0",
      relayAddress: "0.0.0.0",
      clientHardwareAddress: octetsOf("020000000001"),
    });
    assertEquals(valueOf(decodeArp(packets[4])), {
      operation: 2,
      senderHardwareAddress: octetsOf("020000000099"),
      senderAddress: "192.0.2.1",
      targetHardwareAddress: octetsOf("020000000001"),
      targetAddress: "192.0.2.7",
    });
  },
});

/** What tshark shows of a field, and what it should. */
const FIELDS: readonly (readonly [string, (message: DhcpMessage) => unknown])[] = [
  ["_ws.malformed", () => ""],
  ["ip.checksum.status", () => "1"],
  ["udp.checksum.status", () => "1"],
  ["dhcp.type", (message) => message.operation],
  ["dhcp.id", (message) => `0x${message.transactionId.toString(16).padStart(8, "0")}`],
  ["dhcp.secs", (message) => message.seconds],
  ["dhcp.ip.client", (message) => message.clientAddress],
  ["dhcp.ip.your", (message) => message.yourAddress],
  ["dhcp.ip.server", (message) => message.nextServerAddress],
  ["dhcp.ip.relay", (message) => message.relayAddress],
  ["dhcp.hw.mac_addr", ({ clientHardwareAddress, options }) => {
    const text = hexOf(clientHardwareAddress).match(/../g)?.join(":");
    // In the client identifier, too.
    return options.clientIdentifier === undefined ? text : `${text},${text}`;
  }],
  ["dhcp.option.dhcp", ({ options }) => options.messageType],
  ["dhcp.option.subnet_mask", ({ options }) => options.subnetMask],
  ["dhcp.option.router", ({ options }) => options.routers],
  ["dhcp.option.domain_name_server", ({ options }) => options.domainNameServers],
  ["dhcp.option.interface_mtu", ({ options }) => options.interfaceMtu],
  ["dhcp.option.requested_ip_address", ({ options }) => options.requestedAddress],
  ["dhcp.option.ip_address_lease_time", ({ options }) => options.leaseSeconds],
  ["dhcp.option.dhcp_server_id", ({ options }) => options.serverIdentifier],
  ["dhcp.option.request_list_item", ({ options }) => options.parameterRequestList],
  ["dhcp.option.dhcp_max_message_size", ({ options }) => options.maximumMessageOctets],
  ["dhcp.option.renewal_time_value", ({ options }) => options.renewalSeconds],
  ["dhcp.option.rebinding_time_value", ({ options }) => options.rebindingSeconds],
];

/** What tshark can judge: the client identifier of Ethernet, and routes that fit into one option. */
function forTshark(message: DhcpMessage): DhcpMessage {
  const { clientIdentifier, classlessRoutes, ...options } = message.options;
  const identified = clientIdentifier === undefined
    ? {}
    : { clientIdentifier: new Uint8Array([1, ...message.clientHardwareAddress]) };
  const routed = classlessRoutes === undefined ? {} : { classlessRoutes: classlessRoutes.slice(0, 20) };
  return {
    ...message,
    options: { ...options, ...identified, ...routed, messageType: options.messageType ?? 1 },
  };
}

function ethernetFrame(etherType: string, payload: Uint8Array): Uint8Array {
  return concatenate(octetsOf(`ffffffffffff020000000001${etherType}`), payload);
}

async function showWithTshark(frames: readonly Uint8Array[], fields: readonly string[]): Promise<string[][]> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    const time = { seconds: 0, nanoseconds: 0 };
    const records = frames.map((frame) => encodePcapRecord(ETHERNET, time, frame));
    await Deno.writeFile(file, concatenate(encodePcapHeader(ETHERNET), ...records));
    const preferences = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];
    const shown = await outputOf("tshark", [
      "-n",
      "-r",
      file,
      ...preferences,
      "-T",
      "fields",
      ...fields.flatMap((field) => ["-e", field]),
    ]);
    return shown.split("\n").slice(0, -1).map((line) => line.split("\t"));
  } finally {
    await Deno.remove(file);
  }
}

Deno.test({
  name: `${CASES} DHCP messages say the same to tshark${
    hasTshark ? "" : " (skipped: needs the package tshark)"
  }`,
  ignore: !hasTshark,
  fn: async () => {
    const messages = fc.sample(dhcpMessages.map(forTshark), { numRuns: CASES, seed: 2131 });
    const frames = messages.map((message) => {
      const [sourcePort, destinationPort] = message.operation === 1 ? [68, 67] : [67, 68];
      const ends = { source: "192.0.2.1", destination: "192.0.2.7", sourcePort, destinationPort };
      return ethernetFrame("0800", encodeIpv4Datagram({ ...ends, data: encodeDhcpMessage(message) }));
    });
    const shown = await showWithTshark(frames, FIELDS.map(([field]) => field));
    assertEquals(shown.length, CASES);
    messages.forEach((message, i) => {
      const expected = FIELDS.map(([, valueIn]) => String(valueIn(message) ?? ""));
      assertEquals(shown[i], expected, hexOf(frames[i]));
    });
  },
});

Deno.test({
  name: `ARP packets say the same to tshark${hasTshark ? "" : " (skipped: needs the package tshark)"}`,
  ignore: !hasTshark,
  fn: async () => {
    const sender = {
      senderHardwareAddress: octetsOf("020000000001"),
      targetHardwareAddress: new Uint8Array(6),
    };
    const packets = [
      { ...sender, operation: 1, senderAddress: "192.0.2.7", targetAddress: "192.0.2.1" },
      { ...sender, operation: 1, senderAddress: "0.0.0.0", targetAddress: "192.0.2.7" },
      { ...sender, operation: 1, senderAddress: "192.0.2.7", targetAddress: "192.0.2.7" },
      { ...sender, operation: 2, senderAddress: "192.0.2.7", targetAddress: "192.0.2.1" },
    ];
    const frames = packets.map((packet) => ethernetFrame("0806", encodeArp(packet)));
    const fields = [
      "_ws.malformed",
      "arp.opcode",
      "arp.src.hw_mac",
      "arp.src.proto_ipv4",
      "arp.dst.proto_ipv4",
    ];
    const shown = await showWithTshark(frames, fields);
    assertEquals(
      shown,
      packets.map(({ operation, senderAddress, targetAddress }) => [
        "",
        `${operation}`,
        "02:00:00:00:00:01",
        senderAddress,
        targetAddress,
      ]),
    );
  },
});
