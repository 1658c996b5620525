import { DataPath } from "../../cli/daemon/data_path.ts";
import { ALL_OFFLOADS } from "../../cli/daemon/offloads.ts";
import { openOuterSockets } from "../../cli/daemon/outer_sockets.ts";
import { openTun } from "../../ffi/tun.ts";

/**
 * One end of a tunnel without signalling: the data path of a home agent whose only binding never changes, with the sockets
 * of the daemons. It runs until it is ended.
 *
 *   static_end.ts ENCAPSULATION DEVICE LOCAL REMOTE INNER_REMOTE MTU
 *
 * "udp" or "ipv6InIpv4", which is protocol 41 or 4; outer IPv4 addresses, the other end's inner address, octets.
 */

const PORT = 4191;
/** No signalling comes to it. */
const HOME_AGENT_ADDRESS = "2001:db8::1";

const [encapsulation, device, local, remote, innerRemote, mtu] = Deno.args;
if (encapsulation !== "udp" && encapsulation !== "ipv6InIpv4") {
  throw new Error(`not an encapsulation: ${encapsulation}`);
}
const { fileDescriptor, offloads } = openTun({ name: device, offloads: ALL_OFFLOADS.tun });
const dataPath = await DataPath.start({
  role: "homeAgent",
  homeAgentAddress: HOME_AGENT_ADDRESS,
  tunFileDescriptor: fileDescriptor,
  tunOffloads: offloads,
  onSignalling: () => {},
  onFailure: (error) => {
    throw error;
  },
});
const sockets = openOuterSockets({ address: local, port: PORT, workers: 1, offloads: ALL_OFFLOADS });
await dataPath.setSockets({ ipv4: sockets.queues[0] });
const port = encapsulation === "udp" ? PORT : 0;
dataPath.bindings.set(innerRemote, { encapsulation, address: remote, port }, Number(mtu));
