import { assertEquals } from "@std/assert";
import { TrafficHold } from "../../cli/daemon/traffic_hold.ts";

Deno.test("a hold ends by itself, and the last word counts", async () => {
  const said: boolean[] = [];
  using hold = new TrafficHold((isHeld) => said.push(isHeld));
  hold.hold(0);
  assertEquals(said, []);
  hold.hold(1000);
  hold.hold(5);
  assertEquals(said, [true]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assertEquals(said, [true, false]);
  hold.hold(1000);
  hold.hold(0);
  assertEquals(said, [true, false, true, false]);
  hold.hold(1000);
});
