import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../ffi/errno.ts";
import { inNetworkNamespace, unshareNetworkNamespace } from "../../ffi/namespace.ts";
import { readSysctl, writeSysctl } from "../../ffi/sysctl.ts";
import { testInNamespace } from "./in_namespace.ts";

const ownNamespace = () => Deno.readLinkSync("/proc/thread-self/ns/net");

testInNamespace("a call inside a namespace comes back, also when it throws", (namespace) => {
  const outside = ownNamespace();
  const inside = namespace.enter(ownNamespace);
  assertEquals(inside !== outside, true);
  assertThrows(
    () =>
      namespace.enter(() => {
        throw new Error("inside");
      }),
    Error,
    "inside",
  );
  assertEquals(ownNamespace(), outside);
});

testInNamespace("a new namespace is another one", (namespace) => {
  const [before, after] = namespace.enter(() => {
    const before = ownNamespace();
    unshareNetworkNamespace();
    return [before, ownNamespace()];
  });
  assertEquals(before === after, false);
});

Deno.test("a namespace that is not there is named", () => {
  assertThrows(() => inNetworkNamespace("dsmffi-none", () => {}), SystemError, "ip netns list");
});

testInNamespace(
  "a kernel parameter is set inside the namespace only, and its old value comes back",
  (namespace) => {
    const key = "net/ipv6/conf/all/hop_limit";
    const outside = readSysctl(key);
    namespace.enter(() => {
      assertEquals(writeSysctl(key, "99"), outside);
      assertEquals(writeSysctl(key, "98"), "99");
      assertEquals(readSysctl(key), "98");
    });
    assertEquals(readSysctl(key), outside);
    assertThrows(() => writeSysctl("net/ipv6/conf/nosuch/forwarding", "1"), Deno.errors.NotFound);
  },
);
