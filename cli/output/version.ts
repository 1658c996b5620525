import project from "../../deno.json" with { type: "json" };

/** "dsmip 0.1.0 (self-extracting, deno 2.9.6, linux x86_64)": the program, how it was made, and what runs it. */
export function versionText(): string {
  const { os, arch } = Deno.build;
  return `dsmip ${project.version} (${madeAs()}, deno ${Deno.version.deno}, ${os} ${arch})`;
}

/** What starts the program says how it was made; without a word it runs from its sources. */
function madeAs(): string {
  return Deno.build.standalone ? "compiled" : Deno.env.get("DSMIP_MADE_AS") || "from source";
}
