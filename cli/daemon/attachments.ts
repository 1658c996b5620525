import type { SendPacket, SendSignalling } from "../../core/control/action.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { messageOf } from "../output/fault.ts";
import { type Attachment, type AttachmentOptions, openAttachment } from "./attachment.ts";
import type { DataPathGroup } from "./data_path_group.ts";

/**
 * The attachment in use, and the one before it: packets that still arrive by the old care-of address are taken until the
 * next change.
 */
export class Attachments implements AsyncDisposable {
  readonly #dataPath: DataPathGroup;
  readonly #options: Omit<AttachmentOptions, "candidate">;
  #current: Attachment | undefined;
  #retiring: Attachment | undefined;

  constructor(dataPath: DataPathGroup, options: Omit<AttachmentOptions, "candidate">) {
    this.#dataPath = dataPath;
    this.#options = options;
  }

  /** Resolves when the data path sends from there, or from nowhere. What cannot be opened is told in the log. */
  async change(candidate: CareOfAddressCandidate | undefined): Promise<void> {
    const isAgain = (attachment: Attachment | undefined) =>
      attachment !== undefined && attachment.candidate.address === candidate?.address;
    const closing = [this.#retiring];
    this.#retiring = this.#current;
    this.#current = undefined;
    // An address that comes back needs its port again.
    if (isAgain(this.#retiring) || isAgain(closing[0])) {
      closing.push(this.#retiring);
      this.#retiring = undefined;
      await this.#close(closing.splice(0));
    }
    if (candidate !== undefined) {
      try {
        this.#current = openAttachment({ ...this.#options, candidate });
      } catch (error) {
        const { log } = this.#options;
        log.error("care-of address not usable", { address: candidate.address, reason: messageOf(error) });
      }
    }
    await this.#close(closing);
  }

  send(action: SendSignalling | SendPacket): void {
    if (this.#current !== undefined) return this.#current.send(action);
    this.#options.log.debug("dropped: no socket for this care-of address", { source: action.source ?? "" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.#current, this.#retiring];
    this.#current = undefined;
    this.#retiring = undefined;
    await this.#close(all);
  }

  /** The data path lets go of sockets before they are closed. */
  async #close(attachments: readonly (Attachment | undefined)[]): Promise<void> {
    const current = this.#current?.outer;
    await this.#dataPath.setSockets({
      ipv4: current?.family === 4 ? current.queues : undefined,
      ipv6: current?.family === 6 ? current.queues : undefined,
      retiring: this.#retiring?.outer.queues,
    });
    for (const attachment of attachments) await attachment?.[Symbol.asyncDispose]();
  }
}
