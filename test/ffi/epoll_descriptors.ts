import { textsIn } from "./proc_files.ts";

/** Descriptors that an epoll of this process has, as the kernel shows it (proc_pid_fdinfo(5)). */
export function descriptorsInEpolls(): ReadonlySet<number> {
  return new Set(
    textsIn("/proc/self/fdinfo").flatMap((text) =>
      [...text.matchAll(/^tfd:\s*(\d+)/gm)].map(([, number]) => Number(number))
    ),
  );
}
