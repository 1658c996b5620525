import type { MobileNodeConfiguration } from "../configuration/record.ts";
import { hmac } from "./hmac.ts";

/** What the secret is made of. */
export interface SecretSource {
  readonly settings: Pick<MobileNodeConfiguration["settings"], "security" | "identity">;
  readonly securityAssociations: readonly Pick<
    MobileNodeConfiguration["securityAssociations"][number],
    "encryptionKey" | "integrityKey"
  >[];
}

/**
 * What the stable interface identifiers are made from (RFC 7217 section 5): the same after each start as long as the first key is,
 * and a secret, because the key is one; another one for each node, should nodes share a key. Without a key they last as long as
 * the process.
 */
export function stableSecretOf({ settings, securityAssociations: [esp] }: SecretSource): Uint8Array {
  const { security, identity } = settings;
  const espKey = esp && Uint8Array.of(...esp.encryptionKey, ...esp.integrityKey);
  const key = security?.key ?? espKey;
  if (key === undefined) return crypto.getRandomValues(new Uint8Array(32));
  const secret = hmac("sha256", key, new TextEncoder().encode(`stable interface identifiers of ${identity}`));
  espKey?.fill(0);
  return secret;
}
