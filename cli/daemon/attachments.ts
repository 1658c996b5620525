import type { SendPacket, SendSignalling } from "../../core/control/action.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { interfaceIndexOf } from "../../ffi/interface_index.ts";
import { messageOf } from "../output/fault.ts";
import { type Attachment, type AttachmentOptions, openAttachment } from "./attachment.ts";
import type { DataPathGroup } from "./data_path_group.ts";

/** What attachments need of the data path. */
type SocketTaker = Pick<DataPathGroup, "setSockets">;

/** The attachment in use, and the one before it. */
const MAXIMUM_KEPT = 2;

/**
 * The attachment in use, and the one before it: packets that still arrive by the old care-of address are taken until the
 * next change. A node that goes back and forth keeps its sockets.
 */
export class Attachments implements AsyncDisposable {
  readonly #dataPath: SocketTaker;
  readonly #options: Omit<AttachmentOptions, "candidate">;
  #wanted: CareOfAddressCandidate | undefined;
  #spis: ReadonlySet<number> = new Set();
  /** The last one first. */
  #kept: readonly Attachment[] = [];
  /** Those that the data path still has, though it is to let go of them. */
  #left: readonly Attachment[] = [];
  /** Does the data path know of what is kept? */
  #isTold = true;
  /** Those that close while the traffic goes on by another. */
  readonly #closing = new Map<Attachment, Promise<void>>();

  constructor(dataPath: SocketTaker, options: Omit<AttachmentOptions, "candidate">) {
    this.#dataPath = dataPath;
    this.#options = options;
  }

  /**
   * Resolves when signalling can be sent from there, or from nowhere. The data path follows behind the first message, which
   * goes before everything else. What cannot be opened is told in the log, and tried again when something is to be sent.
   */
  async change(candidate: CareOfAddressCandidate | undefined): Promise<void> {
    this.#wanted = candidate;
    if (candidate === undefined) return this.#tell();
    const serving = this.#kept.find((attachment) => serves(attachment, candidate));
    if (serving !== undefined) return this.#keep([serving, ...this.#kept.filter((one) => one !== serving)]);
    // Of an interface that has gone, or of another one: the port has to be free again first.
    const hasAddress = (attachment: Attachment) => attachment.candidate.address === candidate.address;
    this.#keep(this.#kept.filter((attachment) => !hasAddress(attachment)));
    if (this.#left.some(hasAddress)) this.#tell();
    await Promise.all([...this.#closing].filter(([one]) => hasAddress(one)).map(([, closed]) => closed));
    this.#open(candidate);
  }

  /** ESP with one of these SPIs is signalling from now on, at all care-of addresses. */
  setSpis(spis: ReadonlySet<number>): void {
    this.#spis = spis;
    for (const attachment of this.#kept) attachment.setSpis(spis);
  }

  send(action: SendSignalling | SendPacket): void {
    if (this.#current === undefined && this.#wanted !== undefined) this.#open(this.#wanted);
    if (this.#current !== undefined) this.#current.send(action);
    else {
      const details = { source: action.source ?? "" };
      this.#options.log.debug("dropped: no socket for this care-of address", details);
    }
    if (!this.#isTold) this.#tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wanted = undefined;
    this.#keep([]);
    this.#tell();
    await Promise.all(this.#closing.values());
  }

  get #current(): Attachment | undefined {
    const [last] = this.#kept;
    return last?.candidate.address === this.#wanted?.address ? last : undefined;
  }

  #open(candidate: CareOfAddressCandidate): void {
    try {
      const attachment = openAttachment({ ...this.#options, candidate });
      this.#keep([attachment, ...this.#kept]);
      attachment.setSpis(this.#spis);
    } catch (error) {
      const { log } = this.#options;
      log.error("care-of address not usable", { address: candidate.address, reason: messageOf(error) });
    }
  }

  /** Keeps the first of these; the data path does not know yet. */
  #keep(attachments: readonly Attachment[]): void {
    const before = this.#kept;
    this.#kept = attachments.slice(0, MAXIMUM_KEPT);
    this.#left = [...this.#left, ...before].filter((attachment) => !this.#kept.includes(attachment));
    this.#isTold = false;
  }

  /** Tells the data path what there is, and closes what it lets go of. */
  #tell(): void {
    this.#isTold = true;
    const current = this.#current?.outer;
    const retiring = this.#kept.find((attachment) => attachment !== this.#current)?.outer;
    const told = this.#dataPath.setSockets({
      ipv4: current?.family === 4 ? current.queues : undefined,
      ipv6: current?.family === 6 ? current.queues : undefined,
      retiring: retiring?.queues,
    });
    for (const left of this.#left) {
      const closed = told.then(() => left[Symbol.asyncDispose]())
        .catch((error) => this.#options.log.error("a socket was not closed", { error: messageOf(error) }))
        .then(() => void this.#closing.delete(left));
      this.#closing.set(left, closed);
    }
    this.#left = [];
  }
}

/** Would new sockets be the same? An interface that was removed and made again has another index. */
function serves(attachment: Attachment, candidate: CareOfAddressCandidate): boolean {
  return candidate.address === attachment.candidate.address &&
    candidate.interfaceName === attachment.candidate.interfaceName &&
    attachment.interfaceIndex === interfaceIndexOf(candidate.interfaceName);
}
