import { assertEquals } from "@std/assert";
import { dsmipCommand, type Lab } from "../../cli/lab/lab.ts";
import { mustRun } from "../../cli/lab/process.ts";
import { LIMIT_MS, MOBILE_NODE, openStage, reload, rewrite } from "./reload_stage.ts";
import { hasProgram, labTest } from "./support.ts";

/* Revocation with the real daemons (RFC 5846): by name, and by removal from the configuration. */

const FIELDS = ["mip6.bri_br.type", "mip6.bri_r.trigger", "mip6.bri_status", "_ws.malformed"];

/** What the home agent's host has of the mobile node's networks. */
async function routesToNetworks(lab: Lab): Promise<string> {
  const routes = [["-6", "route", "show", "2001:db8:300::/64"], ["-4", "route", "show", "10.1.0.0/24"]];
  return (await Promise.all(routes.map((route) => lab.network.ip("ha", route)))).join("");
}

for (const prefer of ["ipv4", "ipv6"] as const) {
  labTest(`lab: a binding over ${prefer} is revoked, and the mobile node takes it`, async (lab) => {
    const { homeAgent, mobileNode } = await openStage(lab, prefer);
    const file = lab.path("revocation.pcap");
    const filter = "udp port 4191 or ip6 proto 135 or ip6 proto 43 or ip6 proto 60";
    const command = ["tcpdump", "--immediate-mode", "-U", "-Z", "root", "-i", "access", "-w", file, filter];
    const capture = lab.start("ha", "revocation-capture", command);
    await capture.said("listening on", LIMIT_MS, lab.signal);
    mobileNode.start();
    const isRegistered = ({ state }: { readonly state: string }) => state === "registered";
    await mobileNode.until("registered", LIMIT_MS, isRegistered);
    assertEquals((await routesToNetworks(lab)).trim().split("\n").length, 2);

    const revoke = dsmipCommand("ha", "revoke", MOBILE_NODE.identity, "--config", lab.path("ha.toml"));
    assertEquals(
      await mustRun(revoke, { signal: lab.signal }),
      `revoked: ${MOBILE_NODE.homeAddress}\n` +
        "refused until the next reload or restart; for good, remove its [[mobile_node]] and reload\n",
    );
    assertEquals((await homeAgent.ask())?.bindings, []);
    assertEquals(await routesToNetworks(lab), "");
    const { answer } = await mobileNode.until("revoked", LIMIT_MS, ({ state }) => state === "revoked");
    assertEquals(answer.lastRevocation, { trigger: 1, name: "Administrative Reason" });
    assertEquals([answer.mobileNetworkPrefixes, answer.ipv4HomeAddress], [[], null]);
    await lab.until(
      "the answer",
      LIMIT_MS,
      () => homeAgent.log().includes("knows that its binding is revoked"),
    );

    // It is refused as long as the configuration is not loaded again.
    assertEquals((await reload(lab, "mn")).code, 0);
    await mobileNode.until("refused", LIMIT_MS, ({ lastRefusal }) => lastRefusal?.status === 129);
    assertEquals((await reload(lab, "ha")).code, 0);
    assertEquals((await reload(lab, "mn")).code, 0);
    await mobileNode.until("registered", LIMIT_MS, isRegistered);

    // For good.
    await rewrite(lab, "ha", (text) => text.split("[[mobile_node]]")[0]);
    assertEquals((await reload(lab, "ha")).code, 0);
    await mobileNode.until("revoked", LIMIT_MS, ({ state }) => state === "revoked");
    assertEquals([(await homeAgent.ask())?.bindings, await routesToNetworks(lab)], [[], ""]);
    await lab.until("both answers", LIMIT_MS, () => homeAgent.log().split("knows that").length === 3);

    await capture.end("SIGTERM", 5000);
    const lines = await mustRun(dsmipCommand("decode", "-Y", "mip6.mhtype == 16", file), {
      signal: lab.signal,
    });
    assertEquals(lines.match(/\bBR[IA] /g)?.length, 4, lines);
    if (!hasProgram("tshark")) return;
    const judged = await mustRun([
      ...["tshark", "-n", "-r", file, "-d", "udp.port==4191,ipv6", "-Y", "mip6.mhtype == 16"],
      ...["-T", "fields", ...FIELDS.flatMap((field) => ["-e", field])],
    ], { signal: lab.signal });
    assertEquals(judged, "1\t1\t\t\n2\t\t0\t\n".repeat(2));
  }, ["tcpdump"]);
}
