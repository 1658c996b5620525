import { assert, assertEquals } from "@std/assert";
import { MAXIMUM_PREFIX_LENGTHS } from "../../core/forwarding/limits.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  HOME_ADDRESS,
  IDENTITY,
  newHomeAgent,
  ofKind,
  receive,
  receiveOverIpv6,
  security,
  sentAcknowledgement,
} from "./script.ts";

const MINE = {
  identity: IDENTITY,
  homeAddress: HOME_ADDRESS,
  security,
  mobileNetworkPrefixes: [{ address: "2001:db8:200::", length: 40 }],
  ipv4HomeAddress: { address: "10.1.0.1", prefixLength: 16 },
};
const OTHER = {
  identity: "mn2@example.org",
  homeAddress: "2001:db8:100::200",
  security: { ...security, spi: 2000 },
  mobileNetworkPrefixes: [{ address: "2001:db8:300::", length: 59 }],
  ipv4HomeAddress: { address: "10.2.0.1", prefixLength: 23 },
};

Deno.test("A mobile router that asks for parts of every length leaves others' networks room in the data path", () => {
  const granted = new Set(OTHER.mobileNetworkPrefixes.map(({ length }) => length));
  for (let length = 1; length < 128; length++) {
    const option: MobilityOption = {
      kind: "mobileNetworkPrefix",
      prefixLength: length,
      prefix: "2001:db8:200::",
    };
    const actions = receiveOverIpv6(newHomeAgent({ mobileNodes: [MINE, OTHER] }), {
      mobileRouter: true,
      more: [option],
    });
    for (const { prefixes } of ofKind(actions, "setBinding")) {
      prefixes.forEach((one) => granted.add(one.length));
    }
  }
  assertEquals(granted.size, MAXIMUM_PREFIX_LENGTHS, [...granted].join());
  assert([40, 64, 56, 48].every((length) => granted.has(length)));
});

Deno.test("The same with parts of an IPv4 network", () => {
  const granted = new Set([OTHER.ipv4HomeAddress.prefixLength]);
  for (let prefixLength = 1; prefixLength < 32; prefixLength++) {
    const option: MobilityOption = {
      kind: "ipv4HomeAddress",
      prefixLength,
      requestPrefix: true,
      homeAddress: "10.1.0.1",
    };
    const actions = receive(newHomeAgent({ mobileNodes: [MINE, OTHER] }), { more: [option] });
    assertEquals(sentAcknowledgement(actions).status, 0);
    for (const { ipv4HomeAddresses } of ofKind(actions, "setBinding")) {
      ipv4HomeAddresses.forEach((one) => granted.add(one.prefixLength));
    }
  }
  assertEquals(granted.size, MAXIMUM_PREFIX_LENGTHS, [...granted].join());
  assert([16, 28, 24].every((length) => granted.has(length)));
});
