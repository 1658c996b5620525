const ROOT = "/proc/sys";

/** @param key with slashes, because interface names may hold dots: "net/ipv6/conf/all/forwarding" */
export function readSysctl(key: string): string {
  return Deno.readTextFileSync(`${ROOT}/${key}`).trim();
}

/**
 * Sets a kernel parameter of the calling thread's network namespace.
 * @returns the value that it had before, for writing it back
 * @throws Deno.errors.NotFound where the kernel has no such parameter, Deno.errors.PermissionDenied
 */
export function writeSysctl(key: string, value: string): string {
  const before = readSysctl(key);
  if (before !== value) Deno.writeTextFileSync(`${ROOT}/${key}`, value, { create: false });
  return before;
}
