/** The text of `FOLDER/each/FILE`, or of `FOLDER/each` itself, in /proc: what goes meanwhile (a thread, a descriptor) is left out. */
export function textsIn(folder: string, file?: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    const each = `${folder}/${name}`;
    try {
      return [Deno.readTextFileSync(file === undefined ? each : `${each}/${file}`)];
    } catch {
      return [];
    }
  });
}
