import type { Report, SendPacket, SendSignalling } from "../../core/control/action.ts";
import type { ProtectedKind } from "../../core/control/esp/esp_gate.ts";
import type { ReceivedProtection } from "../../core/control/esp/security_association.ts";
import type { Ipv6Address } from "../../core/wire/address.ts";
import type { ConfiguredAssociation } from "../configuration/esp.ts";
import { messageOf } from "../output/fault.ts";
import { wallClockNow } from "./control_loop.ts";
import type { EspStation, EspStationOptions } from "./esp_station.ts";

/** What came in: a whole IPv6 packet, with the association whose ESP header was taken off. */
export interface PlainPacket {
  readonly kind: ProtectedKind;
  readonly packet: Uint8Array;
  readonly protection: ReceivedProtection | undefined;
}

export interface EspSignallingOptions extends EspStationOptions {
  /** ESP with one of these SPIs is signalling from now on, for the sockets and for the kernel. */
  readonly setSpis: (spis: ReadonlySet<number>) => void;
}

/**
 * ESP between the network and the state machines, once somebody has it configured (RFC 3776, RFC 4877); until then, whatever
 * comes is passed on. Its parts are loaded by those who use it only: the start counts.
 */
export class EspSignalling implements Disposable {
  readonly #options: EspSignallingOptions;
  #station: EspStation | undefined;

  constructor(options: EspSignallingOptions) {
    this.#options = options;
  }

  /**
   * Takes these associations in place of all before; those that stay go on with their sequence numbers.
   * @param protects whether the policy asks for ESP between us and this address
   */
  async use(
    associations: readonly ConfiguredAssociation[],
    protects: (peer: Ipv6Address) => boolean,
  ): Promise<void> {
    const { ownAddress, log, setSpis } = this.#options;
    if (this.#station === undefined) {
      if (associations.length === 0) return;
      const { EspStation } = await import("./esp_station.ts");
      this.#station = new EspStation(this.#options);
    }
    this.#station.use(associations, protects);
    const incoming = associations.filter(({ destination }) => destination === ownAddress);
    try {
      setSpis(new Set(incoming.map(({ spi }) => spi)));
    } catch (error) {
      log.error("ESP may not reach this program", { error: messageOf(error) });
    }
  }

  /** Undefined for what is dropped. */
  open(packet: Uint8Array): PlainPacket | undefined {
    if (this.#station === undefined) return { kind: "signalling", packet, protection: undefined };
    const received = this.#station.gate.open(packet, wallClockNow());
    if (received.kind !== "report") return received;
    this.#options.log.report(received);
  }

  /** What to send in place of this; a report where nothing may be sent. */
  protect<Action extends SendPacket | SendSignalling>(action: Action): Action | Report {
    return this.#station === undefined ? action : this.#station.gate.protect(action, wallClockNow());
  }

  [Symbol.dispose](): void {
    this.#station?.[Symbol.dispose]();
  }
}
