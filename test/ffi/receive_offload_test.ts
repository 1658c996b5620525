import { assertEquals } from "@std/assert";
import { mergesReceived } from "../../ffi/receive_offload.ts";
import { testInNamespace } from "./in_namespace.ts";

testInNamespace("receive offload: an interface says whether it merges what it receives", (namespace) => {
  // Most kinds of devices do from the start, a veth does not.
  namespace.ip("link", "add", "alone", "type", "veth", "peer", "name", "other");
  const merges = ["lo", "alone", "nobody"].map((name) => namespace.enter(() => mergesReceived(name)));
  assertEquals(merges, [true, false, undefined]);
});
