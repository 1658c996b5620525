import { visible } from "../output/table.ts";
import { readUpTo } from "./bounded_read.ts";
import { looksLikeKey } from "./mistake.ts";
import { nameOf } from "./path.ts";

/** A shared key, or why there is none: a text that names the file, never what stands in it. */
export type KeyFileResult = { readonly key: Uint8Array } | { readonly mistake: string };

/** RFC 4285 section 5.1 wants 16 octets; longer keys suit HMAC-SHA-256. */
export const MINIMUM_KEY_OCTETS = 16;
export const MAXIMUM_KEY_OCTETS = 64;
const MAXIMUM_FILE_OCTETS = 1024;

/**
 * Reads a shared key: hexadecimal digits, white space ignored, in a regular file that belongs to the user or to
 * root and that nobody else can read or write.
 */
export function readKeyFile(path: string): KeyFileResult {
  const name = `key file ${visible(path)}`;
  const result = readSecretFile(path, name, MAXIMUM_FILE_OCTETS);
  if ("bytes" in result) return parseKey(name, result.bytes);
  if ("mistake" in result) return result;
  if (looksLikeKey(nameOf(path))) {
    return { mistake: "this looks like a key itself; write it to a file and name that" };
  }
  return result.missing
    ? { mistake: `${name} does not exist: ${HOW_TO_MAKE} ${visible(path)})` }
    : { mistake: `${name} cannot be read ${result.reason}` };
}

/** What a secret file holds, or why it may not be used, or why it cannot be read: the end of "cannot be read". */
export type SecretFileResult =
  | { readonly bytes: Uint8Array }
  | { readonly mistake: string }
  | { readonly missing: boolean; readonly reason: string };

/**
 * Reads a regular file that belongs to the user or to root and that nobody else can read or write; `name` is what a
 * mistake calls it: "key file mn1.key".
 */
export function readSecretFile(path: string, name: string, maximumOctets: number): SecretFileResult {
  try {
    // First the kind: to open a pipe would wait for its other end.
    if (!Deno.statSync(path).isFile) return { mistake: `${name} is not a regular file` };
    using file = Deno.openSync(path, { read: true });
    const { mode, uid } = file.statSync();
    if (uid !== null && uid !== 0 && uid !== Deno.uid()) {
      return {
        mistake: `${name} belongs to another user (uid ${uid}): chown it to the user who runs dsmip`,
      };
    }
    if (((mode ?? 0) & 0o077) !== 0) {
      const octal = ((mode ?? 0) & 0o777).toString(8).padStart(4, "0");
      return { mistake: `${name} can be used by others (mode ${octal}): chmod 600 ${visible(path)}` };
    }
    const bytes = readUpTo(file, maximumOctets + 1);
    return bytes.length <= maximumOctets
      ? { bytes }
      : { mistake: `${name} is longer than ${maximumOctets} octets` };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { missing: true, reason: "(no such file)" };
    if (error instanceof Deno.errors.PermissionDenied) {
      return {
        missing: false,
        reason: "by this user: run dsmip as its owner, or chown it to the user who runs dsmip",
      };
    }
    return { missing: false, reason: `(${error instanceof Error ? error.name : "unknown error"})` };
  }
}

const HOW_TO_MAKE = "make one with: (umask 077; od -An -N32 -tx1 /dev/urandom >";

function parseKey(name: string, bytes: Uint8Array): KeyFileResult {
  const digits = new TextDecoder().decode(bytes).replace(/\s+/g, "");
  if (!/^[0-9a-fA-F]*$/.test(digits)) {
    return { mistake: `${name} holds something else than hexadecimal digits and white space` };
  }
  const octets = digits.length / 2;
  if (!Number.isInteger(octets) || octets < MINIMUM_KEY_OCTETS || octets > MAXIMUM_KEY_OCTETS) {
    const allowed = `an even number from ${2 * MINIMUM_KEY_OCTETS} to ${2 * MAXIMUM_KEY_OCTETS}`;
    return { mistake: `${name} holds ${digits.length} hexadecimal digits; allowed: ${allowed}` };
  }
  return {
    key: Uint8Array.from({ length: octets }, (_, index) => Number.parseInt(digits.substr(2 * index, 2), 16)),
  };
}
