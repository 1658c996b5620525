import { Netlink } from "../../ffi/netlink.ts";
import { NetlinkSubscription } from "../../ffi/netlink_subscription.ts";
import { Failure } from "../output/fault.ts";

/**
 * Watches the interfaces that a daemon stands on: its TUN device, and the home link. With one that is deleted or set down the
 * kernel takes addresses, routes and proxy entries away, and nobody would notice: so the daemon ends, and who starts it again
 * (systemd, say) gets all of them back.
 */
export class NeededInterfaces implements AsyncDisposable {
  readonly #netlink = new Netlink();
  readonly #changes = new NetlinkSubscription(["link"]);
  readonly #names: ReadonlyMap<number, string>;
  readonly #ended: Promise<void>;

  /**
   * @param onFailure called once, with what has happened
   * @throws SystemError where one of them is not there
   */
  constructor(names: readonly string[], onFailure: (error: unknown) => void) {
    this.#names = new Map(names.map((name) => [this.#netlink.requireLink(name).index, name]));
    this.#ended = this.#follow().catch(onFailure);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changes.close();
    await this.#ended;
    this.#netlink.close();
  }

  /** @throws Failure at the first that is deleted or set down */
  async #follow(): Promise<void> {
    for await (const event of this.#changes) {
      // The kernel sets down what it deletes, and may tell of that alone.
      if (event.kind === "link" && !(event.change === "set" && event.link.up)) this.#miss(event.link.index);
      else if (event.kind === "overrun") this.#lookAtAll();
    }
  }

  #lookAtAll(): void {
    const up = new Set(this.#netlink.links().filter((link) => link.up).map(({ index }) => index));
    for (const index of this.#names.keys()) if (!up.has(index)) this.#miss(index);
  }

  #miss(index: number): void {
    const name = this.#names.get(index);
    if (name === undefined) return;
    throw new Failure(
      `the interface ${name} was deleted or set down, and what stood on it went with it; start dsmip again`,
    );
  }
}
