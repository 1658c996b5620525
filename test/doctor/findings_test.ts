import { assert, assertEquals } from "@std/assert";
import { checkClock } from "../../cli/doctor/clock.ts";
import { fault, ok, warning } from "../../cli/doctor/finding.ts";
import { checkEgress } from "../../cli/doctor/links.ts";
import type { Machine } from "../../cli/doctor/machine.ts";
import { checkManagers } from "../../cli/doctor/managers.ts";
import { capabilitySet } from "../../ffi/capabilities.ts";
import { checkPermissions } from "../../cli/doctor/permissions.ts";
import { describeRegistration } from "../../cli/doctor/reachability.ts";
import type { MobileNodeConfiguration } from "../../cli/configuration/record.ts";
import { DSMIP_PROTOCOL } from "../../ffi/netlink_record.ts";
import { coloursFor } from "../../cli/output/colours.ts";
import { describeFindings } from "../../cli/output/findings_view.ts";
import { dsmip } from "../cli/dsmip.ts";

const PLAIN = coloursFor({ isTerminal: () => false });

Deno.test("doctor: findings read as a table, with what to do below", () => {
  const text = describeFindings([
    ok("IPv6", "on"),
    fault("IPv6 forwarding", "off", "sysctl -w x=1"),
    warning("clock", "a\nb", "run chrony"),
  ], PLAIN);
  assertEquals(
    text,
    `ok       IPv6             on
fault    IPv6 forwarding  off
                          do: sysctl -w x=1
warning  clock            a\\u000ab
                          do: run chrony

1 fault, 1 warning.
`,
  );
  assert(describeFindings([ok("IPv6", "on")], PLAIN).endsWith("\nAll is well.\n"));
  assert(
    describeFindings([warning("a", "b"), warning("c", "d")], PLAIN).endsWith("\nNo faults, 2 warnings.\n"),
  );
});

Deno.test("doctor: a clock that is kept right, that is not, that is too far off", () => {
  const stateOf = (synchronized: boolean, maximumErrorMs: number) =>
    checkClock({ synchronized, maximumErrorMs }, 7000).state;
  assertEquals([stateOf(true, 20), stateOf(false, 16_000), stateOf(true, 7001)], [
    "ok",
    "warning",
    "warning",
  ]);
});

Deno.test("doctor: NetworkManager counts where it manages the interface", () => {
  const check = (isManaged: boolean | undefined) =>
    checkManagers({ egress: ["eth0"], manage: true }, {
      processes: new Set(["NetworkManager", "bash"]),
      isManagedByNetworkManager: () => isManaged,
    })[0];
  assertEquals(check(false).state, "ok");
  assertEquals([check(true).state, check(undefined).state], ["warning", "warning"]);
  assert(check(true).advice!.includes("nmcli device set eth0 managed no"));
});

Deno.test("doctor: an address that was put there by hand is used with manage = false only", () => {
  const check = (manage: boolean, permanent: boolean, protocol = 0) => {
    const configuration = {
      egress: ["eth0"],
      manage,
      settings: { dsmip: true },
    } as unknown as MobileNodeConfiguration;
    const machine = {
      links: [{ index: 2, name: "eth0", mtu: 1500, up: true, carrier: true }],
      addresses: [{ interfaceIndex: 2, address: "192.0.2.7", scope: "global", permanent, protocol }],
      mergesReceived: () => true,
    } as unknown as Machine;
    return checkEgress(configuration, machine)[0];
  };
  assertEquals(check(false, true).state, "ok");
  assertEquals(check(true, false).state, "ok");
  assertEquals(check(true, true, DSMIP_PROTOCOL).state, "ok");
  const { state, text, advice } = check(true, true);
  assertEquals([state, text], ["warning", "eth0 has 192.0.2.7, put there by hand: dsmip does not use it"]);
  assert(advice!.startsWith("set manage = false"), advice);
});

Deno.test("doctor: an egress that hands over each packet alone is told of, without a warning", () => {
  const check = (merges: boolean | undefined) => {
    const configuration = { egress: ["eth0"], manage: true, settings: { dsmip: true } };
    const machine = {
      links: [{ index: 2, name: "eth0", mtu: 1500, up: true, carrier: true }],
      addresses: [],
      mergesReceived: () => merges,
    };
    const findings = checkEgress(
      configuration as unknown as MobileNodeConfiguration,
      machine as unknown as Machine,
    );
    return findings.filter((finding) => finding.check === "receive offload");
  };
  assertEquals([check(true), check(undefined)], [[], []]);
  const [{ state, text, advice }] = check(false);
  assertEquals(state, "ok");
  assert(text.startsWith("off on eth0"), text);
  assert(advice!.startsWith("ethtool -K eth0 gro on"), advice);
});

Deno.test("doctor: each capability that the configuration needs and that is missing is named", () => {
  const needed = new Set(["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_BPF"] as const);
  assertEquals(checkPermissions(capabilitySet(needed), needed).state, "ok");
  const { state, text, advice } = checkPermissions(capabilitySet(["CAP_NET_RAW"]), needed);
  assertEquals(state, "fault");
  assert(text.startsWith("CAP_NET_ADMIN, CAP_BPF missing"), text);
  assert(advice!.endsWith("AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW CAP_BPF"), advice);
});

Deno.test("doctor: what a running mobile node says", () => {
  const states = (status: Record<string, unknown>) =>
    describeRegistration(status).map(({ state, check, text }) => `${state} ${check}: ${text}`);
  assertEquals(
    states({
      state: "registered",
      careOfAddress: "10.0.0.5",
      encapsulation: "udp",
      natDetected: true,
      keepaliveSeconds: 25,
    }),
    [
      "ok registration: dsmip mn up runs: registered, from 10.0.0.5",
      "ok NAT: traffic goes in UDP, and a packet every 25 s keeps the NAT's memory fresh",
    ],
  );
  assertEquals(
    states({ state: "registering", lastRefusal: { status: 129, name: "administratively prohibited" } }),
    ["fault registration: dsmip mn up runs and is not registered (registering), the home agent refuses: 129 administratively prohibited"],
  );
  const adviceOf = (status: Record<string, unknown>) => describeRegistration(status)[0].advice!;
  assert(adviceOf({ state: "registering" }).endsWith("compare identity and spi with the home agent's"));
  assert(
    adviceOf({ state: "refused", lastRefusal: { status: 129 } }).startsWith("compare the configurations"),
  );
  assert(adviceOf({ state: "detached" }).startsWith("see its log"));
});

Deno.test("doctor: a configuration with mistakes is refused as everywhere", async () => {
  const { code, stdout, stderr } = await dsmip("doctor", "--config", "/nowhere.toml");
  assertEquals([code, stdout, stderr], [2, "", "dsmip: /nowhere.toml: there is no such file\n"]);
});
