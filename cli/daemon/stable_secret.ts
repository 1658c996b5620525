import type { MobileNodeSettings } from "../../core/control/settings.ts";
import { hmac } from "./hmac.ts";

/**
 * What the stable interface identifiers are made from (RFC 7217 section 5): the same after each start, and a secret,
 * because the key is one; another one for each node, should nodes share a key. Without a key they last as long as the
 * process.
 */
export function stableSecretOf(
  { security, identity }: Pick<MobileNodeSettings, "security" | "identity">,
): Uint8Array {
  if (security === undefined) return crypto.getRandomValues(new Uint8Array(32));
  return hmac(
    "sha256",
    security.key,
    new TextEncoder().encode(`stable interface identifiers of ${identity}`),
  );
}
