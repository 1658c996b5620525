/** What a TUN device leaves to us, and takes from us: see Tun. Of its own: a command line is read without any system call. */
export interface TunOffloads {
  readonly header: boolean;
  readonly tcp: boolean;
  readonly udp: boolean;
}

export const NO_TUN_OFFLOADS: TunOffloads = { header: false, tcp: false, udp: false };
