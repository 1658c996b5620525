import { check } from "./errno.ts";
import { libc } from "./libc.ts";

/** Closes a descriptor that ffi/ opened. @throws SystemError, EBADF when it is closed already */
export function closeFileDescriptor(fileDescriptor: number): void {
  check(libc.close(fileDescriptor), "close", `close file descriptor ${fileDescriptor}`);
}

/** The same without holding up anything else: a packet socket takes the kernel 8 to 16 ms. Fails silently. */
export async function closeFileDescriptorAsync(fileDescriptor: number): Promise<void> {
  await libc.closeAsync(fileDescriptor);
}

/** Runs `action` with a new descriptor and closes that again when the action throws. */
export function closingOnError<Result>(fileDescriptor: number, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    libc.close(fileDescriptor);
    throw error;
  }
}
