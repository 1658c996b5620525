import type { Tunnel } from "../tunnel.ts";
import { dsmipTunnels, dsmipWithoutOffloads } from "./dsmip.ts";
import { fastd } from "./fastd.ts";
import { miredo } from "./miredo.ts";
import { openvpn } from "./openvpn.ts";
import { quicktun } from "./quicktun.ts";
import { referenceTunnels } from "./reference.ts";
import { tinc } from "./tinc.ts";
import { veth } from "./veth.ts";
import { vtun } from "./vtun.ts";
import { vxlan } from "./vxlan.ts";
import { wireguardTunnels } from "./wireguard.ts";

/** What is measured where nothing else is asked for. */
export const USUAL_TUNNELS: readonly Tunnel[] = [
  veth,
  vxlan,
  ...dsmipTunnels,
  ...wireguardTunnels,
  quicktun,
  vtun,
  fastd,
  tinc,
  openvpn,
  miredo,
  ...referenceTunnels,
];

/** Every row there can be. */
export const TUNNELS: readonly Tunnel[] = [...USUAL_TUNNELS, ...dsmipWithoutOffloads];
