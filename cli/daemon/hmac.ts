import { hmac as computeHmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Hmac } from "../../core/control/settings.ts";

/**
 * What core is given to compute a message authentication code with. Not node:crypto: to load that takes a tenth of the
 * time that a daemon needs to start, and for messages as short as ours it is slower.
 */
export const hmac: Hmac = (hash, key, data) => computeHmac(hash === "sha1" ? sha1 : sha256, key, data);
