import { assertEquals, assertNotEquals } from "@std/assert";
import { stableSecretOf } from "../../cli/daemon/stable_secret.ts";
import { IDENTITY, security } from "../control/script.ts";

Deno.test("RFC 7217 5: stable identifiers have a secret of the node's own, the same after each start", () => {
  const one = stableSecretOf({ identity: IDENTITY, security });
  assertEquals(stableSecretOf({ identity: IDENTITY, security }), one);
  assertNotEquals(stableSecretOf({ identity: "mn2@example.org", security }), one, "nodes that share a key");
  const other = { ...security, key: new Uint8Array(16).fill(8) };
  assertNotEquals(stableSecretOf({ identity: IDENTITY, security: other }), one);
  const keyless = () => stableSecretOf({ identity: IDENTITY, security: undefined });
  assertNotEquals(keyless(), keyless());
});
