import type { Lab } from "./lab.ts";

/** Router advertisements on an interface of a node: a real radvd. */
export interface RouterAdvertiser {
  readonly node: string;
  readonly interfaceName: string;
  /** A /64; of a home agent, its whole address in front of the length: radvd sends what stands here. */
  readonly prefix: string;
  /** Says that it is a home agent, and which address it has (RFC 6275 sections 7.1 to 7.4). */
  readonly isHomeAgent?: boolean;
}

const READY = /^\[.*\] radvd .*: (sending|setting up|polling)|version .* started/m;

/** Solicitations are answered by unicast at once (RFC 4861 6.2.6 allows it): radvd's default. */
export async function startRouterAdvertiser(lab: Lab, advertiser: RouterAdvertiser): Promise<void> {
  const { node, interfaceName, prefix, isHomeAgent } = advertiser;
  const options = isHomeAgent
    ? "AdvHomeAgentFlag on; AdvHomeAgentInfo on; AdvMobRtrSupportFlag on; HomeAgentPreference 10;"
    : "";
  const prefixOptions = isHomeAgent ? "AdvRouterAddr on;" : "";
  const configuration = await lab.writeFile(
    `radvd-${node}.conf`,
    `interface ${interfaceName} {
  AdvSendAdvert on;
  AdvRASolicitedUnicast on;
  ${options}
  prefix ${prefix} { AdvOnLink on; AdvAutonomous on; ${prefixOptions} };
};
`,
  );
  const child = lab.start(node, `radvd-${node}`, [
    ...["radvd", "--nodaemon", "--debug", "1", "--logmethod", "stderr"],
    ...["--config", configuration, "--pidfile", lab.path(`radvd-${node}.pid`)],
  ]);
  await lab.until(`router advertisements of ${node}`, 5000, () => READY.test(child.log()));
}
