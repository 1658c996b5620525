import { assert, assertEquals } from "@std/assert";
import { HomeLink } from "../../cli/daemon/home_link.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import {
  decodeNeighborDiscoveryPacket,
  encodeNeighborDiscoveryPacket,
  multicastHardwareAddress,
} from "../../core/wire/neighbor_discovery.ts";
import { EgressSocket } from "../../ffi/egress_socket.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInsideNamespace, TestNamespace, until } from "../ffi/in_namespace.ts";
import { RecordingLog } from "./recording_log.ts";

const HOME_AGENT = "2001:db8:100::1";
const HOME_ADDRESS = "2001:db8:100::100";
const HOME_IPV4_ADDRESS = "192.0.2.100";
const NODE = { homeAddress: HOME_ADDRESS, linkLocalCompatibility: false, mobileRouter: false };

interface Home {
  readonly namespace: TestNamespace;
  /** A host on the home link. */
  readonly neighbor: TestNamespace;
  readonly homeLink: HomeLink;
  /** The TUN device, open. */
  readonly tun: number;
  /** What the host hears. */
  readonly ear: EgressSocket;
  /** Router advertisements that came up: "fe80::1 true" from a home agent. */
  readonly routers: readonly string[];
}

function state(namespace: TestNamespace): string {
  const names = [
    "ipv6.conf.eth.proxy_ndp",
    "ipv6.neigh.eth.proxy_delay",
    "ipv4.neigh.eth.proxy_delay",
    "ipv4.conf.eth.forwarding",
  ];
  return [
    namespace.run("sysctl", "-n", ...names.map((name) => `net.${name}`)),
    namespace.ip("neigh", "show", "proxy"),
    namespace.ip("-6", "route", "show"),
    namespace.ip("-4", "route", "show"),
  ].join("\n");
}

function testHome(name: string, body: (home: Home) => Promise<void>): void {
  testInsideNamespace(name, async (namespace) => {
    const neighbor = new TestNamespace();
    const folder = Deno.makeTempDirSync();
    const routers: string[] = [];
    const log = new RecordingLog();
    const tun = openTun({ name: "tunha" });
    try {
      namespace.ip("link", "add", "eth", "type", "veth", "peer", "name", "host", "netns", neighbor.name);
      namespace.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.eth.accept_dad=0");
      namespace.ip("addr", "add", `${HOME_AGENT}/64`, "dev", "eth", "nodad");
      namespace.ip("addr", "add", "192.0.2.1/24", "dev", "eth");
      namespace.ip("link", "set", "eth", "up");
      namespace.ip("link", "set", "tunha", "up");
      neighbor.run("sysctl", "-qw", "net.ipv6.conf.host.accept_dad=1");
      neighbor.ip("link", "set", "host", "up");
      neighbor.ip("addr", "add", "2001:db8:100::9/64", "dev", "host", "nodad");
      neighbor.ip("addr", "add", "192.0.2.9/24", "dev", "host");
      const before = state(namespace);
      const homeLink = new HomeLink({
        interfaceName: "eth",
        homeAgentAddress: HOME_AGENT,
        tun: "tunha",
        sysctls: new SavedSysctls({ path: `${folder}/sysctls`, log }),
        log,
        onRouterAdvertisement: (source, { homeAgent }) => routers.push(`${source} ${homeAgent}`),
        onFailure: (error) => {
          throw error;
        },
      });
      const ear = neighbor.enter(() => {
        const netlink = new Netlink();
        const { index } = netlink.requireLink("host");
        netlink.close();
        return new EgressSocket({ interfaceIndex: index });
      });
      await body({ namespace, neighbor, homeLink, tun: tun.fileDescriptor, ear, routers });
      ear.close();
      await homeLink.close();
      assertEquals(state(namespace), before);
      assertEquals(log.of("warning"), []);
    } finally {
      closeFileDescriptor(tun.fileDescriptor);
      Deno.removeSync(folder, { recursive: true });
      neighbor.remove();
    }
  });
}

/** What `ip neigh` of the host has about an address after it sent something there: the hardware address. */
async function resolved({ neighbor }: Home, address: string): Promise<string | undefined> {
  // Nothing listens behind the TUN device: no answer is expected.
  await new Deno.Command("ip", {
    args: ["netns", "exec", neighbor.name, "ping", "-c1", "-W0.2", address],
    stdout: "null",
    stderr: "null",
  }).output();
  return neighbor.ipJson("neigh", "show", "to", address)[0]?.lladdr;
}

/** Sends an echo request back as its answer: type 0 in place of 8, so the checksum grows by 0x0800. */
function answerEcho(tun: number, packet: Uint8Array<ArrayBuffer>): void {
  packet.set([192, 0, 2, 9], 16);
  packet.set(HOME_IPV4_ADDRESS.split(".").map(Number), 12);
  const sum = (packet[22] << 8 | packet[23]) + 0x0800;
  const folded = (sum & 0xffff) + (sum >> 16);
  packet.set([0, 0, folded >> 8, folded & 0xff], 20);
  assertEquals(libc.write(tun, packet, BigInt(packet.length)), packet.length);
}

/** The advertisements among what the host has heard, each as text. */
function advertisements(ear: EgressSocket): string[] {
  const heard = [];
  for (let packet; (packet = ear.receive());) {
    if (packet.etherType !== 0x86dd) continue;
    const decoded = decodeNeighborDiscoveryPacket(packet.payload);
    if (!decoded.ok || decoded.value.message.kind !== "neighborAdvertisement") continue;
    const { source, destination, message } = decoded.value;
    const flags = `${message.router ? "R" : ""}${message.solicited ? "S" : ""}${message.override ? "O" : ""}`;
    heard.push(`${source} ${destination} ${message.target} ${flags}`);
  }
  return heard;
}

testHome(
  "M-148 M-309 M-311 M-312 M-313 M-314 M-315 M-316 M-317 M-318: what is sent to an absent node's home address comes to the home agent",
  async (home) => {
    const { namespace, homeLink, ear } = home;
    const own = namespace.ipJson("link", "show", "eth")[0].address;
    assertEquals(await resolved(home, HOME_ADDRESS), undefined);
    homeLink.intercept(NODE);
    assertEquals(namespace.ipJson("-6", "route", "get", HOME_ADDRESS)[0].dev, "tunha");
    await until(
      "the advertisement",
      () => advertisements(ear).includes(`${HOME_AGENT} ff02::1 ${HOME_ADDRESS} O`),
    );
    home.neighbor.ip("neigh", "flush", "dev", "host");
    assertEquals(await resolved(home, HOME_ADDRESS), own);
    const answers = advertisements(ear).filter((line) => line.endsWith("S"));
    assertEquals(answers.map((line) => line.split(" ").slice(2).join(" ")), [`${HOME_ADDRESS} S`]);
    homeLink.intercept(NODE);
    homeLink.release(HOME_ADDRESS);
    homeLink.release(HOME_ADDRESS);
    home.neighbor.ip("neigh", "flush", "dev", "host");
    assertEquals(await resolved(home, HOME_ADDRESS), undefined);
  },
);

testHome(
  "RFC 6275 10.4.1 M-308 M-310: a neighbour that knew another hardware address takes the advertised one",
  async (home) => {
    home.neighbor.ip(
      "neigh",
      "add",
      HOME_ADDRESS,
      "lladdr",
      "02:00:00:00:00:77",
      "dev",
      "host",
      "nud",
      "stale",
    );
    home.homeLink.intercept(NODE);
    const own = home.namespace.ipJson("link", "show", "eth")[0].address;
    await until(
      "the override",
      () => home.neighbor.ipJson("neigh", "show", "to", HOME_ADDRESS)[0]?.lladdr === own,
    );
  },
);

testHome(
  "RFC 6275 10.4.1 M-307: a mobile router is advertised as a router, and a link-local address too where wanted",
  async (home) => {
    const { homeLink, ear, namespace } = home;
    homeLink.intercept({ ...NODE, linkLocalCompatibility: true, mobileRouter: true });
    const heard: string[] = [];
    await until("both", () => heard.push(...advertisements(ear)) >= 2);
    assertEquals(heard, [`${HOME_AGENT} ff02::1 ${HOME_ADDRESS} RO`, `${HOME_AGENT} ff02::1 fe80::100 RO`]);
    home.neighbor.ip("neigh", "flush", "dev", "host");
    await resolved(home, HOME_ADDRESS);
    assertEquals(advertisements(ear).map((line) => line.split(" ").slice(2).join(" ")), [
      `${HOME_ADDRESS} RS`,
    ]);
    assertEquals(namespace.ip("-6", "neigh", "show", "proxy").trim().split("\n").length, 2);
    homeLink.release(HOME_ADDRESS);
    assertEquals(namespace.ip("-6", "neigh", "show", "proxy"), "");
  },
);

testHome("RFC 5555 4.5 D-102: an IPv4 home address is intercepted by ARP", async (home) => {
  const { namespace, homeLink, neighbor } = home;
  const own = namespace.ipJson("link", "show", "eth")[0].address;
  const known = ["lladdr", "02:00:00:00:00:77", "dev", "host", "nud", "stale"];
  neighbor.ip("neigh", "add", HOME_IPV4_ADDRESS, ...known);
  homeLink.interceptIpv4(HOME_IPV4_ADDRESS);
  await until(
    "the announcement",
    () => neighbor.ipJson("neigh", "show", "to", HOME_IPV4_ADDRESS)[0]?.lladdr === own,
  );
  neighbor.ip("neigh", "flush", "dev", "host");
  assertEquals(await resolved(home, HOME_IPV4_ADDRESS), own);
  assertEquals(namespace.ipJson("route", "get", HOME_IPV4_ADDRESS)[0].dev, "tunha");
  homeLink.interceptIpv4(HOME_IPV4_ADDRESS);
  homeLink.releaseIpv4(HOME_IPV4_ADDRESS);
  homeLink.releaseIpv4(HOME_IPV4_ADDRESS);
  neighbor.ip("neigh", "flush", "dev", "host");
  assertEquals(await resolved(home, HOME_IPV4_ADDRESS), undefined);
});

testHome(
  "RFC 5555 4.5 D-102: a host that talked to the mobile node at home reaches it away, by the home agent",
  async ({ namespace, homeLink, neighbor, tun }) => {
    const own = namespace.ipJson("link", "show", "eth")[0].address;
    const known = ["lladdr", "02:00:00:00:00:77", "dev", "host", "nud", "reachable"];
    neighbor.ip("neigh", "add", HOME_IPV4_ADDRESS, ...known);
    homeLink.interceptIpv4(HOME_IPV4_ADDRESS);
    // What comes out of tunnels is forwarded where the administrator wants it, or `forwarding = true`.
    namespace.run("sysctl", "-qw", "net.ipv4.conf.tunha.forwarding=1");
    let isDone = false;
    const ping = new Deno.Command("ip", {
      args: ["netns", "exec", neighbor.name, "ping", "-c3", "-i0.1", "-W1", HOME_IPV4_ADDRESS],
      stdout: "null",
    }).output().finally(() => isDone = true);
    const buffer = new Uint8Array(2048);
    await until("the pings are over", () => {
      // The mobile node, as if the tunnel led to it.
      for (let octets; (octets = libc.read(tun, buffer, BigInt(buffer.length))) > 0;) {
        if (buffer[0] >> 4 === 4 && buffer[9] === 1) answerEcho(tun, buffer.slice(0, octets));
      }
      return isDone;
    });
    assertEquals((await ping).code, 0, "every packet, the first, too");
    assertEquals(neighbor.ipJson("neigh", "show", "to", HOME_IPV4_ADDRESS)[0].lladdr, own);
    assertEquals(namespace.ip("neigh", "show", "proxy").includes(`${HOME_IPV4_ADDRESS} dev eth`), true);
  },
);

testHome(
  "M-274, M-275: an address that another node has is found, and one that nobody has is not",
  async (home) => {
    const { homeLink, neighbor } = home;
    const startMs = performance.now();
    assertEquals(await homeLink.isDuplicate({ ...NODE, homeAddress: "2001:db8:100::9" }), true);
    assert(performance.now() - startMs < 900, "at once");
    neighbor.ip("addr", "add", "fe80::55/64", "dev", "host", "nodad");
    const answers = await Promise.all([
      homeLink.isDuplicate(NODE),
      homeLink.isDuplicate({ ...NODE, homeAddress: "2001:db8:100::55" }),
      homeLink.isDuplicate({ ...NODE, homeAddress: "2001:db8:100::55", linkLocalCompatibility: true }),
    ]);
    assertEquals(answers, [false, false, true]);
    assert(performance.now() - startMs >= 1000);
  },
);

testHome("a node that is about to take the address counts as having it", async ({ homeLink, neighbor }) => {
  const answer = homeLink.isDuplicate(NODE);
  neighbor.ip("addr", "add", `${HOME_ADDRESS}/64`, "dev", "host");
  assertEquals(await answer, true);
});

testHome(
  "an intercepted address is defended against who wants to take it",
  async ({ homeLink, neighbor }) => {
    homeLink.intercept(NODE);
    neighbor.ip("addr", "add", `${HOME_ADDRESS}/64`, "dev", "host");
    await until(
      "detection fails",
      () => neighbor.ip("addr", "show", "dev", "host", "to", HOME_ADDRESS).includes("dadfailed"),
    );
  },
);

testHome("a probe ends with the home link", async ({ homeLink }) => {
  const answer = homeLink.isDuplicate(NODE);
  await homeLink.close();
  assertEquals(await answer, true);
});

testHome("RFC 6275 10.5.1: router advertisements on the home link come up", async ({ ear, routers }) => {
  const destination = "ff02::1";
  const payload = encodeNeighborDiscoveryPacket({
    source: "fe80::9",
    destination,
    message: {
      kind: "routerAdvertisement",
      currentHopLimit: 64,
      managedAddresses: false,
      otherConfiguration: false,
      homeAgent: true,
      preference: "medium",
      routerLifetimeSeconds: 1800,
      reachableTimeMs: 0,
      retransmissionTimerMs: 0,
      options: [],
    },
  });
  const destinationHardwareAddress = multicastHardwareAddress(destination);
  assertEquals(ear.send({ etherType: 0x86dd, destinationHardwareAddress, payload }), undefined);
  await until("the advertisement", () => routers.length > 0);
  assertEquals(routers, ["fe80::9 true"]);
});
