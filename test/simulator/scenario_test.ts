import { assert, assertEquals } from "@std/assert";
import { hmac } from "../../cli/daemon/hmac.ts";
import { playScenario } from "../../core/simulation/scenario.ts";

for (const name of ["nat", "public"] as const) {
  Deno.test(`simulator plays the lab's scenario ${name}: every check holds`, () => {
    const lines: string[] = [];
    const { ok, checks } = playScenario(name, (line) => lines.push(line), hmac);
    assertEquals(checks.filter((check) => !check.ok), []);
    assert(ok);
    assert(lines.length > checks.length, "a line for every check and every step");
  });
}

Deno.test("simulator's scenario nat finds the NAT and uses UDP, public uses protocol 41", () => {
  const value = (name: "nat" | "public", check: string) =>
    playScenario(name, () => {}, hmac).checks.find((one) => one.name === check)?.value;
  assertEquals(value("nat", "NAT found"), "true");
  assertEquals(value("nat", "encapsulation"), "udp");
  assertEquals(value("public", "NAT found"), "false");
  assertEquals(value("public", "encapsulation"), "ipv6InIpv4");
});

Deno.test("simulator's scenario fails where the machines do not agree on the key", () => {
  let calls = 0;
  const { ok, checks } = playScenario("nat", () => {}, (hash, key, data) => {
    calls++;
    return hmac(hash, key, data).map((octet) => octet ^ calls & 0xff);
  });
  assert(!ok);
  assert(checks.some((check) => check.name === "registration of mn1" && !check.ok));
});
