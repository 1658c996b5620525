import { Buffer } from "node:buffer";
import { createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import type { EspAssociation } from "../../core/inspect/esp.ts";

const HEADER_OCTETS = 8;
const CBC_BLOCK_OCTETS = 16;
const GCM_SALT_OCTETS = 4;
const GCM_VECTOR_OCTETS = 8;
const GCM_TAG_OCTETS = 16;
const CBC_KEY_OCTETS = [16, 24, 32];
/** Not 24: the runtime has no AES-192 in this mode. */
const GCM_KEY_OCTETS = [16, 32];

interface Integrity {
  readonly hash: "sha256" | "sha1";
  readonly octets: number;
  readonly keyOctets: readonly number[];
}

/** RFC 4868 and RFC 2404: the keys are as long as the hash. */
const INTEGRITY: Readonly<Record<string, Integrity>> = {
  "hmac-sha256-128": { hash: "sha256", octets: 16, keyOctets: [32] },
  "hmac-sha1-96": { hash: "sha1", octets: 12, keyOctets: [20] },
};

/** An algorithm of ESP, and how long its keys are in octets; no lengths where it takes none. */
export interface EspAlgorithm {
  readonly encryptionKeyOctets: readonly number[];
  readonly integrityKeyOctets: readonly number[];
  readonly opener: (encryptionKey: Uint8Array, integrityKey: Uint8Array) => EspAssociation["open"];
}

/** By the names of the file: RFC 2410 (null), RFC 3602 (aes-cbc), RFC 4106 (aes-gcm-16, the key ends with the salt). */
export const ESP_ALGORITHMS: ReadonlyMap<string, EspAlgorithm> = new Map([
  ...Object.entries(INTEGRITY).flatMap(([name, integrity]): [string, EspAlgorithm][] => [
    [`null+${name}`, {
      encryptionKeyOctets: [],
      integrityKeyOctets: integrity.keyOctets,
      opener: (_, key) => (packet) => verified(packet, integrity, key)?.subarray(HEADER_OCTETS),
    }],
    [`aes-cbc+${name}`, {
      encryptionKeyOctets: CBC_KEY_OCTETS,
      integrityKeyOctets: integrity.keyOctets,
      opener: (encryptionKey, key) => (packet) => {
        const right = verified(packet, integrity, key);
        return right && decryptCbc(right, encryptionKey);
      },
    }],
  ]),
  ["aes-gcm-16", {
    encryptionKeyOctets: GCM_KEY_OCTETS.map((octets) => octets + GCM_SALT_OCTETS),
    integrityKeyOctets: [],
    opener: (key) => (packet) => openGcm(packet, key),
  }],
]);

/** The packet without its integrity check value, once that is right. */
function verified(
  packet: Uint8Array,
  { hash, octets }: Integrity,
  key: Uint8Array,
): Uint8Array | undefined {
  const end = packet.length - octets;
  if (end < HEADER_OCTETS) return undefined;
  const covered = packet.subarray(0, end);
  const right = createHmac(hash, Buffer.from(key)).update(covered).digest().subarray(0, octets);
  return timingSafeEqual(right, packet.subarray(end)) ? covered : undefined;
}

/** Block by block, and the block before upon it: the runtime has AES-192 in no other way. */
function decryptCbc(packet: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  const start = HEADER_OCTETS + CBC_BLOCK_OCTETS;
  const octets = packet.length - start;
  if (octets <= 0 || octets % CBC_BLOCK_OCTETS !== 0) return undefined;
  const name = `aes-${8 * key.length}-ecb` as "aes-256-cbc";
  const decipher = createDecipheriv(name, Buffer.from(key), null);
  decipher.setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(packet.subarray(start)), decipher.final()]);
  for (let index = 0; index < octets; index++) plain[index] ^= packet[HEADER_OCTETS + index];
  return plain;
}

function openGcm(packet: Uint8Array, keyAndSalt: Uint8Array): Uint8Array | undefined {
  const start = HEADER_OCTETS + GCM_VECTOR_OCTETS;
  const end = packet.length - GCM_TAG_OCTETS;
  if (end < start) return undefined;
  const keyOctets = keyAndSalt.length - GCM_SALT_OCTETS;
  const nonce = Buffer.concat([keyAndSalt.subarray(keyOctets), packet.subarray(HEADER_OCTETS, start)]);
  const name = `aes-${8 * keyOctets}-gcm` as "aes-256-gcm";
  const decipher = createDecipheriv(name, Buffer.from(keyAndSalt.subarray(0, keyOctets)), nonce);
  decipher.setAAD(Buffer.from(packet.subarray(0, HEADER_OCTETS)));
  decipher.setAuthTag(Buffer.from(packet.subarray(end)));
  try {
    return Buffer.concat([decipher.update(packet.subarray(start, end)), decipher.final()]);
  } catch {
    return undefined;
  }
}
