import { EspGate } from "../../core/control/esp/esp_gate.ts";
import { SecurityAssociations } from "../../core/control/esp/security_associations.ts";
import type { Ipv6Address } from "../../core/wire/address.ts";
import type { ConfiguredAssociation } from "../configuration/esp.ts";
import { espCipher } from "../esp/cipher.ts";
import { SequenceFile } from "../esp/sequence_file.ts";
import { messageOf } from "../output/fault.ts";
import { wallClockNow } from "./control_loop.ts";
import type { Log } from "./log.ts";
import { stateFileOf } from "./state_file.ts";

export interface EspStationOptions {
  /** Of a mobile node the home address. */
  readonly ownAddress: Ipv6Address;
  readonly configuration: { readonly stateDirectory: string; readonly controlSocket: string };
  readonly log: Log;
}

/** What a daemon with ESP holds: the gate, its associations, and the file of their sequence numbers. */
export class EspStation implements Disposable {
  readonly gate: EspGate;
  readonly #log: Log;
  readonly #associations: SecurityAssociations;
  readonly #numbers: SequenceFile;
  #protects: (peer: Ipv6Address) => boolean = () => true;

  constructor(options: EspStationOptions) {
    const { ownAddress, configuration, log } = options;
    const path = stateFileOf(configuration, "esp");
    this.#log = log;
    this.#numbers = new SequenceFile({
      path,
      onFault: (error) => {
        const text =
          "ESP sequence numbers are not kept: after a restart, packets from before may be sent again by anybody";
        log.warning(text, { file: path, error: messageOf(error) });
      },
    });
    this.#associations = new SecurityAssociations(ownAddress, this.#numbers);
    this.gate = new EspGate({
      ownAddress,
      associations: this.#associations,
      protects: (peer) => this.#protects(peer),
    });
  }

  use(associations: readonly ConfiguredAssociation[], protects: (peer: Ipv6Address) => boolean): void {
    if (!this.#numbers.prepare(associations)) {
      this.#log.warning(
        "no ESP sequence numbers from before, or not all: what was sent then may be sent again by anybody",
      );
    }
    const made = associations.map((association) => ({ ...association, cipher: espCipher(association) }));
    this.#associations.replace(made, wallClockNow().unixMs);
    this.#protects = protects;
  }

  [Symbol.dispose](): void {
    this.#numbers[Symbol.dispose]();
  }
}
