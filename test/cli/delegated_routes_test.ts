import { assertEquals, assertThrows } from "@std/assert";
import { DelegatedRoutes } from "../../cli/daemon/delegated_routes.ts";
import { parseIpv6Prefix } from "../../core/wire/address.ts";
import { SystemError } from "../../ffi/errno.ts";
import { testInNamespace, type TestNamespace } from "../ffi/in_namespace.ts";
import { RecordingLog } from "./recording_log.ts";

const POOL = parseIpv6Prefix("2001:db8:300::/56")!;
const HOME_ADDRESS = "2001:db8:100::100";
const ONE = parseIpv6Prefix("2001:db8:300:1::/64")!;
const OTHER = parseIpv6Prefix("2001:db8:300:2::/64")!;
const UNREACHABLE = "unreachable 2001:db8:300::/56 dev lo metric 1000000";

/** What leads to the pool and its networks. */
function routes(namespace: TestNamespace): string[] {
  return namespace.ip("-6", "route", "show", "proto", "155").split("\n").filter((line) => line !== "")
    .map((line) => line.replace(/ (pref|error) .*/, "").trim()).toSorted();
}

function byHomeLink(prefix: string): string {
  return `${prefix} via ${HOME_ADDRESS} dev home metric 30 onlink`;
}

testInNamespace(
  "delegated prefixes lead to the home link, also while the home address is elsewhere; the pool nowhere",
  (namespace) => {
    const log = new RecordingLog();
    namespace.ip("link", "add", "home", "type", "veth", "peer", "name", "peer");
    for (const link of ["home", "peer"]) namespace.ip("link", "set", link, "up");
    namespace.ip("address", "add", "2001:db8:100::1/64", "dev", "home", "nodad");
    // As by the tunnel of a mobile router that is away.
    namespace.ip("route", "add", `${HOME_ADDRESS}/128`, "dev", "lo");
    namespace.enter(() => {
      const delegated = new DelegatedRoutes({ pool: POOL, homeLink: "home", log });
      assertEquals(routes(namespace), [UNREACHABLE]);
      delegated.set(HOME_ADDRESS, [ONE, OTHER]);
      const both = [byHomeLink("2001:db8:300:1::/64"), byHomeLink("2001:db8:300:2::/64"), UNREACHABLE];
      assertEquals(routes(namespace), both);
      delegated.set(HOME_ADDRESS, [OTHER]);
      assertEquals(routes(namespace), both.slice(1));
      delegated[Symbol.dispose]();
      assertEquals(routes(namespace), []);
    });
    assertEquals(log.lines, []);
    assertEquals(routes(namespace), []);
  },
);

testInNamespace("delegated prefixes without a home link have the unreachable route alone", (namespace) => {
  const log = new RecordingLog();
  namespace.enter(() => {
    using delegated = new DelegatedRoutes({ pool: POOL, homeLink: undefined, log });
    delegated.set(HOME_ADDRESS, [ONE]);
    assertEquals(routes(namespace), [UNREACHABLE]);
    assertThrows(() => new DelegatedRoutes({ pool: POOL, homeLink: "none0", log }), SystemError);
  });
  assertEquals([routes(namespace), log.lines], [[], []]);
});
