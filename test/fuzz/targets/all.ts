import type { FuzzTarget } from "../engine/target.ts";
import { capture } from "./capture.ts";
import { configuration } from "./configuration.ts";
import { controlRequest } from "./control_request.ts";
import { delegation } from "./delegation.ts";
import { egress } from "./egress.ts";
import { esp } from "./esp.ts";
import { filter } from "./filter.ts";
import { forwarder } from "./forwarder.ts";
import { homeAgent } from "./home_agent.ts";
import { inspect } from "./inspect.ts";
import { mobileNode } from "./mobile_node.ts";
import { tunnelError } from "./tunnel_error.ts";
import { wire } from "./wire.ts";

/** Whatever takes octets that anybody may have made. */
export const TARGETS: readonly FuzzTarget[] = [
  wire,
  homeAgent,
  mobileNode,
  esp,
  forwarder,
  egress,
  delegation,
  tunnelError,
  capture,
  inspect,
  filter,
  configuration,
  controlRequest,
];
