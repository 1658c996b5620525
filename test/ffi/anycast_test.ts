import { assert, assertEquals } from "@std/assert";
import { AnycastAddress } from "../../ffi/anycast.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { interfaceIndexOf } from "../../ffi/interface_index.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInsideNamespace } from "./in_namespace.ts";

const ANYCAST = "2001:db8:100:0:fdff:ffff:ffff:fffe";

testInsideNamespace(
  "an anycast address is there for as long as it is held, on a TUN device, too",
  (namespace) => {
    const tun = openTun({ name: "tunany" });
    try {
      namespace.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
      namespace.ip("addr", "add", "2001:db8:100::1/64", "dev", "tunany", "nodad");
      namespace.ip("link", "set", "tunany", "up");
      const before = namespace.ip("-6", "route", "show", "table", "local");
      const held = new AnycastAddress({ address: ANYCAST, interfaceIndex: interfaceIndexOf("tunany") });
      const route = namespace.ip("-6", "route", "get", ANYCAST);
      assert(route.startsWith("anycast "), route);
      held[Symbol.dispose]();
      assertEquals(namespace.ip("-6", "route", "show", "table", "local"), before);
    } finally {
      closeFileDescriptor(tun.fileDescriptor);
    }
  },
);
