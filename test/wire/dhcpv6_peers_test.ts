import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import {
  decodeDhcpv6,
  DHCPV6_CLIENT_PORT,
  DHCPV6_SERVER_PORT,
  type Dhcpv6Message,
  type Dhcpv6RelayMessage,
  encodeDhcpv6,
} from "../../core/wire/dhcpv6.ts";
import {
  type AnyDhcpv6Option,
  DHCPV6_OPTION_TABLE,
  type Dhcpv6Option,
} from "../../core/wire/dhcpv6_option.ts";
import { udpPacket } from "../cli/udp_packet.ts";
import { hasTshark, tsharkFields } from "../inspect/tshark.ts";
import { askScapy, hasScapy, scapyName } from "../scapy.ts";
import { valueOf } from "./decoded.ts";
import { dhcpv6ClientMessages, dhcpv6RelayMessages } from "./dhcpv6_arbitraries.ts";
import { hexOf, octetsOf } from "./octets.ts";
import { concatenate } from "./packets.ts";

type Message = Dhcpv6Message | Dhcpv6RelayMessage;

const CASES = 200;
const PEER = new URL("dhcpv6_peer.py", import.meta.url);
const CLIENT = octetsOf("00030001020000000001");
const SERVER = octetsOf("000200007ed9736572766572");
const CARRIED = octetsOf("01010203000e0000");

/** What the others can judge: an identifier of a form that they know, a message inside, plain text, nothing unknown. */
function judgeable<Option extends AnyDhcpv6Option>(option: Option): Option[] {
  switch (option.kind) {
    case "unknownOption":
      return [];
    case "clientIdentifier":
    case "serverIdentifier": {
      const octets = Array.from({ length: 16 }, (_, i) => option.duid[i % option.duid.length]);
      return [{ ...option, duid: Uint8Array.from([0, 4, ...octets]) }];
    }
    case "optionRequest":
      // An empty one has a default in scapy.
      return option.codes.length === 0 ? [] : [option];
    case "relayMessage":
      return [{ ...option, message: CARRIED }];
    case "statusCode":
      return [{ ...option, text: "said" }];
    case "iaPd":
    case "iaPrefix":
      return [{ ...option, options: (option.options as AnyDhcpv6Option[]).flatMap(judgeable) }];
    default:
      return [option];
  }
}

function samples(): Message[] {
  const messages = fc.oneof(dhcpv6ClientMessages, dhcpv6RelayMessages);
  return fc.sample(messages, { numRuns: CASES, seed: 8415 }).map((message) => {
    const options = (message.options as Dhcpv6Option[]).flatMap(judgeable)
      // Scapy does not know them, and tshark expects text in the one and a context in the other.
      .filter(({ kind }) => kind !== "solMaxRt" && kind !== "interfaceId");
    return message.kind === "message" && message.type > 8
      ? { ...message, type: 3, options }
      : { ...message, options };
  });
}

/** A prefix of scapy's. */
function delegated(prefixLength: number, prefix: string, preferred: number, valid: number) {
  return {
    kind: "iaPrefix",
    preferredLifetimeSeconds: preferred,
    validLifetimeSeconds: valid,
    prefixLength,
    prefix,
    options: [],
  } as const;
}

Deno.test({
  name: scapyName("DHCPv6 messages built by scapy"),
  ignore: !hasScapy,
  fn: async () => {
    const { built } = await askScapy(PEER, []) as { built: string[] };
    const prefix = delegated(56, "2001:db8:7::", 100, 200);
    const expected: Message[] = [
      {
        kind: "message",
        type: 1,
        transactionId: 0x010203,
        options: [
          { kind: "clientIdentifier", duid: CLIENT },
          { kind: "elapsedTime", centiseconds: 16 },
          { kind: "rapidCommit" },
          { kind: "optionRequest", codes: [82, 23] },
          { kind: "iaPd", iaid: 7, renewSeconds: 0, rebindSeconds: 0, options: [delegated(60, "::", 0, 0)] },
        ],
      },
      {
        kind: "message",
        type: 2,
        transactionId: 0x010203,
        options: [
          { kind: "clientIdentifier", duid: CLIENT },
          { kind: "serverIdentifier", duid: SERVER },
          { kind: "preference", preference: 200 },
          { kind: "iaPd", iaid: 7, renewSeconds: 50, rebindSeconds: 80, options: [prefix] },
        ],
      },
      {
        kind: "message",
        type: 5,
        transactionId: 0xffffff,
        options: [
          { kind: "clientIdentifier", duid: CLIENT },
          { kind: "serverIdentifier", duid: SERVER },
          { kind: "iaPd", iaid: 0xffff_ffff, renewSeconds: 0, rebindSeconds: 0, options: [prefix] },
        ],
      },
      {
        kind: "message",
        type: 7,
        transactionId: 1,
        options: [
          { kind: "clientIdentifier", duid: CLIENT },
          { kind: "serverIdentifier", duid: SERVER },
          {
            kind: "iaPd",
            iaid: 7,
            renewSeconds: 0,
            rebindSeconds: 0,
            options: [{ kind: "statusCode", status: 6, text: "none left" }],
          },
        ],
      },
      {
        kind: "relayForward",
        hopCount: 1,
        linkAddress: "2001:db8::1",
        peerAddress: "2001:db8::1",
        options: [
          { kind: "relayMessage", message: octetsOf("01000005000e0000") },
          { kind: "interfaceId", interfaceId: new TextEncoder().encode("if0") },
        ],
      },
    ];
    assertEquals(built.map((hex) => valueOf(decodeDhcpv6(octetsOf(hex)))), expected);
    assertEquals(expected.map((message) => hexOf(encodeDhcpv6(message))), built);
  },
});

/** The layers that scapy should see. */
function scapyLayers(message: Message): unknown[] {
  if (message.kind === "message") {
    const names = ["Solicit", "Advertise", "Request", "Confirm", "Renew", "Rebind", "Reply", "Release"];
    const head = { msgtype: message.type, trid: message.transactionId };
    return [[`DHCP6_${names[message.type - 1]}`, head], ...message.options.flatMap(scapyOption)];
  }
  const isForward = message.kind === "relayForward";
  return [
    [isForward ? "DHCP6_RelayForward" : "DHCP6_RelayReply", {
      msgtype: isForward ? 12 : 13,
      hopcount: message.hopCount,
      linkaddr: message.linkAddress,
      peeraddr: message.peerAddress,
    }],
    ...message.options.flatMap(scapyOption),
  ];
}

function scapyOption(option: AnyDhcpv6Option): unknown[] {
  if (option.kind === "unknownOption") return [];
  const { code } = DHCPV6_OPTION_TABLE[option.kind];
  const layer = (name: string, optlen: number, fields: Record<string, unknown>) => [
    `DHCP6Opt${name}`,
    { optcode: code, optlen, ...fields },
  ];
  const encoded = (of: AnyDhcpv6Option) => {
    const whole = { kind: "message", type: 1, transactionId: 0, options: [of as Dhcpv6Option] } as const;
    return of.kind === "iaPrefix" ? prefixOctets(of) : encodeDhcpv6(whole).length - 8;
  };
  switch (option.kind) {
    case "clientIdentifier":
      return [layer("ClientId", 18, { duid: hexOf(option.duid) })];
    case "serverIdentifier":
      return [layer("ServerId", 18, { duid: hexOf(option.duid) })];
    case "optionRequest":
      return [layer("OptReq", 2 * option.codes.length, { reqopts: option.codes })];
    case "preference":
      return [layer("Pref", 1, { prefval: option.preference })];
    case "elapsedTime":
      return [layer("ElapsedTime", 2, { elapsedtime: option.centiseconds })];
    case "relayMessage":
      return [layer("RelayMsg", CARRIED.length, { message: hexOf(CARRIED) })];
    case "statusCode": {
      const statusmsg = hexOf(new TextEncoder().encode(option.text));
      return [layer("StatusCode", 6, { statuscode: option.status, statusmsg })];
    }
    case "rapidCommit":
      return [layer("RapidCommit", 0, {})];
    case "iaPd":
      return [
        layer("IA_PD", encoded(option), {
          iaid: option.iaid,
          T1: option.renewSeconds,
          T2: option.rebindSeconds,
          ...(option.options.length === 0 ? { iapdopt: [] } : {}),
        }),
        ...option.options.flatMap(scapyOption),
      ];
    case "iaPrefix":
      return [
        layer("IAPrefix", encoded(option), {
          preflft: option.preferredLifetimeSeconds,
          validlft: option.validLifetimeSeconds,
          plen: option.prefixLength,
          prefix: option.prefix,
          ...(option.options.length === 0 ? { iaprefopts: [] } : {}),
        }),
        ...option.options.flatMap(scapyOption),
      ];
    default:
      throw new Error(`Not for scapy: ${option.kind}`);
  }
}

/** A status code inside has 6 octets and 4 before them. */
function prefixOctets({ options }: { readonly options: readonly unknown[] }): number {
  return 25 + 10 * options.length;
}

Deno.test({
  name: scapyName(`${CASES} DHCPv6 messages say the same to scapy`),
  ignore: !hasScapy,
  fn: async () => {
    const messages = samples();
    const texts = messages.map((message) => hexOf(encodeDhcpv6(message)));
    const { seen } = await askScapy(PEER, texts) as { seen: unknown[] };
    messages.forEach((message, i) => assertEquals(seen[i], scapyLayers(message), texts[i]));
  },
});

/** All options of a message, those inside others behind them, as tshark lists them. */
function flat(options: readonly AnyDhcpv6Option[]): AnyDhcpv6Option[] {
  return options.flatMap((option) =>
    option.kind === "iaPd" || option.kind === "iaPrefix"
      ? [option, ...flat(option.options as AnyDhcpv6Option[])]
      : [option]
  );
}

function valuesOf<K extends AnyDhcpv6Option["kind"]>(
  message: Message,
  kind: K,
  valueIn: (option: Extract<AnyDhcpv6Option, { readonly kind: K }>) => unknown,
): string[] {
  return flat(message.options)
    .filter((option): option is Extract<AnyDhcpv6Option, { readonly kind: K }> => option.kind === kind)
    .flatMap((option) => valueIn(option)).map(String);
}

const hexadecimal = (value: number) => `0x${value.toString(16).padStart(6, "0")}`;
/** Of what a relay agent carries: CARRIED has one transaction ID and one option. */
const carried = (message: Message, value: unknown) => valuesOf(message, "relayMessage", () => value);

/** What tshark shows of a field, and what it should. */
const FIELDS: readonly (readonly [string, (message: Message) => readonly string[]])[] = [
  ["_ws.malformed", () => []],
  ["udp.checksum.status", () => ["1"]],
  ["dhcpv6.xid", (message) => [
    ...(message.kind === "message" ? [hexadecimal(message.transactionId)] : []),
    ...carried(message, hexadecimal(0x010203)),
  ]],
  ["dhcpv6.hopcount", (message) => message.kind === "message" ? [] : [`${message.hopCount}`]],
  ["dhcpv6.linkaddr", (message) => message.kind === "message" ? [] : [message.linkAddress]],
  ["dhcpv6.peeraddr", (message) => message.kind === "message" ? [] : [message.peerAddress]],
  ["dhcpv6.option.type", (message) =>
    flat(message.options).flatMap((option) => {
      if (option.kind === "unknownOption") return [];
      const { code } = DHCPV6_OPTION_TABLE[option.kind];
      return option.kind === "relayMessage" ? [`${code}`, "14"] : [`${code}`];
    })],
  ["dhcpv6.iaid.t1", (message) => valuesOf(message, "iaPd", ({ renewSeconds }) => renewSeconds)],
  ["dhcpv6.iaid.t2", (message) => valuesOf(message, "iaPd", ({ rebindSeconds }) => rebindSeconds)],
  ["dhcpv6.iaprefix.pref_addr", (message) => valuesOf(message, "iaPrefix", ({ prefix }) => prefix)],
  ["dhcpv6.iaprefix.pref_len", (message) => valuesOf(message, "iaPrefix", (option) => option.prefixLength)],
  [
    "dhcpv6.iaprefix.pref_lifetime",
    (message) => valuesOf(message, "iaPrefix", (option) => option.preferredLifetimeSeconds),
  ],
  [
    "dhcpv6.iaprefix.valid_lifetime",
    (message) => valuesOf(message, "iaPrefix", (option) => option.validLifetimeSeconds),
  ],
  ["dhcpv6.requested_option_code", (message) => valuesOf(message, "optionRequest", ({ codes }) => codes)],
  ["dhcpv6.option_preference", (message) => valuesOf(message, "preference", ({ preference }) => preference)],
  ["dhcpv6.status_code", (message) => valuesOf(message, "statusCode", ({ status }) => status)],
];

Deno.test({
  name: `${CASES} DHCPv6 messages say the same to tshark${hasTshark ? "" : " (skipped: needs tshark)"}`,
  ignore: !hasTshark,
  fn: async () => {
    const messages = samples();
    const packets = messages.map((message) => {
      const isRequest = message.kind === "relayForward" ||
        message.kind === "message" && message.type % 2 === 1;
      const ports = { from: DHCPV6_SERVER_PORT, to: DHCPV6_SERVER_PORT };
      if (message.kind === "message") ports[isRequest ? "from" : "to"] = DHCPV6_CLIENT_PORT;
      return udpPacket("2001:db8::1", "2001:db8::2", encodeDhcpv6(message), ports);
    });
    const link = { linkType: 101 };
    const time = { seconds: 0, nanoseconds: 0 };
    const file = await Deno.makeTempFile({ suffix: ".pcap" });
    try {
      const records = packets.map((packet) => encodePcapRecord(link, time, packet));
      await Deno.writeFile(file, concatenate(encodePcapHeader(link), ...records));
      const options = ["-o", "udp.check_checksum:TRUE"];
      const shown = await tsharkFields(file, FIELDS.map(([field]) => field), options);
      assertEquals(shown.length, CASES);
      messages.forEach((message, i) => {
        const got = Object.fromEntries(FIELDS.map(([field], at) => [field, shown[i][at]]));
        const expected = Object.fromEntries(
          FIELDS.map(([field, valuesIn]) => [field, [...valuesIn(message)]]),
        );
        assertEquals(got, expected, hexOf(packets[i]));
      });
    } finally {
      await Deno.remove(file);
    }
  },
});
