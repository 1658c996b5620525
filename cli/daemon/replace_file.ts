import { removeIfThere } from "./remove_if_there.ts";

/**
 * Writes a file with mode 0600 so that there is always a whole one, the old or the new: also where the disk is full or the
 * process is killed meanwhile.
 * @param options `outlastsMachine`: also where the machine is; takes as long as the disk
 * @throws Error where it cannot be written; the old one stays
 */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  { outlastsMachine = false }: { readonly outlastsMachine?: boolean } = {},
): void {
  const unfinished = `${path}.new`;
  try {
    // What a killed process left here may be another user's to read, or a link to a file elsewhere.
    removeIfThere(unfinished);
    using file = Deno.openSync(unfinished, { write: true, createNew: true, mode: 0o600 });
    writeWhole(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    if (outlastsMachine) file.syncSync();
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

/** Deno may write less than it is given. */
export function writeWhole(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}
