/** How a packet is made unreadable, if at all. */
export type EspEncryption = "null" | "aes-cbc" | "aes-gcm-16";

/** A message authentication code behind the packet. */
export interface EspIntegrity {
  readonly hash: "sha256" | "sha1";
  /** Of the hash, the first so many octets are sent. */
  readonly octets: number;
}

/** An algorithm of ESP, and how long its keys are in octets; no lengths where it takes none. */
export interface EspAlgorithm {
  readonly encryption: EspEncryption;
  /** Undefined where the encryption sees to it. */
  readonly integrity: EspIntegrity | undefined;
  readonly encryptionKeyOctets: readonly number[];
  readonly integrityKeyOctets: readonly number[];
}

/** Of an association in use: 1 to 255 are reserved (RFC 4303 section 2.1). */
export const LOWEST_SPI = 256;

/** The key of AES-GCM ends with it (RFC 4106 section 8.1). */
export const GCM_SALT_OCTETS = 4;
/** Not 24: the runtime has no AES-192 in this mode. */
const GCM_KEY_OCTETS = [16 + GCM_SALT_OCTETS, 32 + GCM_SALT_OCTETS];
const CBC_KEY_OCTETS = [16, 24, 32];

/** RFC 4868 and RFC 2404: the keys are as long as the hash. */
const INTEGRITY: Readonly<Record<string, EspIntegrity & { readonly keyOctets: readonly number[] }>> = {
  "hmac-sha256-128": { hash: "sha256", octets: 16, keyOctets: [32] },
  "hmac-sha1-96": { hash: "sha1", octets: 12, keyOctets: [20] },
};

/** By the names of the file: RFC 2410 (null), RFC 3602 (aes-cbc), RFC 4106 (aes-gcm-16). All have integrity. */
export const ESP_ALGORITHMS: ReadonlyMap<string, EspAlgorithm> = new Map([
  ...Object.entries(INTEGRITY).flatMap(([name, integrity]): [string, EspAlgorithm][] => {
    const integrityKeyOctets = integrity.keyOctets;
    return [
      [`null+${name}`, { encryption: "null", integrity, encryptionKeyOctets: [], integrityKeyOctets }],
      [`aes-cbc+${name}`, {
        encryption: "aes-cbc",
        integrity,
        encryptionKeyOctets: CBC_KEY_OCTETS,
        integrityKeyOctets,
      }],
    ];
  }),
  ["aes-gcm-16", {
    encryption: "aes-gcm-16",
    integrity: undefined,
    encryptionKeyOctets: GCM_KEY_OCTETS,
    integrityKeyOctets: [],
  }],
]);
