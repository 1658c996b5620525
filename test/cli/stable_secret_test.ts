import { assertEquals, assertNotEquals } from "@std/assert";
import { type SecretSource, stableSecretOf } from "../../cli/daemon/stable_secret.ts";
import { IDENTITY, security } from "../control/script.ts";

function secret(
  settings: Partial<SecretSource["settings"]>,
  securityAssociations: SecretSource["securityAssociations"] = [],
): Uint8Array {
  return stableSecretOf({
    settings: { identity: IDENTITY, security: undefined, ...settings },
    securityAssociations,
  });
}

const OTHER = { identity: "mn2@example.org" };

Deno.test("RFC 7217 5: stable identifiers have a secret of the node's own, the same after each start", () => {
  const one = secret({ security });
  assertEquals(secret({ security }), one);
  assertNotEquals(secret({ ...OTHER, security }), one, "nodes that share a key");
  assertNotEquals(secret({ security: { ...security, key: new Uint8Array(16).fill(8) } }), one);
  assertNotEquals(secret({}), secret({}));
});

Deno.test("RFC 7217 5: with ESP alone the secret is made of its first key, which stays as it is", () => {
  const keys = (octet: number) => ({
    encryptionKey: new Uint8Array(20).fill(octet),
    integrityKey: new Uint8Array(0),
  });
  const [first, next] = [keys(1), keys(2)];
  const one = secret({}, [first]);
  assertEquals(secret({}, [first, next]), one);
  assertNotEquals(secret({}, [next]), one);
  assertNotEquals(secret(OTHER, [first]), one);
  assertEquals(first, keys(1));
  const integrityAlone = { encryptionKey: new Uint8Array(0), integrityKey: new Uint8Array(32).fill(1) };
  assertEquals(secret({}, [integrityAlone]), secret({}, [integrityAlone]));
});
