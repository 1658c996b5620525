/** struct virtio_net_hdr in front of a packet of the TUN device: what is left to do with it (<linux/virtio_net.h>). */
export interface TunHeader {
  /** The checksum field holds the sum of the pseudo header only: complete it over all from `checksumStart` on. */
  readonly needsChecksum: boolean;
  /** Cut into segments with headers of their own. CWR in TCP belongs to the first one only. */
  readonly segmentation: "none" | "tcpv4" | "tcpv6" | "udp";
  /** Octets of all headers of each segment. The kernel's own value: not relied on. */
  readonly headersLength: number;
  /** Payload octets of each segment but the last. */
  readonly segmentOctets: number;
  /** Where the transport header begins, from the IP header on, and the checksum field, from there on. */
  readonly checksumStart: number;
  readonly checksumOffset: number;
}
