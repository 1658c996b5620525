import { ERRNO_NAMES } from "./errno_names.ts";
import { loadLibc } from "./load_libc.ts";

const calls = loadLibc({
  // int *__errno_location(void);  one address per thread
  errnoLocation: { name: "__errno_location", parameters: [], result: "pointer" },
  // char *strerror(int errnum);
  strerror: { parameters: ["i32"], result: "pointer" },
});

export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const EAGAIN = 11;
export const EACCES = 13;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const EINVAL = 22;
export const EMSGSIZE = 90;
export const EPROTONOSUPPORT = 93;
export const EOPNOTSUPP = 95;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETUNREACH = 101;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;

/** "EPERM", or "errno 1234" where the number has no name. */
export function errnoName(errno: number): string {
  const name = ERRNO_NAMES[errno] ?? "-";
  return name === "-" ? `errno ${errno}` : name;
}

let errnoView: Deno.UnsafePointerView | undefined;

/** The errno of the last failed call of this thread. Read it at once, before any other call. */
export function lastErrno(): number {
  errnoView ??= new Deno.UnsafePointerView(calls.errnoLocation()!);
  return errnoView.getInt32();
}

function errnoText(errno: number): string {
  const text = calls.strerror(errno);
  return text === null ? errnoName(errno) : Deno.UnsafePointerView.getCString(text);
}

/**
 * A system call that failed. The message says what could not be done, why, and what to do about it:
 * "Cannot open /dev/net/tun: Permission denied (open: EACCES). Run as root ...".
 */
export class SystemError extends Error {
  override readonly name = "SystemError";
  /** The C function, or the kernel's message type: "ioctl TUNSETIFF", "RTM_NEWROUTE". */
  readonly call: string;
  readonly errno: number;
  readonly errnoName: string;
  /** The end of the message, where there is any. */
  readonly advice: string | undefined;

  /**
   * @param attempt what was tried, as the end of "Cannot ...": "open /dev/net/tun"
   * @param advice what a person can do about it: a whole sentence
   */
  constructor(call: string, errno: number, attempt: string, advice?: string, detail?: string) {
    const reason = detail === undefined ? errnoText(errno) : `${errnoText(errno)}: ${detail}`;
    super(
      `Cannot ${attempt}: ${reason} (${call}: ${errnoName(errno)})${
        advice === undefined ? "" : `. ${advice}`
      }`,
    );
    this.call = call;
    this.errno = errno;
    this.errnoName = errnoName(errno);
    this.advice = advice;
  }
}

/**
 * The result of a call that says -1 when it fails.
 * @throws SystemError with the thread's errno
 */
export function check(
  result: number,
  call: string,
  attempt: string,
  advise?: (errno: number) => string | undefined,
): number {
  if (result >= 0) return result;
  const errno = lastErrno();
  throw new SystemError(call, errno, attempt, advise?.(errno));
}

/** What to do when the kernel wants a capability that this process lacks. */
export function adviseCapability(capability: string): (errno: number) => string | undefined {
  return (errno) =>
    errno === EPERM || errno === EACCES ? `Run as root, or give the process ${capability}` : undefined;
}
