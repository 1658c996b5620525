import type { Child } from "../../../cli/lab/process.ts";
import { globalAddress } from "../machine.ts";
import { OUTER } from "../network.ts";
import type { Site } from "../site.ts";
import type { Tunnel } from "../tunnel.ts";

const DEVICE = "bench0";
const MTU = 1280;
/** A network behind end a, where the server has its two addresses. */
const SERVER = {
  first: "198.18.10.1",
  second: "198.18.10.2",
  router: "198.18.10.254",
  network: "198.18.10.0/24",
};
const ADDRESS_LIMIT_MS = 30_000;

/** Teredo (RFC 4380): both ends are clients of a server at c, and then talk to one another without it. */
export const miredo: Tunnel = {
  name: "miredo",
  about: `Teredo by Miredo: IPv6 in UDP over IPv4, inner MTU ${MTU}`,
  innerMtu: MTU,
  needs: [
    { program: "miredo", package: "miredo" },
    { program: "miredo-server", package: "miredo-server" },
  ],
  prepare: async (site) => {
    await startServer(site);
    const files = { a: await writeClient(site, "a"), b: await writeClient(site, "b") };
    return async () => {
      const start = (end: "a" | "b") =>
        site.start(end, `miredo-${end}`, ["miredo", "-f", "-c", files[end], "-p", site.path(`${end}.pid`)]);
      const clients = { b: start("b"), a: start("a") };
      return { a: await findAddress(site, clients.a), b: await findAddress(site, clients.b) };
    };
  },
};

async function startServer(site: Site): Promise<void> {
  const { network } = site;
  const { first, second, router } = SERVER;
  await network.add("c");
  await network.ip("a", [`link add to-c type veth peer name eth0 netns ${network.name("c")}`]);
  await network.ip("c", [
    `address add ${first}/24 dev eth0`,
    `address add ${second}/24 dev eth0`,
    "link set eth0 up",
  ]);
  await network.ip("a", [`address add ${router}/24 dev to-c`, "link set to-c up"]);
  await network.ip("c", [`route add default via ${router}`]);
  await network.ip("b", [`route add ${SERVER.network} via ${OUTER.a}`]);
  // As everybody else, end a speaks to the server from the one address that the other end can reach.
  await network.ip("a", [first, second].map((address) => `route add ${address} dev to-c src ${OUTER.a}`));
  await network.exec("a", ["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]);
  const configuration = await site.write(
    "server.conf",
    `Prefix 2001::
InterfaceMTU ${MTU}
ServerBindAddress ${first}
ServerBindAddress2 ${second}
`,
  );
  const command = ["miredo-server", "-f", "-c", configuration, "-p", site.path("server.pid")];
  const server = site.start("c", "miredo-server", command);
  await site.listening(server, "udp", 3544);
}

function writeClient(site: Site, end: "a" | "b"): Promise<string> {
  return site.write(
    `${end}.conf`,
    `RelayType client
InterfaceName ${DEVICE}
ServerAddress ${SERVER.first}
ServerAddress2 ${SERVER.second}
BindAddress ${OUTER[end]}
BindPort 3545
IgnoreConeBit yes
`,
  );
}

async function findAddress(site: Site, client: Child): Promise<string> {
  let address: string | undefined;
  await site.waitFor(`Teredo address of ${client.name}`, ADDRESS_LIMIT_MS, () => {
    address = globalAddress(client.pid, DEVICE);
    return address !== undefined;
  });
  return address!;
}
