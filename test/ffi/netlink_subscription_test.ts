import { assert, assertEquals } from "@std/assert";
import { type NetlinkEvent, type NetlinkGroup, NetlinkSubscription } from "../../ffi/netlink_subscription.ts";
import { testInNamespace, type TestNamespace, until } from "./in_namespace.ts";

function describe(event: NetlinkEvent): string {
  switch (event.kind) {
    case "link":
      return `link ${event.change} ${event.link.name} ${event.link.up ? "up" : "down"} ${event.link.mtu}`;
    case "address":
      return `address ${event.change} ${event.address.address}/${event.address.prefixLength}`;
    case "route":
      return `route ${event.change} ${event.route.destination}/${event.route.prefixLength}`;
    case "setting":
    case "overrun":
      return event.kind;
  }
}

/** A subscription inside, with the events that have come. */
function listen(namespace: TestNamespace, groups: readonly NetlinkGroup[]) {
  const subscription = namespace.enter(() => new NetlinkSubscription(groups));
  const seen: string[] = [];
  const ended = (async () => {
    for await (const event of subscription) seen.push(describe(event));
  })();
  return { subscription, seen, ended };
}

testInNamespace("changes of links, addresses and routes are told, of both families", async (namespace) => {
  namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
  const { subscription, seen, ended } = listen(namespace, ["link", "address", "route"]);
  const told = (text: string) => until(`${text} in ${seen.join(", ")}`, () => seen.includes(text));
  namespace.ip("link", "set", "vx", "up", "mtu", "1400");
  await told("link set vx up 1400");
  namespace.ip("addr", "add", "192.0.2.1/24", "dev", "vx");
  await told("address set 192.0.2.1/24");
  namespace.ip("addr", "add", "2001:db8::1/64", "dev", "vx", "nodad");
  await told("address set 2001:db8::1/64");
  namespace.ip("route", "add", "198.51.100.0/24", "dev", "lo");
  await told("route set 198.51.100.0/24");
  namespace.ip("route", "del", "198.51.100.0/24", "dev", "lo");
  await told("route deleted 198.51.100.0/24");
  namespace.ip("addr", "del", "192.0.2.1/24", "dev", "vx");
  await told("address deleted 192.0.2.1/24");
  namespace.ip("link", "del", "vx");
  await told("link deleted vx down 1400");
  await subscription.close();
  await ended;
});

testInNamespace("a change of forwarding is told, of both families", async (namespace) => {
  for (const key of ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"]) {
    const { subscription, seen, ended } = listen(namespace, ["setting"]);
    namespace.run("sysctl", "-qw", `${key}=1`);
    // For the host, for interfaces to come, and for each interface.
    await until(key, () => seen.length > 0);
    assertEquals(new Set(seen), new Set(["setting"]));
    await subscription.close();
    await ended;
  }
});

testInNamespace("only the groups asked for are told, and closing twice is fine", async (namespace) => {
  const { subscription, seen, ended } = listen(namespace, ["link"]);
  namespace.ip("addr", "add", "192.0.2.1/24", "dev", "lo");
  namespace.ip("link", "set", "lo", "mtu", "1300");
  await until("the link event", () => seen.length > 0);
  assertEquals(seen, ["link set lo up 1300"]);
  await Promise.all([subscription.close(), subscription.close()]);
  await ended;
});

testInNamespace(
  "more changes than the socket can hold are an overrun, and the next ones come",
  async (namespace) => {
    const subscription = namespace.enter(() => new NetlinkSubscription(["address"]));
    const changes = Array.from({ length: 4000 }, (_, number) => {
      const address = `10.1.${number >> 8}.${number & 255}/32`;
      return `addr add ${address} dev lo\n`;
    });
    const batch = new Deno.Command("ip", { args: ["-n", namespace.name, "-batch", "-"], stdin: "piped" })
      .spawn();
    const input = batch.stdin.getWriter();
    await input.write(new TextEncoder().encode(changes.join("")));
    await input.close();
    assert((await batch.status).success);

    const seen: string[] = [];
    const ended = (async () => {
      for await (const event of subscription) seen.push(describe(event));
    })();
    await until("the overrun", () => seen.includes("overrun"));
    await until("the queue is read", () => {
      const before = seen.length;
      namespace.ip("addr", "replace", "10.9.9.9/32", "dev", "lo");
      return before === seen.length && seen.includes("address set 10.9.9.9/32");
    });
    await subscription.close();
    await ended;
  },
);
