import type { SendPacket, SendSignalling } from "../../core/control/action.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { interfaceIndexOf } from "../../ffi/interface_index.ts";
import { messageOf } from "../output/fault.ts";
import { type Attachment, type AttachmentOptions, openAttachment } from "./attachment.ts";
import type { DataPathGroup } from "./data_path_group.ts";

/**
 * The attachment in use, and the one before it: packets that still arrive by the old care-of address are taken until the
 * next change. A node that goes back and forth keeps its sockets.
 */
export class Attachments implements AsyncDisposable {
  readonly #dataPath: DataPathGroup;
  readonly #options: Omit<AttachmentOptions, "candidate">;
  #current: Attachment | undefined;
  #retiring: Attachment | undefined;
  /** Attachments that close while the traffic goes on by another. */
  readonly #closing = new Set<Promise<void>>();

  constructor(dataPath: DataPathGroup, options: Omit<AttachmentOptions, "candidate">) {
    this.#dataPath = dataPath;
    this.#options = options;
  }

  /**
   * Resolves when signalling can be sent from there, or from nowhere; the data path follows without being waited for.
   * What cannot be opened is told in the log.
   */
  async change(candidate: CareOfAddressCandidate | undefined): Promise<void> {
    const before = [this.#current, this.#retiring];
    const serving = before.find((attachment) => attachment !== undefined && serves(attachment, candidate));
    if (serving !== undefined) {
      this.#retiring = before.find((attachment) => attachment !== serving);
      this.#current = serving;
      void this.#tell();
      return;
    }
    this.#retiring = this.#current;
    this.#current = undefined;
    const left = [before[1]];
    const hasAddress = (attachment?: Attachment) => attachment?.candidate.address === candidate?.address;
    if (candidate !== undefined && before.some(hasAddress)) {
      // On another interface: the port has to be free again first.
      left.push(this.#retiring);
      this.#retiring = undefined;
      await this.#tell();
      await Promise.all(left.splice(0).map(close));
    }
    if (candidate !== undefined) this.#current = this.#open(candidate);
    this.#closeBehind(this.#tell(), left);
  }

  send(action: SendSignalling | SendPacket): void {
    if (this.#current !== undefined) return this.#current.send(action);
    this.#options.log.debug("dropped: no socket for this care-of address", { source: action.source ?? "" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.#current, this.#retiring];
    this.#current = undefined;
    this.#retiring = undefined;
    await this.#tell();
    await Promise.all([...all.map(close), ...this.#closing]);
  }

  #open(candidate: CareOfAddressCandidate): Attachment | undefined {
    try {
      return openAttachment({ ...this.#options, candidate });
    } catch (error) {
      const { log } = this.#options;
      log.error("care-of address not usable", { address: candidate.address, reason: messageOf(error) });
    }
  }

  /** Tells the data path what there is: it lets go of sockets before they are closed. */
  #tell(): Promise<void> {
    const current = this.#current?.outer;
    return this.#dataPath.setSockets({
      ipv4: current?.family === 4 ? current.queues : undefined,
      ipv6: current?.family === 6 ? current.queues : undefined,
      retiring: this.#retiring?.outer.queues,
    });
  }

  /** Closes what the data path lets go of. */
  #closeBehind(told: Promise<void>, attachments: readonly (Attachment | undefined)[]): void {
    const closing = told.then(() => Promise.all(attachments.map(close)))
      .catch((error) => this.#options.log.error("a socket was not closed", { error: messageOf(error) }))
      .then(() => void this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

async function close(attachment: Attachment | undefined): Promise<void> {
  await attachment?.[Symbol.asyncDispose]();
}

/** Would new sockets be the same? An interface that was removed and made again has another index. */
function serves(attachment: Attachment, candidate: CareOfAddressCandidate | undefined): boolean {
  return candidate?.address === attachment.candidate.address &&
    candidate.interfaceName === attachment.candidate.interfaceName &&
    attachment.interfaceIndex === interfaceIndexOf(candidate.interfaceName);
}
