import { assert, assertEquals } from "@std/assert";
import type { AccessNetwork } from "../../cli/lab/access/access_network.ts";
import { HOME_AGENT_IPV6, homeAgentOptions } from "../../cli/lab/access/internet.ts";
import { registeredIn } from "../../cli/lab/access/registered.ts";
import { WireCapture } from "../../cli/lab/esp_nat/wire.ts";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { mustRun } from "../../cli/lab/process.ts";
import { encodeDhcpv6 } from "../../core/wire/dhcpv6.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { Udp6DeviceSocket } from "../../ffi/udp6_device_socket.ts";
import { CLIENT_DUID, iaPd, relayed, solicit } from "../control/delegation/script.ts";
import { EGRESS, IPV4, IPV6, LIMIT_MS, NAT, openAccessStage } from "./access_stage.ts";
import { labTest } from "./support.ts";

const POOL = "2001:db8:300::/56";
const homeAddress = "2001:db8:100::100";
const MOBILE_ROUTER = {
  identity: "mr@example.org",
  homeAddress,
  spi: 1000,
  espFile: "mr.esp",
  requestPrefixes: 1,
};
const HOME_AGENT = { ...homeAgentOptions({ mobileNodes: [MOBILE_ROUTER] }), mobileNetworkPool: POOL };

/** One message and its answer in the two directions, in a tunnel of that kind. */
function exchange(message: string, tunnel: string): string[][] {
  return [["Relay-forward", message, tunnel], ["Relay-reply", "Reply", tunnel]];
}

labTest(
  "RFC 6276 4: lab: a mobile router under ESP gets its prefix behind a NAT, over IPv4 and over IPv6; the wire shows none of it, and nothing unprotected is answered",
  async (lab) => {
    const { air, homeAgent, mobileNode: mobileRouter } = await openAccessStage(lab, {
      networks: [NAT, IPV4, IPV6],
      homeAgent: HOME_AGENT,
      node: { name: "mr", router: true },
    });
    const goTo = async (network: AccessNetwork) => {
      await air.detach(EGRESS);
      await air.attach(EGRESS, network);
    };
    /** Registered there, with a prefix that the home agent forwards. */
    const prefixIn = async (network: AccessNetwork) => {
      await registeredIn(mobileRouter, network, LIMIT_MS);
      const { answer } = await homeAgent.until(
        `a prefix by ${network.title}`,
        LIMIT_MS,
        ({ bindings }) => bindings.some(({ mobileNetworkPrefixes }) => mobileNetworkPrefixes.length === 1),
      );
      const [{ address, length }] = answer.bindings[0].mobileNetworkPrefixes;
      return `${address}/${length}`;
    };
    const release = async () => {
      const { code, tookMs } = await mobileRouter.end("SIGTERM");
      assertEquals(code, 0);
      assert(tookMs < 2000, `the Release was not answered: ${tookMs} ms`);
    };
    const capture = await WireCapture.start(lab);
    // A router by its configuration, whatever the host does so far.
    const still = ["net.ipv6.conf.all.forwarding=0", "net.ipv4.ip_forward=0"];
    await lab.network.exec("mr", ["sysctl", "-qw", ...still]);
    await goTo(NAT);
    mobileRouter.start();
    const prefix = await prefixIn(NAT);
    const device = await lab.network.ip("mr", ["-details", "-json", "link", "show", "dsmip-mn"]);
    assertEquals(JSON.parse(device)[0].gso_max_size, 65_536, "what it forwards is not cut before");
    for (const network of [IPV4, IPV6]) {
      await goTo(network);
      assertEquals(await prefixIn(network), prefix);
      await release();
      mobileRouter.start();
      assertEquals(await prefixIn(network), prefix);
    }
    await capture.end();

    const read = async (command: readonly string[]) => {
      const text = await mustRun([...command, capture.file], { signal: lab.signal, limitMs: 60_000 });
      return [...text.matchAll(/DHCPv6 (\S+) for \S+: (\w+) .* via (UDP|41) (\S+)/g)].map(
        (
          [, relay, message, tunnel, outer],
        ) => [relay, message, `${tunnel} over ${outer.includes(".") ? "IPv4" : "IPv6"}`],
      );
    };
    const keys = lab.path(MOBILE_ROUTER.espFile);
    assertEquals(await read(dsmipCommand("decode", "--esp-sa", keys)), [
      ...exchange("Solicit", "UDP over IPv4"),
      ...exchange("Release", "41 over IPv4"),
      ...exchange("Solicit", "41 over IPv4"),
      ...exchange("Release", "41 over IPv6"),
      ...exchange("Solicit", "41 over IPv6"),
    ]);
    const withoutKeys = ["tshark", "-n", "-d", "udp.port==4191,ipv6", "-Y", "dhcpv6", "-r", capture.file];
    assertEquals(await mustRun(withoutKeys, { signal: lab.signal, limitMs: 60_000 }), "");

    // The same from the same mobile router, through its tunnel, without ESP.
    const namespace = lab.network.namespace("mr");
    using socket = inNetworkNamespace(
      namespace,
      () =>
        new Udp6DeviceSocket({
          address: homeAddress,
          port: 547,
          device: "dsmip-mn",
          receiveBufferOctets: 65_536,
        }),
    );
    const clientIdentifier = { kind: "clientIdentifier", duid: CLIENT_DUID } as const;
    const options = [clientIdentifier, { kind: "rapidCommit" } as const, iaPd(9)];
    const asked = relayed({ kind: "message", type: solicit, transactionId: 1, options }, homeAddress);
    for (let i = 0; i < 3; i++) {
      assertEquals(socket.send(encodeDhcpv6(asked), HOME_AGENT_IPV6, 547), undefined);
    }
    // Answered behind them, through the same tunnel.
    await release();
    assertEquals(socket.receive(), undefined);
    const granted = homeAgent.log().match(/delegated prefixes +homeAddress=\S+ prefixes=\S+/g);
    assertEquals(granted?.map((line) => line.replace(/.*=/, "")), [
      prefix,
      "none",
      prefix,
      "none",
      prefix,
      "none",
    ]);
  },
  ["radvd", "dnsmasq", "nft", "tshark", "tcpdump"],
);
