/** Text as C wants it: UTF-8, ended by a zero octet. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** The text before the first zero octet. */
export function fromCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** IFNAMSIZ of <linux/if.h>, with the zero octet. */
export const INTERFACE_NAME_OCTETS = 16;

// struct ifreq of <linux/if.h>: char ifr_name[16]; a union of 24 octets
const IFREQ_OCTETS = 40;

/** What an ioctl() about an interface takes and fills in (netdevice(7)): its name, and zeros from INTERFACE_NAME_OCTETS on. */
export function interfaceRequest(name: string): Uint8Array<ArrayBuffer> {
  const request = new Uint8Array(IFREQ_OCTETS);
  request.set(cString(name));
  return request;
}

/**
 * Why the kernel would refuse this as the name of a network interface; undefined when it is a good name.
 * (dev_valid_name() in the kernel, and no "%", which the kernel would take for a template.)
 */
export function invalidInterfaceName(name: string): string | undefined {
  if (name === "") return "is empty";
  if (new TextEncoder().encode(name).length >= INTERFACE_NAME_OCTETS) {
    return `is longer than ${INTERFACE_NAME_OCTETS - 1} octets`;
  }
  if (name === "." || name === ".." || /[/:%\s\0]/.test(name)) {
    return `may not be "." or "..", nor hold "/", ":", "%" or white space`;
  }
  return undefined;
}
