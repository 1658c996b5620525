import { assertEquals } from "@std/assert";
import { Ipv4AtHome } from "../../cli/daemon/ipv4_at_home.ts";
import { candidate } from "../control/script.ts";

Deno.test("IPv4 at home: the router of the lease, an announcement for each arrival and each address", () => {
  const told: string[] = [];
  const atHome = new Ipv4AtHome({
    setRouter: (router) => told.push(`router ${router?.address ?? "none"}`),
    announce: (interfaceName, address) => told.push(`announce ${address} ${interfaceName}`),
  });
  const lease = candidate("192.0.2.20", { gateway: "192.0.2.1" });
  const elsewhere = candidate("198.51.100.7", { gateway: "198.51.100.1", interfaceName: "eg1" });
  const since = () => told.splice(0);
  atHome.offer([elsewhere]);
  atHome.setAddress("192.0.2.100");
  assertEquals(since(), [], "away");
  atHome.comeHome("eg0");
  assertEquals(since(), ["announce 192.0.2.100 eg0"]);
  atHome.offer([candidate("2001:db8:100::100", { atHome: true }), elsewhere, lease]);
  assertEquals(since(), ["router 192.0.2.1"]);
  atHome.offer([lease]);
  atHome.setAddress("192.0.2.100");
  assertEquals(since(), [], "the same again");
  atHome.setAddress("192.0.2.101");
  assertEquals(since(), ["announce 192.0.2.101 eg0"]);
  atHome.offer([candidate("192.0.2.20")]);
  assertEquals(since(), ["router none"], "a lease without a router");
  atHome.offer([lease]);
  atHome.leave();
  assertEquals(since(), ["router 192.0.2.1", "router none"]);
  atHome.comeHome("eg0");
  assertEquals(since(), ["router 192.0.2.1", "announce 192.0.2.101 eg0"]);
});
