import { removeIfThere } from "./remove_if_there.ts";

/**
 * Writes a file with mode 0600 so that there is always a whole one, the old or the new: also where the disk is full or the
 * process is killed meanwhile.
 * @throws Error where it cannot be written; the old one stays
 */
export function replaceFile(path: string, text: string): void {
  const unfinished = `${path}.new`;
  try {
    // What a killed process left here may be another user's to read.
    removeIfThere(unfinished);
    Deno.writeTextFileSync(unfinished, text, { mode: 0o600, createNew: true });
    Deno.renameSync(unfinished, path);
  } catch (error) {
    try {
      removeIfThere(unfinished);
    } catch {
      // Where nothing can be removed, either, the next one does.
    }
    throw error;
  }
}
