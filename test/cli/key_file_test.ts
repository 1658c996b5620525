import { assert, assertEquals } from "@std/assert";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import { readKeyFile } from "../../cli/configuration/key_file.ts";
import { KEY_HEX, KeyFolder, mistakesOf, MOBILE_NODE_TOML } from "./configuration_files.ts";

function mistakeOf(path: string): string {
  const result = readKeyFile(path);
  if ("key" in result) throw new Error("a mistake was expected");
  return result.mistake;
}

Deno.test("key file: 16 to 64 octets of hexadecimal digits, in a file of one's own", () => {
  using folder = new KeyFolder();
  assertEquals(readKeyFile(folder.write("shortest", "0f".repeat(16))), { key: new Uint8Array(16).fill(15) });
  assertEquals(readKeyFile(folder.write("longest", "FF ".repeat(64), 0o400)), {
    key: new Uint8Array(64).fill(255),
  });
});

Deno.test("key file: what is wrong is said, and never what stands in it", () => {
  using folder = new KeyFolder();
  const secret = KEY_HEX.mn1;
  const cases: readonly (readonly [string, string])[] = [
    [
      folder.write("short", secret.slice(2)),
      "holds 30 hexadecimal digits; allowed: an even number from 32 to 128",
    ],
    [folder.write("odd", secret + "0"), "holds 33 hexadecimal digits"],
    [folder.write("long", "0".repeat(130)), "holds 130 hexadecimal digits"],
    [folder.write("endless", secret.repeat(100)), "is longer than 1024 octets"],
    [folder.write("base64", secret + "/w=="), "holds something else than hexadecimal digits"],
    [folder.write("empty", ""), "holds 0 hexadecimal digits"],
    [folder.write("group", secret, 0o640), "can be used by others (mode 0640): chmod 600 "],
    [folder.write("others", secret, 0o604), "can be used by others (mode 0604): chmod 600 "],
    [folder.write("writable", secret, 0o602), "can be used by others (mode 0602): chmod 600 "],
    [
      `${folder.path}/none`,
      `does not exist: make one with: (umask 077; od -An -N32 -tx1 /dev/urandom > ${folder.path}/none)`,
    ],
    [folder.path, "is not a regular file"],
    ["/dev/urandom", "is not a regular file"],
  ];
  for (const [path, text] of cases) {
    const mistake = mistakeOf(path);
    assert(mistake.includes(`key file ${path}`) && mistake.includes(text), mistake);
    assert(!mistake.includes(secret.slice(2, 18)), mistake);
  }
});

Deno.test({
  name: "key file: one of another user is refused (root)",
  ignore: Deno.uid() !== 0,
  fn() {
    using folder = new KeyFolder();
    const path = folder.write("foreign", KEY_HEX.mn1);
    Deno.chownSync(path, 12345, 12345);
    assert(mistakeOf(path).includes("belongs to another user (uid 12345)"));
  },
});

Deno.test("key file: a key that stands in the configuration itself is not repeated", () => {
  using folder = new KeyFolder();
  const secret = KEY_HEX.mn1;
  const cases = [
    MOBILE_NODE_TOML.replace("mn1.key", secret),
    MOBILE_NODE_TOML.replace("mn1.key", secret.repeat(20)),
    MOBILE_NODE_TOML.replace("1000", `"${secret}"`),
    MOBILE_NODE_TOML.replace("eth0", secret),
    MOBILE_NODE_TOML + `key = "${secret}"\n`,
    MOBILE_NODE_TOML + `"${secret}" = 1\n`,
    MOBILE_NODE_TOML + `key = ${secret}\n`,
    MOBILE_NODE_TOML + secret,
    `${secret} = 1\n` + MOBILE_NODE_TOML,
  ];
  for (const toml of cases) {
    const error = mistakesOf(() => parseConfiguration(`${folder.path}/mn.toml`, toml));
    assert(
      !error.message.includes(secret.slice(0, 16)) && !error.message.includes(secret.slice(16)),
      error.message,
    );
    assert(!Deno.inspect(error).includes(secret.slice(0, 16)), "the error object holds it");
  }
});
