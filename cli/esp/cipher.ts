import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { EspCipher } from "../../core/control/esp/esp_cipher.ts";
import { ESP_ALIGNMENT_OCTETS, ESP_HEADER_OCTETS } from "../../core/wire/esp.ts";
import { type EspAlgorithm, type EspIntegrity, GCM_SALT_OCTETS } from "./algorithms.ts";

const CBC_BLOCK_OCTETS = 16;
const GCM_VECTOR_OCTETS = 8;
const GCM_TAG_OCTETS = 16;

/** An algorithm with its keys. */
export interface EspKeys {
  readonly algorithm: EspAlgorithm;
  readonly encryptionKey: Uint8Array;
  readonly integrityKey: Uint8Array;
}

/**
 * Seals and opens ESP packets by node:crypto, which takes long to load: only for who has ESP configured. The initialization
 * vectors are random: that of AES-CBC must not be foreseeable, and why that of AES-GCM may be, see PACKET_LIMIT.
 */
export function espCipher(keys: EspKeys): EspCipher {
  const { blockOctets, seal, open } = keys.algorithm.encryption === "aes-gcm-16"
    ? gcm(keys.encryptionKey)
    : withCheckValue(keys);
  return {
    blockOctets,
    seal: (header, content, high) => asUint8Array(seal(header, content, high)),
    open(packet, high) {
      const content = open(packet, high);
      return content === undefined ? undefined : asUint8Array(content);
    },
  };
}

/** A Buffer's slice() is a view, where a Uint8Array's is a copy: no Buffer gets into core. */
function asUint8Array({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

/** The same octets, not a copy: a key is in one place, where it can be overwritten. */
function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, length);
}

/** Encryption, and an integrity check value behind it. */
function withCheckValue(
  { algorithm: { encryption, integrity }, encryptionKey, integrityKey }: EspKeys,
): EspCipher {
  const { blockOctets, seal, open } = encryption === "null" ? NULL_ENCRYPTION : cbc(encryptionKey);
  return {
    blockOctets,
    seal(header, content, high) {
      const covered = Buffer.concat([header, seal(content)]);
      return Buffer.concat([covered, checkValue(covered, high, integrity!, integrityKey)]);
    },
    open(packet, high) {
      const end = packet.length - integrity!.octets;
      if (end < ESP_HEADER_OCTETS) return undefined;
      const covered = packet.subarray(0, end);
      const right = checkValue(covered, high, integrity!, integrityKey);
      if (!timingSafeEqual(right, packet.subarray(end))) return undefined;
      return open(covered.subarray(ESP_HEADER_OCTETS));
    },
  };
}

/** The high-order bits stand behind what is covered, and are not sent (RFC 4303 section 2.2.1). */
function checkValue(
  covered: Uint8Array,
  high: number | undefined,
  { hash, octets }: EspIntegrity,
  key: Uint8Array,
): Uint8Array {
  const hmac = createHmac(hash, asBuffer(key)).update(covered);
  if (high !== undefined) hmac.update(uint32(high));
  return hmac.digest().subarray(0, octets);
}

/** Encryption alone: initialization vector and ciphertext of content, and back. */
interface Encryption {
  readonly blockOctets: number;
  readonly seal: (content: Uint8Array) => Uint8Array;
  /** Undefined where the length cannot be. */
  readonly open: (sealed: Uint8Array) => Uint8Array | undefined;
}

const NULL_ENCRYPTION: Encryption = {
  blockOctets: ESP_ALIGNMENT_OCTETS,
  seal: (content) => content,
  open: (sealed) => sealed,
};

/** Block by block, and the block before upon it: the runtime has AES-192 in no other way. */
function cbc(key: Uint8Array): Encryption {
  const name = `aes-${8 * key.length}-ecb` as "aes-256-cbc";
  return {
    blockOctets: CBC_BLOCK_OCTETS,
    seal(content) {
      const cipher = createCipheriv(name, asBuffer(key), null);
      cipher.setAutoPadding(false);
      const sealed = Buffer.concat([randomBytes(CBC_BLOCK_OCTETS), content]);
      for (let at = CBC_BLOCK_OCTETS; at < sealed.length; at += CBC_BLOCK_OCTETS) {
        const block = sealed.subarray(at, at + CBC_BLOCK_OCTETS);
        for (let index = 0; index < CBC_BLOCK_OCTETS; index++) {
          block[index] ^= sealed[at - CBC_BLOCK_OCTETS + index];
        }
        block.set(cipher.update(block));
      }
      cipher.final();
      return sealed;
    },
    open(sealed) {
      const octets = sealed.length - CBC_BLOCK_OCTETS;
      if (octets <= 0 || octets % CBC_BLOCK_OCTETS !== 0) return undefined;
      const decipher = createDecipheriv(name, asBuffer(key), null);
      decipher.setAutoPadding(false);
      const content = Buffer.concat([decipher.update(sealed.subarray(CBC_BLOCK_OCTETS)), decipher.final()]);
      for (let index = 0; index < octets; index++) content[index] ^= sealed[index];
      return content;
    },
  };
}

/** RFC 4106. The end of the key is the salt: the nonce is the salt and the vector. */
function gcm(keyAndSalt: Uint8Array): EspCipher {
  const keyOctets = keyAndSalt.length - GCM_SALT_OCTETS;
  const name = `aes-${8 * keyOctets}-gcm` as "aes-256-gcm";
  const key = asBuffer(keyAndSalt.subarray(0, keyOctets));
  const salt = keyAndSalt.subarray(keyOctets);
  return {
    blockOctets: ESP_ALIGNMENT_OCTETS,
    seal(header, content, high) {
      const vector = randomBytes(GCM_VECTOR_OCTETS);
      const cipher = createCipheriv(name, key, Buffer.concat([salt, vector]));
      cipher.setAAD(additionalData(header, high));
      return Buffer.concat([header, vector, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
    },
    open(packet, high) {
      const start = ESP_HEADER_OCTETS + GCM_VECTOR_OCTETS;
      const end = packet.length - GCM_TAG_OCTETS;
      if (end < start) return undefined;
      const nonce = Buffer.concat([salt, packet.subarray(ESP_HEADER_OCTETS, start)]);
      const decipher = createDecipheriv(name, key, nonce);
      decipher.setAAD(additionalData(packet.subarray(0, ESP_HEADER_OCTETS), high));
      decipher.setAuthTag(Buffer.from(packet.subarray(end)));
      try {
        return Buffer.concat([decipher.update(packet.subarray(start, end)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}

/** SPI and sequence number, the extended one with all its 64 bits (RFC 4106 section 5). */
function additionalData(header: Uint8Array, high: number | undefined): Buffer {
  return high === undefined
    ? Buffer.from(header)
    : Buffer.concat([header.subarray(0, 4), uint32(high), header.subarray(4)]);
}

function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}
