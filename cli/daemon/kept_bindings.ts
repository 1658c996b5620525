import type { KeptUpdate } from "../../core/control/update_origin.ts";
import { parseIpv4, parseIpv6 } from "../../core/wire/address.ts";
import { readSecretFile } from "../configuration/key_file.ts";
import { folderOf } from "../configuration/path.ts";
import { messageOf } from "../output/fault.ts";
import type { Log } from "./log.ts";
import { removeIfThere } from "./remove_if_there.ts";
import { replaceFile } from "./replace_file.ts";

/** Of another format, the file is another program's. */
const FORMAT = "dsmip bindings 1";
/** 10,000 bindings take 3 MB. */
const MAXIMUM_FILE_OCTETS = 64 * 1024 * 1024;

/**
 * Writes down what the next home agent makes its bindings of: a file that only this user reads, whole or not at all. No key is
 * in it. What cannot be written is a warning: mobile nodes register anew then, when they hear of it.
 * @param path its folder is made where it is missing
 */
export function keepBindings(path: string, updates: readonly KeptUpdate[], log: Log): void {
  try {
    if (updates.length === 0) return removeIfThere(path);
    const lines = updates.map(({ outer, packet, receivedUnixMs }) =>
      JSON.stringify({ outer, packet: packet.toHex(), receivedUnixMs })
    );
    Deno.mkdirSync(folderOf(path), { recursive: true, mode: 0o700 });
    replaceFile(path, [FORMAT, ...lines, "end", ""].join("\n"));
  } catch (error) {
    log.warning("bindings not kept: mobile nodes register anew", { file: path, error: messageOf(error) });
  }
}

/**
 * Reads what the last home agent has written, once: from then on it is not true any more, so it is removed. A file that is
 * damaged, of another user or of another program is a warning, and nothing of it is taken.
 */
export function takeKeptBindings(path: string, log: Log): KeptUpdate[] {
  const warn = (reason: string): KeptUpdate[] => {
    log.warning("kept bindings not taken: mobile nodes register anew", { file: path, reason });
    return [];
  };
  const read = readSecretFile(path, "it", MAXIMUM_FILE_OCTETS);
  if ("missing" in read && read.missing) return [];
  try {
    removeIfThere(path);
  } catch (error) {
    // Read a second time, it would bring bindings back that are gone by then.
    return warn(messageOf(error));
  }
  if (!("bytes" in read)) return warn("mistake" in read ? read.mistake : `cannot be read ${read.reason}`);
  const [format, ...lines] = new TextDecoder().decode(read.bytes).split("\n");
  if (format !== FORMAT) return warn(`does not begin with "${FORMAT}"`);
  if (lines.pop() !== "" || lines.pop() !== "end") return warn("its end is missing");
  const updates = lines.map(parseUpdate);
  const bad = updates.indexOf(undefined);
  return bad < 0 ? updates as KeptUpdate[] : warn(`line ${bad + 2} is damaged`);
}

function parseUpdate(line: string): KeptUpdate | undefined {
  try {
    const { outer, packet, receivedUnixMs } = JSON.parse(line);
    if (!Number.isFinite(receivedUnixMs) || !(outer === undefined || isOuterSource(outer))) return undefined;
    return { outer, packet: Uint8Array.fromHex(packet), receivedUnixMs };
  } catch {
    return undefined;
  }
}

function isOuterSource(value: unknown): value is KeptUpdate["outer"] {
  if (typeof value !== "object" || value === null) return false;
  const { address, port } = value as { readonly address: unknown; readonly port: unknown };
  if (typeof address !== "string" || !Number.isInteger(port)) return false;
  const isAddress = parseIpv4(address) !== undefined || parseIpv6(address) !== undefined;
  return isAddress && (port as number) >= 0 && (port as number) <= 0xffff;
}
