import type { LinkQuality } from "../link.ts";
import type { LossKind } from "./access_link.ts";
import type { MovementWorld } from "./movement_world.ts";

/** Something that happens to a roaming mobile node; links, routers and ports by index. */
export type MovementFault =
  /** `link` undefined: cut off. `silently`: the carrier stays, as behind a switch. */
  | {
    readonly kind: "move";
    readonly port: number;
    readonly link: number | undefined;
    readonly silently: boolean;
  }
  | { readonly kind: "switchTo"; readonly port: number }
  | { readonly kind: "quality"; readonly link: number; readonly quality: LinkQuality }
  | { readonly kind: "lose"; readonly link: number; readonly what: LossKind; readonly count: number }
  /** Another host has just the next addresses that the node wants. */
  | {
    readonly kind: "duplicateAddress";
    readonly link: number;
    readonly count: number;
    readonly sparesLinkLocal: boolean;
  }
  /** Undefined: all of them, IPv4 too. */
  | { readonly kind: "routerDies"; readonly link: number; readonly router: number | undefined }
  | { readonly kind: "routersComeBack"; readonly link: number }
  | {
    readonly kind: "renumber";
    readonly link: number;
    readonly router: number;
    readonly carriesOldPrefix: boolean;
  }
  | { readonly kind: "homeAgentRestarts" };

/** Lets it happen, as the world's fault number `ordinal` (from 1, at most 65,535); what names a router that the link does not have does nothing. */
export function applyMovementFault(fault: MovementFault, world: MovementWorld, ordinal: number): void {
  const { mobileNode, links } = world;
  const { kind, ...details } = fault;
  world.note("fault", { kind: "remark", text: `${kind} ${JSON.stringify(details)}` });
  switch (fault.kind) {
    case "move": {
      const link = fault.link === undefined ? undefined : links[fault.link];
      return mobileNode.ports[fault.port].move(link, fault.silently);
    }
    case "switchTo":
      return mobileNode.switchTo(mobileNode.ports[fault.port].name);
    case "quality":
      links[fault.link].quality = fault.quality;
      return;
    case "lose":
      links[fault.link].losses.set(fault.what, fault.count);
      return;
    case "duplicateAddress":
      links[fault.link].squatter.armed += fault.count;
      links[fault.link].squatter.sparesLinkLocal = fault.sparesLinkLocal;
      return;
    case "routerDies": {
      const { ipv6Routers, ipv4Router } = links[fault.link];
      if (fault.router !== undefined) return ipv6Routers[fault.router]?.die();
      for (const router of ipv6Routers) router.die();
      return ipv4Router?.die();
    }
    case "routersComeBack": {
      const { ipv6Routers, ipv4Router } = links[fault.link];
      for (const router of ipv6Routers) router.revive();
      return ipv4Router?.revive();
    }
    case "renumber": {
      const router = links[fault.link].ipv6Routers[fault.router];
      const prefix = `2001:db8:b${fault.link}:${ordinal.toString(16)}::`;
      return router?.renumber(prefix, fault.carriesOldPrefix);
    }
    case "homeAgentRestarts":
      return world.homeAgent.restart();
  }
}
