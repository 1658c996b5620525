import type { Ipv4Address } from "../../wire/address.ts";
import { type DhcpMessage, DhcpMessageType } from "../../wire/dhcpv4.ts";

/** What a server says of its network. */
export interface DhcpServerSettings {
  /** The first three octets of what it grants. */
  readonly network: string;
  /** The server's own, and the default router's. */
  readonly address: Ipv4Address;
  readonly leaseSeconds: number;
  readonly rapidCommit: boolean;
}

/** The part of an answer that depends on the request. */
export type DhcpAnswer = Pick<DhcpMessage, "yourAddress" | "options">;

const FIRST_HOST = 10;
const LAST_HOST = 250;

/** The least that a DHCP server does (RFC 2131 section 4.3): one address for each client, another one after DECLINE. */
export class DhcpServer {
  readonly #settings: DhcpServerSettings;
  /** By hardware address. */
  readonly #leases = new Map<string, Ipv4Address>();
  #nextHost = FIRST_HOST;

  constructor(settings: DhcpServerSettings) {
    this.#settings = settings;
  }

  /** What a client has. */
  leaseOf(hardwareAddress: Uint8Array): Ipv4Address | undefined {
    return this.#leases.get(hardwareAddress.toString());
  }

  /** Undefined: it says nothing. */
  answer({ clientHardwareAddress, clientAddress, options }: DhcpMessage): DhcpAnswer | undefined {
    const client = clientHardwareAddress.toString();
    switch (options.messageType) {
      case DhcpMessageType.discover: {
        const rapid = this.#settings.rapidCommit && options.rapidCommit === true;
        const answer = this.#grant(
          this.#addressFor(client),
          rapid ? DhcpMessageType.ack : DhcpMessageType.offer,
        );
        return rapid ? { ...answer, options: { ...answer.options, rapidCommit: true } } : answer;
      }
      case DhcpMessageType.request: {
        const { serverIdentifier } = options;
        if (serverIdentifier !== undefined && serverIdentifier !== this.#settings.address) return undefined;
        const wanted = options.requestedAddress ?? clientAddress;
        if (this.#leases.get(client) === wanted) return this.#grant(wanted, DhcpMessageType.ack);
        const { address } = this.#settings;
        const nak = { messageType: DhcpMessageType.nak, serverIdentifier: address };
        return { yourAddress: "0.0.0.0", options: nak };
      }
      case DhcpMessageType.decline:
      case DhcpMessageType.release:
        this.#leases.delete(client);
    }
    return undefined;
  }

  #addressFor(client: string): Ipv4Address {
    const known = this.#leases.get(client);
    if (known !== undefined) return known;
    const address = `${this.#settings.network}.${this.#nextHost}`;
    this.#nextHost = this.#nextHost === LAST_HOST ? FIRST_HOST : this.#nextHost + 1;
    this.#leases.set(client, address);
    return address;
  }

  #grant(yourAddress: Ipv4Address, messageType: number): DhcpAnswer {
    const { address, leaseSeconds } = this.#settings;
    return {
      yourAddress,
      options: {
        messageType,
        serverIdentifier: address,
        subnetMask: "255.255.255.0",
        routers: [address],
        leaseSeconds,
      },
    };
  }
}
