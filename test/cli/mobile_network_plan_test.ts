import { assert, assertEquals } from "@std/assert";
import { AdvertisedPrefixes } from "../../cli/daemon/advertised_prefixes.ts";
import { dnsmasqConfiguration } from "../../cli/daemon/dnsmasq.ts";
import { planMobileNetwork } from "../../cli/daemon/mobile_network_plan.ts";
import { radvdConfiguration } from "../../cli/daemon/radvd.ts";
import { type Ipv6Prefix, parseIpv6Prefix } from "../../core/wire/address.ts";

function prefix(text: string): Ipv6Prefix {
  return parseIpv6Prefix(text)!;
}

function planIpv4(address: string, prefixLength: number) {
  return planMobileNetwork({ prefixes: [], ipv4HomeAddress: { address, prefixLength } });
}

Deno.test("mobile network: the first /64 of a prefix is the link, ::1 the router, the whole prefix ends here", () => {
  const prefixes = [
    prefix("2001:db8:300::/56"),
    prefix("2001:db8:400:7::/64"),
    prefix("2001:db8:500::80/121"),
  ];
  assertEquals(planMobileNetwork({ prefixes, ipv4HomeAddress: undefined }), {
    addresses: [
      { address: "2001:db8:300::1", prefixLength: 64 },
      { address: "2001:db8:400:7::1", prefixLength: 64 },
      { address: "2001:db8:500::81", prefixLength: 121 },
    ],
    unreachable: prefixes,
    onLink: [prefix("2001:db8:300::/64"), prefix("2001:db8:400:7::/64"), prefix("2001:db8:500::80/121")],
    dhcp: undefined,
  });
});

Deno.test("mobile network: a prefix of one address is the router's, and no address of somebody else", () => {
  const prefixes = [prefix("2001:db8:500::2/128")];
  const { addresses } = planMobileNetwork({ prefixes, ipv4HomeAddress: undefined });
  assertEquals(addresses, [{ address: "2001:db8:500::2", prefixLength: 128 }]);
});

Deno.test("mobile network: of an IPv4 prefix the home address is the router, the rest is for hosts", () => {
  assertEquals(planIpv4("192.0.2.100", 24), {
    addresses: [{ address: "192.0.2.100", prefixLength: 24 }],
    unreachable: [{ address: "192.0.2.0", length: 24 }],
    onLink: [],
    dhcp: {
      router: "192.0.2.100",
      netmask: "255.255.255.0",
      ranges: [["192.0.2.1", "192.0.2.99"], ["192.0.2.101", "192.0.2.254"]],
    },
  });
  const ranges = (address: string, prefixLength: number) => planIpv4(address, prefixLength).dhcp?.ranges;
  assertEquals(ranges("192.0.2.129", 25), [["192.0.2.130", "192.0.2.254"]]);
  assertEquals(ranges("192.0.2.254", 25), [["192.0.2.129", "192.0.2.253"]]);
  assertEquals(ranges("192.0.2.1", 30), [["192.0.2.2", "192.0.2.2"]]);
  assertEquals(ranges("192.0.2.0", 30), [["192.0.2.1", "192.0.2.2"]]);
  assertEquals(ranges("192.0.2.3", 30), [["192.0.2.1", "192.0.2.2"]]);
  assertEquals(ranges("223.255.255.1", 16), [["223.255.0.1", "223.255.255.0"], [
    "223.255.255.2",
    "223.255.255.254",
  ]]);
  assertEquals(planIpv4("223.255.255.1", 16).dhcp?.netmask, "255.255.0.0");
  assertEquals(planIpv4("10.0.0.1", 8).dhcp?.netmask, "255.0.0.0");
});

Deno.test("mobile network: an IPv4 home address alone is the mobile router's own, one of two leaves none for hosts", () => {
  assertEquals(planIpv4("192.0.2.100", 32), { addresses: [], unreachable: [], onLink: [], dhcp: undefined });
  assertEquals(planIpv4("192.0.2.101", 31), {
    addresses: [{ address: "192.0.2.101", prefixLength: 31 }],
    unreachable: [{ address: "192.0.2.100", length: 31 }],
    onLink: [],
    dhcp: undefined,
  });
});

Deno.test("mobile network: a prefix that was taken away is told as deprecated for a while, unless it comes back", () => {
  const [one, two] = [prefix("2001:db8:1::/64"), prefix("2001:db8:2::/64")];
  const advertised = new AdvertisedPrefixes(1000);
  advertised.set([one], 0);
  assertEquals([advertised.deprecated(0), advertised.nextChangeMs(0)], [[], undefined]);
  advertised.set([two], 100);
  assertEquals([advertised.deprecated(1099), advertised.nextChangeMs(1099)], [[one], 1100]);
  advertised.set([one], 500);
  assertEquals([advertised.deprecated(500), advertised.nextChangeMs(500)], [[two], 1500]);
  advertised.set([], 600);
  assertEquals([advertised.deprecated(1500), advertised.nextChangeMs(1500)], [[one], 1600]);
  assertEquals([advertised.deprecated(1600), advertised.nextChangeMs(1600)], [[], undefined]);
});

const LINK = { interfaceName: "lan0", prefixes: [], deprecated: [], mtu: 1460, dns: [] };

Deno.test("mobile network: radvd is told of prefixes, those to leave, MTU and servers", () => {
  const text = radvdConfiguration({
    ...LINK,
    prefixes: [prefix("2001:db8:300::/64"), prefix("2001:db8:500::/112")],
    deprecated: [prefix("2001:db8:200::/64")],
    dns: ["192.0.2.53", "2001:db8::53", "2001:db8::54"],
  });
  assertEquals(
    text,
    `interface lan0 {
  AdvSendAdvert on;
  MinRtrAdvInterval 10;
  MaxRtrAdvInterval 30;
  AdvDefaultLifetime 90;
  AdvLinkMTU 1460;
  prefix 2001:db8:300::/64 { AdvOnLink on; AdvAutonomous on; AdvPreferredLifetime 300; AdvValidLifetime 900; };
  prefix 2001:db8:500::/112 { AdvOnLink on; AdvAutonomous off; AdvPreferredLifetime 300; AdvValidLifetime 900; };
  prefix 2001:db8:200::/64 { AdvOnLink on; AdvAutonomous on; AdvPreferredLifetime 0; AdvValidLifetime 900; };
  RDNSS 2001:db8::53 2001:db8::54 { AdvRDNSSLifetime 90; };
};
`,
  );
});

Deno.test("RFC 3963 5.4.2 N-018: mobile network: without a prefix radvd says nothing, and with old ones only it is no default router", () => {
  assertEquals(radvdConfiguration({ ...LINK, dns: ["2001:db8::53"] }), undefined);
  const text = radvdConfiguration({
    ...LINK,
    deprecated: [prefix("2001:db8:2::/64")],
    dns: ["2001:db8::53"],
  });
  assert(text?.includes("AdvDefaultLifetime 0;") && !text.includes("RDNSS"), text);
});

Deno.test("mobile network: dnsmasq gives addresses and nothing else", () => {
  const { dhcp } = planIpv4("192.0.2.100", 24);
  const text = dnsmasqConfiguration({
    interfaceName: "lan0",
    plan: dhcp!,
    mtu: 1460,
    dns: ["192.0.2.53", "2001:db8::53", "192.0.2.54"],
  });
  assertEquals(
    text.split("\n").filter((line) => line.includes("=")),
    [
      "port=0",
      "interface=lan0",
      "except-interface=lo",
      "dhcp-range=192.0.2.1,192.0.2.99,255.255.255.0,5m",
      "dhcp-range=192.0.2.101,192.0.2.254,255.255.255.0,5m",
      "dhcp-option=option:router,192.0.2.100",
      "dhcp-option=option:mtu,1460",
      "dhcp-option=option:dns-server,192.0.2.53,192.0.2.54",
    ],
  );
});
