/** Where a daemon's control socket is when the configuration names no other. */
export const DEFAULT_CONTROL_SOCKET = {
  homeAgent: "/run/dsmip/ha.sock",
  mobileNode: "/run/dsmip/mn.sock",
} as const;
