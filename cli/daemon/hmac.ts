import { createHmac } from "node:crypto";
import type { Hmac } from "../../core/control/settings.ts";

/** What core is given to compute a message authentication code with. */
export const hmac: Hmac = (hash, key, data) => new Uint8Array(createHmac(hash, key).update(data).digest());
