import { messageOf } from "../output/fault.ts";
import { readUpTo } from "./bounded_read.ts";
import { ConfigurationError } from "./mistake.ts";

const MAXIMUM_CONFIGURATION_OCTETS = 4 * 1024 * 1024;

/** The text of a configuration file. @throws ConfigurationError when there is none, or when it is too long or no text */
export function readConfigurationText(file: string): string {
  const fail = (text: string) => new ConfigurationError(file, [{ line: undefined, text }]);
  let bytes: Uint8Array;
  try {
    using opened = Deno.openSync(file, { read: true });
    bytes = readUpTo(opened, MAXIMUM_CONFIGURATION_OCTETS + 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw fail("there is no such file");
    if (error instanceof Deno.errors.IsADirectory) {
      throw fail("this is a directory; name a configuration file");
    }
    if (error instanceof Deno.errors.PermissionDenied) throw fail("this user may not read it");
    throw fail(`cannot be read: ${messageOf(error)}`);
  }
  if (bytes.length > MAXIMUM_CONFIGURATION_OCTETS) {
    throw fail(`longer than ${MAXIMUM_CONFIGURATION_OCTETS / 1024 / 1024} MiB: is it a configuration file?`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw fail("is not UTF-8 text: is it a configuration file?");
  }
}
