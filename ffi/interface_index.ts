import { cString } from "./c_string.ts";
import { libc } from "./libc.ts";

/** The index of a network interface; 0 where none has this name (if_nametoindex(3)). */
export function interfaceIndexOf(name: string): number {
  return libc.if_nametoindex(cString(name));
}
