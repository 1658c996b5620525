/**
 * The algorithms and keys of one security association: encryption and integrity (RFC 4303 section 2). Given to core from
 * outside, because core calls no runtime API and draws no initialization vectors.
 */
export interface EspCipher {
  /** The content to seal is a multiple of so many octets. */
  readonly blockOctets: number;
  /**
   * A whole ESP packet of its header and content. `highOrder`: the upper half of an extended sequence number, which is
   * covered and not sent (RFC 4303 section 2.2.1); undefined without.
   */
  readonly seal: (header: Uint8Array, content: Uint8Array, highOrder: number | undefined) => Uint8Array;
  /** The content of a whole ESP packet; undefined where the integrity check fails or the length cannot be. */
  readonly open: (packet: Uint8Array, highOrder: number | undefined) => Uint8Array | undefined;
}
