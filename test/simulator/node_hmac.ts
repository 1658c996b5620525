import { createHmac } from "node:crypto";
import type { Hmac } from "../../core/control/settings.ts";

/** The HMAC that the daemons give to the machines. */
export const nodeHmac: Hmac = (hash, key, data) => createHmac(hash, key).update(data).digest();
