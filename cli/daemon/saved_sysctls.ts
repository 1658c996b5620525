import { readSysctl, writeSysctl } from "../../ffi/sysctl.ts";
import { readSecretFile } from "../configuration/key_file.ts";
import { messageOf } from "../output/fault.ts";
import type { Log } from "./log.ts";
import { replaceFile } from "./replace_file.ts";
import { removeIfThere } from "./remove_if_there.ts";

/** A parameter takes about 50. */
const MAXIMUM_FILE_OCTETS = 1_048_576;

/**
 * Kernel parameters that dsmip changes, with the values that they had before: in a file, too, from before the first change
 * until all are given back. So the next run gives back what a killed one could not.
 */
export class SavedSysctls implements Disposable {
  readonly #log: Log;
  readonly #path: string;
  readonly #before = new Map<string, string>();

  /**
   * Gives back what a killed run left changed.
   * @param options `path`: of the file, in a folder that exists; one for each daemon
   */
  constructor({ path, log }: { readonly path: string; readonly log: Log }) {
    this.#path = path;
    this.#log = log;
    for (const [key, value] of readSaved(path, log)) {
      this.#log.info("left over from an earlier run, given back", { key, value });
      this.#before.set(key, value);
    }
    this.giveBack(() => true);
  }

  /**
   * Sets a parameter. One that does not exist or must not be written is a warning in the log.
   * @param key with slashes: "net/ipv6/conf/eth0/accept_ra"
   */
  set(key: string, value: string): void {
    try {
      const before = readSysctl(key);
      if (before === value) return;
      if (!this.#before.has(key)) {
        this.#before.set(key, before);
        this.#write();
      }
      writeSysctl(key, value);
    } catch (error) {
      this.#log.warning("kernel parameter not set", { key, value, error: messageOf(error) });
    }
  }

  /** Gives back those parameters whose key this holds for. Interfaces that have gone took theirs along. */
  giveBack(isMeant: (key: string) => boolean): void {
    for (const [key, value] of [...this.#before].filter(([key]) => isMeant(key)).reverse()) {
      this.#before.delete(key);
      try {
        writeSysctl(key, value);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) continue;
        this.#log.warning("kernel parameter not given back", { key, value, error: messageOf(error) });
      }
    }
    this.#write();
  }

  /** An interface has a new name, and so have its parameters. */
  renameInterface(from: string, to: string): void {
    if (from === to) return;
    for (const [key, value] of [...this.#before]) {
      const renamed = key.split("/").map((part) => part === from ? to : part).join("/");
      if (renamed === key) continue;
      this.#before.delete(key);
      this.#before.set(renamed, value);
    }
    this.#write();
  }

  /** Gives everything back. */
  [Symbol.dispose](): void {
    this.giveBack(() => true);
  }

  #write(): void {
    try {
      if (this.#before.size === 0) return removeIfThere(this.#path);
      replaceFile(this.#path, JSON.stringify(Object.fromEntries(this.#before)));
    } catch (error) {
      this.#log.warning("kernel parameters not noted: a killed daemon would leave them changed", {
        error: messageOf(error),
      });
    }
  }
}

/**
 * What a killed run noted; nothing where the file is missing, holds something else, or is not this user's alone: what stands
 * there is written into the kernel.
 */
function readSaved(path: string, log: Log): [key: string, value: string][] {
  const read = readSecretFile(path, "it", MAXIMUM_FILE_OCTETS);
  if (!("bytes" in read)) {
    if ("mistake" in read) {
      log.warning("noted kernel parameters not given back", { file: path, reason: read.mistake });
    }
    return [];
  }
  let saved: unknown;
  try {
    saved = JSON.parse(new TextDecoder().decode(read.bytes));
  } catch {
    return [];
  }
  if (typeof saved !== "object" || saved === null) return [];
  return Object.entries(saved).filter(([key, value]) =>
    typeof value === "string" && /^net\/ipv[46]\/(conf|neigh)\/(?!\.\.?\/)[^/]+\/\w+$/.test(key)
  );
}
