import { assertEquals } from "@std/assert";
import { EspSignalling } from "../../cli/daemon/esp_signalling.ts";
import { ESP_ALGORITHMS } from "../../cli/esp/algorithms.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { readUint32 } from "../../core/wire/octets.ts";
import { RecordingLog } from "./recording_log.ts";

const HOME_ADDRESS = "2001:db8:100::100";
const HOME_AGENT = "2001:db8:100::1";
const HOUR_MS = 3_600_000;
const NEXT_HEADER_OFFSET = 6;
const IPV6_HEADER_OCTETS = 40;

function association(spi: number, validFromMs: number | undefined) {
  return {
    spi,
    source: HOME_ADDRESS,
    destination: HOME_AGENT,
    algorithm: ESP_ALGORITHMS.get("aes-gcm-16")!,
    encryptionKey: new Uint8Array(20).fill(spi),
    integrityKey: new Uint8Array(0),
    extendedNumbers: false,
    validFromMs,
    validUntilMs: undefined,
  };
}

Deno.test("ESP: the next keys come into use when the clock says so, also after a suspension or a correction of the clock", async () => {
  const folder = Deno.makeTempDirSync();
  const { now } = Date;
  try {
    using esp = new EspSignalling({
      ownAddress: HOME_ADDRESS,
      configuration: { stateDirectory: folder, controlSocket: "/run/mn.sock" },
      log: new RecordingLog(),
      setSpis: () => {},
    });
    await esp.use([association(5000, undefined), association(6000, now() + HOUR_MS)], () => true);
    const packet = encodeMobilityPacket({
      source: HOME_ADDRESS,
      destination: HOME_AGENT,
      mobilityHeader: new Uint8Array(8),
    });
    const spi = () => {
      const sent = esp.protect({ kind: "sendPacket", source: HOME_ADDRESS, packet });
      if (sent.kind === "report") return sent.message;
      assertEquals(sent.packet[NEXT_HEADER_OFFSET], Protocol.esp);
      return readUint32(sent.packet, IPV6_HEADER_OCTETS);
    };
    assertEquals(spi(), 5000);
    Date.now = () => now() + 8 * HOUR_MS;
    assertEquals(spi(), 6000);
    Date.now = () => now() - HOUR_MS;
    assertEquals(spi(), 5000);
  } finally {
    Date.now = now;
    Deno.removeSync(folder, { recursive: true });
  }
});
