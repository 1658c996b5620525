import { parseConfiguration } from "../../../cli/configuration/configuration.ts";
import { ConfigurationError } from "../../../cli/configuration/mistake.ts";
import type { FuzzTarget } from "../engine/target.ts";

const EXAMPLES = new URL("../../../examples/", import.meta.url);
/** Key files are looked for beside it, and are not there. */
const FILE = "/nonexistent/fuzz/dsmip.toml";

/** Configuration files: a configuration, or mistakes that are named. */
export const configuration: FuzzTarget = {
  name: "configuration",
  maximumOctets: 4096,
  seeds: () =>
    ["ha.toml", "mn.toml"].flatMap((name) => {
      const text = Deno.readTextFileSync(new URL(name, EXAMPLES)).replaceAll(/ +# .*$/gm, "");
      const complete = text.replaceAll(/^# (?=[a-z0-9_]+ +=|\[)/gm, "");
      const open = text.replaceAll(/^(key_file|spi) .*\n/gm, "").replace("# authentication", "authentication")
        .replace('"mn-ha"', '"none"');
      return [text, complete, open].map((each) => new TextEncoder().encode(each));
    }),
  run(input) {
    try {
      parseConfiguration(FILE, new TextDecoder().decode(input));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
    }
  },
};
