import { Netlink } from "../../ffi/netlink.ts";
import { NetlinkSubscription } from "../../ffi/netlink_subscription.ts";
import { isForwarding } from "./forwarding.ts";

/**
 * TCP of a mobile host hands over at most so many octets at once: in segments of 1400 octets, with headers for each, they
 * just fit one message of the data path (65,507 octets) where 64 KB would take two.
 */
const OF_HOST = 62_000;
/** What is forwarded has the size that it came with; what is longer than this, the kernel would cut before it hands it over. */
const WHERE_FORWARDED = 65_536;

/** The longest packet that the kernel gives a TUN device (`gso_max_size`): another one while the host forwards. */
export class HostPacketSize implements AsyncDisposable {
  readonly #netlink = new Netlink();
  readonly #settings = new NetlinkSubscription(["setting"]);
  readonly #tun: number;
  #size = WHERE_FORWARDED;
  readonly #ended: Promise<void>;

  /**
   * @param onFailure called once, where the device is gone
   * @throws SystemError without the device
   */
  constructor(tun: string, onFailure: (error: unknown) => void) {
    this.#tun = this.#netlink.requireLink(tun).index;
    this.#set();
    this.#ended = this.#follow().catch(onFailure);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#settings.close();
    await this.#ended;
    this.#netlink.close();
  }

  async #follow(): Promise<void> {
    // Whichever setting it was: many come at once, when an interface comes.
    for await (const _ of this.#settings) this.#set();
  }

  #set(): void {
    const size = isForwarding() ? WHERE_FORWARDED : OF_HOST;
    if (size === this.#size) return;
    this.#netlink.setLink(this.#tun, { gsoMaxSize: size });
    this.#size = size;
  }
}
