import { assert, assertEquals, assertThrows } from "@std/assert";
import { stepsOf } from "./steps.ts";
import { FOLLOWED, readPage, type Stage, walkthrough } from "./stage.ts";

/** Home agent, mobile node and correspondent node around a router. */
async function internet(stage: Stage): Promise<void> {
  await stage.add("net", "ha", "mn", "cn");
  stage.connect(["ha", "eth0", "203.0.113.1/24", "2001:db8:1::1/64"], [
    "net",
    "ha",
    "203.0.113.254/24",
    "2001:db8:1::fe/64",
  ]);
  stage.connect(["cn", "eth0", "192.0.2.9/24", "2001:db8:9::9/64"], [
    "net",
    "cn",
    "192.0.2.254/24",
    "2001:db8:9::fe/64",
  ]);
  stage.route("net", ["2001:db8:100::/64", "2001:db8:1::1"]);
}

walkthrough("quick_start.md", async (stage) => {
  await internet(stage);
  stage.connect(["mn", "eth0"], ["net", "mn", "198.51.100.254/24"]);
  await stage.serveDhcp("net", "mn", "198.51.100.10,198.51.100.20");
  const output = await stage.follow("quick_start.md");
  assert(/state +registered/.test(output), output);
  assertEquals([...output.matchAll(/ 3 received/g)].length, 1, output);
});

walkthrough("rented_server.md", async (stage) => {
  await stage.add("net", "provider", "ha", "mn", "cn");
  stage.connect(["ha", "eth0", "10.0.0.5/24", "2001:db8:1::1/64"], [
    "provider",
    "ha",
    "10.0.0.254/24",
    "2001:db8:1::fe/64",
  ]);
  stage.connect(
    ["provider", "net", "203.0.113.1/24", "2001:db8:2::2/64"],
    ["net", "provider", "203.0.113.254/24", "2001:db8:2::fe/64"],
  );
  stage.connect(["cn", "eth0", "2001:db8:9::9/64"], ["net", "cn", "2001:db8:9::fe/64"]);
  stage.connect(["mn", "eth0"], ["net", "mn", "198.51.100.254/24"]);
  stage.route("net", ["2001:db8:100::/64", "2001:db8:2::2"], ["2001:db8:1::/64", "2001:db8:2::2"]);
  stage.route("provider", ["2001:db8:100::/64", "2001:db8:1::1"]);
  // The provider translates the public address into the server's own, and lets nothing in but UDP port 4191.
  await stage.host("provider").run(`nft -f - <<'END'
table inet provider {
  chain in { type nat hook prerouting priority dstnat; iifname "net" ip daddr 203.0.113.1 dnat ip to 10.0.0.5; }
  chain out { type nat hook postrouting priority srcnat; oifname "net" ip saddr 10.0.0.5 snat ip to 203.0.113.1; }
  chain firewall {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "ha" accept
    udp dport 4191 accept
    ip6 daddr 2001:db8:100::/64 meta l4proto ipv6-icmp accept
  }
}
END
`);
  await stage.serveDhcp("net", "mn", "198.51.100.10,198.51.100.20");
  await stage.follow("rented_server.md");
  await stage.host("cn").run("ping -c 3 2001:db8:100::100\n");
});

walkthrough("vehicle.md", async (stage) => {
  await internet(stage);
  stage.route("net", ["2001:db8:1017::/64", "2001:db8:1::1"]);
  await stage.add("host");
  stage.connect(["mn", "wwan0"], ["net", "wwan0", "198.51.100.254/24"]);
  stage.connect(["mn", "wwan1"], ["net", "wwan1", "100.64.0.254/24"]);
  stage.connect(["host", "eth0"], ["mn", "lan0"]);
  await stage.serveDhcp("net", "wwan0", "198.51.100.10,198.51.100.20");
  await stage.serveDhcp("net", "wwan1", "100.64.0.10,100.64.0.20");
  const output = await stage.follow("vehicle.md");
  assert(/interface +wwan1/.test(output), output);
  assert(output.includes("inet6 2001:db8:1017:"), output);
});

walkthrough("laptop.md", async (stage) => {
  await internet(stage);
  // NetworkManager has been here.
  stage.connect(["mn", "eth0", "198.51.100.9/24"], ["net", "mn", "198.51.100.254/24"]);
  await stage.serveHomeAgent();
  const output = await stage.follow("laptop.md");
  assert(/care-of address +198\.51\.100\.9/.test(output), output);
  await stage.host("cn").run("ping -c 3 2001:db8:100::100\n");
});

walkthrough("troubleshooting.md", async (stage) => {
  await internet(stage);
  stage.connect(["mn", "eth0", "198.51.100.9/24"], ["net", "mn", "198.51.100.254/24"]);
  await stage.serveHomeAgent();
  const { text } = stepsOf(readPage("laptop.md")).find((step) => step.kind === "file")!;
  // So soon registered again that a capture sees it.
  await stage.host("mn").run(`cat >mn.toml <<'END'\n${text}lifetime_seconds = 4\nEND\n`);
  await stage.host("mn").keep("dsmip mn up --config mn.toml", /mobile node ready/);
  await stage.host("mn").untilRegistered();
  const output = await stage.follow("troubleshooting.md");
  assert(output.includes("mobile node      2001:db8:100::100, mn1@example.org"), output);
  assert(/ BU .*\n.* BA /.test(output), output);
});

Deno.test("docs: every page that tells its reader to do something is followed by a test", () => {
  const pages = [...Deno.readDirSync(new URL("../../docs/", import.meta.url))].map(({ name }) => name);
  const withBlocks = pages.filter((name) => name.endsWith(".md") && readPage(name).includes("\n```"));
  assertEquals(withBlocks.sort(), [...FOLLOWED].sort());
});

Deno.test("docs: links lead to pages and files that are there", () => {
  for (const { name } of Deno.readDirSync(new URL("../../docs/", import.meta.url))) {
    if (!name.endsWith(".md")) continue;
    for (const [, target] of readPage(name).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      assert(Deno.statSync(new URL(`../../docs/${target}`, import.meta.url)).isFile, `${name}: ${target}`);
    }
  }
});

Deno.test("docs: a block that says nothing of where it belongs is refused", () => {
  assertThrows(() => stepsOf("```sh\nls\n```\n"), Error, "no test can follow: ```sh");
  assertThrows(() => stepsOf("```\nls\n```\n"));
  assertThrows(() => stepsOf("```sh ha keeps running\nls\nls\n```\n"));
  assertEquals(stepsOf("a\n```sh ha\nls\n```\nb\n```toml mn x.toml\ny = 1\n```\n"), [
    { kind: "commands", host: "ha", text: "ls\n", how: "" },
    { kind: "file", host: "mn", name: "x.toml", text: "y = 1\n" },
  ]);
});
