import { assertEquals, assertMatch } from "@std/assert";
import { configureHomeAgent, configureMobileNode, type HomeAgentOptions } from "../../cli/lab/daemons.ts";
import type { Lab } from "../../cli/lab/lab.ts";
import { startDhcpServer } from "../../cli/lab/dhcp.ts";
import { startRouterAdvertiser } from "../../cli/lab/router_advertisements.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { takeSnapshot } from "../../cli/lab/snapshot.ts";
import { MobilityCapture } from "../../cli/lab/mobility_capture.ts";
import { labTest } from "./support.ts";

/*
 *            eth0 (IPv4 only)
 *   cn ---- ha ============== mn
 *            eth1 (IPv6 only)
 */
const TOPOLOGY: Topology = {
  nodes: [
    {
      name: "ha",
      router: true,
      addresses: [
        ["access4", "203.0.113.1/24"],
        ["access6", "2001:db8:f::1/64"],
        ["cn", "198.51.100.1/24"],
      ],
    },
    { name: "cn", addresses: [["eth0", "198.51.100.10/24"]], routes: [["0.0.0.0/0", "198.51.100.1"]] },
    { name: "mn", ipv4Only: ["eth0"] },
  ],
  links: [
    [["ha", "cn"], ["cn", "eth0"]],
    [["ha", "access4"], ["mn", "eth0"]],
    [["ha", "access6"], ["mn", "eth1"]],
  ],
};

const CORRESPONDENT = "198.51.100.10";
const MOBILE_NODE = { identity: "mn@example.org", homeAddress: "2001:db8:100::100", spi: 1000 };
const HOME_AGENT: HomeAgentOptions = {
  node: "ha",
  ipv6Address: "2001:db8:100::1",
  ipv4Address: "203.0.113.1",
  homePrefix: "2001:db8:100::/64",
  natRefreshSeconds: 25,
  mobileNodes: [MOBILE_NODE],
};
/** That tshark has to find in the updates and answers. */
const OPTIONS = ["mip6.ipv4ha.ha", "mip6.ipv4aa.sts", "mip6.ipv4coa.addr", "mip6.acoa.acoa"];
const LIMIT_MS = 15_000;

/** Adds lines to the first table of a daemon's configuration. */
async function amend(lab: Lab, name: string, lines: string): Promise<void> {
  const file = lab.path(`${name}.toml`);
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace("\n", `\n${lines}\n`));
}

function addressesOf(lab: Lab): Promise<string> {
  return lab.network.ip("mn", ["-4", "-o", "address", "show", "dev", "dsmip-mn"]);
}

/** A whole packet of the tunnel's size, unfragmented, and one that has to be cut. */
async function pingBothWays(lab: Lab, address: string, innerMtu: number): Promise<void> {
  const whole = `${innerMtu - 28}`;
  await lab.exec("mn", ["ping", "-c1", "-W2", "-M", "do", "-s", whole, CORRESPONDENT]);
  await lab.exec("cn", ["ping", "-c1", "-W2", "-M", "do", "-s", whole, address]);
  await lab.exec("cn", ["ping", "-c1", "-W2", "-M", "dont", "-s", "1600", address]);
  await lab.exec("mn", ["ping", "-c1", "-W2", "-s", "1600", CORRESPONDENT]);
}

/** The mobile node's egress leads here, and nowhere else. */
async function attach(lab: Lab, egress: "eth0" | "eth1"): Promise<void> {
  for (const one of ["eth0", "eth1"]) {
    await lab.network.ip("mn", ["link", "set", one, one === egress ? "up" : "down"]);
  }
}

/** Reads slowly, so that the download outlasts the moves, and prints the digest. */
const DOWNLOAD = `
import hashlib, sys, time, urllib.request
digest = hashlib.sha256()
with urllib.request.urlopen(sys.argv[1]) as answer:
    while part := answer.read(100_000):
        digest.update(part)
        time.sleep(0.03)
print(digest.hexdigest())
`;
const DOWNLOAD_OCTETS = 20_000_000;
const TRANSFER_SECONDS = 8;
const TRANSFER_LIMIT_MS = 60_000;
const HTTP_PORT = 8080;

labTest(
  "real programs: iperf3 and a download from Python's HTTP server, IPv4 only, go on from an IPv6-only network to an " +
    "IPv4-only one and back",
  async (lab) => {
    await lab.network.build(TOPOLOGY);
    const dhcp = { firstAddress: "203.0.113.50", lastAddress: "203.0.113.60", router: "203.0.113.1" };
    await startDhcpServer(lab, { node: "ha", interfaceName: "access4", ...dhcp });
    await startRouterAdvertiser(lab, { node: "ha", interfaceName: "access6", prefix: "2001:db8:f::/64" });
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    await amend(lab, "ha", 'ipv4_home_prefix = "192.0.2.0/24"\nipv4_pool = "192.0.2.128/25"');
    homeAgent.start();
    await homeAgent.ready(LIMIT_MS);
    const mobileNode = await configureMobileNode(lab, {
      name: "mn",
      node: "mn",
      mobileNode: MOBILE_NODE,
      homeAgent: HOME_AGENT,
      egresses: ["eth0", "eth1"],
    });
    await amend(lab, "mn", 'ipv4_home_address = "any"');
    const move = async (egress: "eth0" | "eth1", encapsulation: string) => {
      await attach(lab, egress);
      await mobileNode.until(
        `registration, ${encapsulation}`,
        LIMIT_MS,
        (status) => status.state === "registered" && status.encapsulation === encapsulation,
      );
    };
    mobileNode.start();
    await move("eth1", "ipv6InIpv6");

    const octets = new Uint8Array(DOWNLOAD_OCTETS);
    for (let at = 0; at < octets.length; at += 65_536) {
      crypto.getRandomValues(octets.subarray(at, at + 65_536));
    }
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", octets)).toHex();
    await Deno.writeFile(lab.path("large"), octets);
    const server = ["python3", "-m", "http.server", `${HTTP_PORT}`, "--bind", CORRESPONDENT];
    lab.start("cn", "http-server", [...server, "--directory", lab.path(".")]);
    lab.start("cn", "iperf3-server", ["iperf3", "--server", "--one-off"]);
    const address = `http://${CORRESPONDENT}:${HTTP_PORT}/large`;
    await lab.until("both servers", LIMIT_MS, async () => {
      const listening = await lab.exec("cn", ["ss", "-Hltn"]);
      return listening.includes(`:${HTTP_PORT} `) && listening.includes(":5201 ");
    });
    const client = ["iperf3", "--client", CORRESPONDENT, "--time", `${TRANSFER_SECONDS}`, "--bitrate", "20M"];
    const moves = async () => {
      for (
        const [egress, encapsulation] of [["eth0", "ipv6InIpv4"], ["eth1", "ipv6InIpv6"]] as const
      ) {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        await move(egress, encapsulation);
      }
    };
    const [transfer, download] = await Promise.all([
      lab.exec("mn", [...client, "--json"], TRANSFER_LIMIT_MS),
      lab.exec("mn", ["python3", "-c", DOWNLOAD, address], TRANSFER_LIMIT_MS),
      moves(),
    ]);
    const report = JSON.parse(transfer);
    const last: { readonly sum: { readonly bytes: number } } = report.intervals.at(-1);
    assertEquals([report.error, last.sum.bytes > 0], [undefined, true]);
    assertEquals(download.trim(), digest);
  },
  ["iperf3", "python3"],
);

labTest(
  "real daemons: an IPv4 home address of the pool in protocol 4, in UDP, in IPv6; and nothing is left of it",
  async (lab) => {
    await lab.network.build(TOPOLOGY);
    const dhcp = { firstAddress: "203.0.113.50", lastAddress: "203.0.113.60", router: "203.0.113.1" };
    await startDhcpServer(lab, { node: "ha", interfaceName: "access4", ...dhcp });
    await startRouterAdvertiser(lab, { node: "ha", interfaceName: "access6", prefix: "2001:db8:f::/64" });
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    await amend(lab, "ha", 'ipv4_home_prefix = "192.0.2.0/24"\nipv4_pool = "192.0.2.128/25"');
    const mobileNode = await configureMobileNode(lab, {
      name: "mn",
      node: "mn",
      mobileNode: MOBILE_NODE,
      homeAgent: HOME_AGENT,
      egresses: ["eth0", "eth1"],
    });
    await amend(lab, "mn", 'ipv4_home_address = "any"');
    await attach(lab, "eth0");
    const untouched = [await takeSnapshot(lab.network, "ha"), await takeSnapshot(lab.network, "mn")];
    const capture = await MobilityCapture.start(lab, "ha");
    homeAgent.start();
    await homeAgent.ready(LIMIT_MS);
    const registered = (encapsulation: string) =>
      mobileNode.until(
        `registration, ${encapsulation}`,
        LIMIT_MS,
        (status) => status.state === "registered" && status.encapsulation === encapsulation,
      );
    const granted = { address: "192.0.2.128", prefixLength: 32 };

    mobileNode.start();
    assertEquals((await registered("ipv6InIpv4")).answer.ipv4HomeAddress, granted);
    await pingBothWays(lab, granted.address, 1480);
    await attach(lab, "eth1");
    assertEquals((await registered("ipv6InIpv6")).answer.ipv4HomeAddress, granted);
    await pingBothWays(lab, granted.address, 1460);
    assertMatch(await addressesOf(lab), /192\.0\.2\.128\/32/);
    const { answer } = await homeAgent.until("binding", LIMIT_MS, ({ bindings }) => bindings.length === 1);
    assertEquals(answer.bindings[0].ipv4HomeAddresses, [granted]);
    await mobileNode.end("SIGTERM");
    assertEquals((await homeAgent.ask())?.bindings, []);

    await amend(lab, "mn", "force_udp = true");
    await attach(lab, "eth0");
    mobileNode.start();
    assertEquals((await registered("udp")).answer.ipv4HomeAddress, granted, "the same again");
    await pingBothWays(lab, granted.address, 1472);
    await mobileNode.end("SIGKILL");
    mobileNode.start();
    await registered("udp");
    await pingBothWays(lab, granted.address, 1472);
    await mobileNode.end("SIGTERM");
    await homeAgent.end("SIGTERM");
    const { messages, faulty, options } = await capture.end(OPTIONS);
    assertEquals([messages > 3, faulty, options], [true, [], OPTIONS]);
    // The kernel gave the interface that is down an address of its link when it got its parameters back.
    await attach(lab, "eth1");
    await attach(lab, "eth0");
    assertEquals([await takeSnapshot(lab.network, "ha"), await takeSnapshot(lab.network, "mn")], untouched);
  },
);
