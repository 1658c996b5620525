import type { Tunnel } from "../tunnel.ts";
import { dsmipTunnels } from "./dsmip.ts";
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

/** Every row there can be. */
export const TUNNELS: readonly Tunnel[] = [
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
