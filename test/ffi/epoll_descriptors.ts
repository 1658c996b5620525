const FOLDER = "/proc/self/fdinfo";

/** Descriptors that an epoll of this process has, as the kernel shows it (proc_pid_fdinfo(5)). */
export function descriptorsInEpolls(): ReadonlySet<number> {
  const texts = [...Deno.readDirSync(FOLDER)].map(({ name }) => {
    try {
      return Deno.readTextFileSync(`${FOLDER}/${name}`);
    } catch {
      // The one that the folder itself was read by.
      return "";
    }
  });
  return new Set(
    texts.flatMap((text) => [...text.matchAll(/^tfd:\s*(\d+)/gm)].map(([, number]) => Number(number))),
  );
}
