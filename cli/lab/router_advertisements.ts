import type { Lab } from "./lab.ts";

/** Router advertisements on an interface of a node: a real radvd. */
export interface RouterAdvertiser {
  readonly node: string;
  readonly interfaceName: string;
  /** A /64. */
  readonly prefix: string;
}

const READY = /^\[.*\] radvd .*: (sending|setting up|polling)|version .* started/m;

/** Solicitations are answered by unicast at once (RFC 4861 6.2.6 allows it): radvd's default. */
export async function startRouterAdvertiser(lab: Lab, advertiser: RouterAdvertiser): Promise<void> {
  const { node, interfaceName, prefix } = advertiser;
  const configuration = await lab.writeFile(
    `radvd-${node}.conf`,
    `interface ${interfaceName} {
  AdvSendAdvert on;
  AdvRASolicitedUnicast on;
  prefix ${prefix} { AdvOnLink on; AdvAutonomous on; };
};
`,
  );
  const child = lab.start(node, `radvd-${node}`, [
    ...["radvd", "--nodaemon", "--debug", "1", "--logmethod", "stderr"],
    ...["--config", configuration, "--pidfile", lab.path(`radvd-${node}.pid`)],
  ]);
  await lab.until(`router advertisements of ${node}`, 5000, () => READY.test(child.log()));
}
