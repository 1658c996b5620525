import type { BindingStatus } from "../../../core/control/binding_cache.ts";
import { coloursFor } from "../../output/colours.ts";
import type { AccessNetwork } from "../access/access_network.ts";
import type { CheckList } from "../check.ts";
import { type MeasuredOutcome, type MeasuredRunOptions, playMeasured } from "../measured_run.ts";
import type { PlayedStep } from "../play_steps.ts";
import { pause } from "../process.ts";
import { ping } from "../traffic.ts";
import { EspNatStage, newKeys, TO_CORRESPONDENT, TO_MOBILE_NODE } from "./stage.ts";
import { formatViews, isTranslated, updateBehindNat, type Views } from "./table.ts";
import { BEHIND_NAT, IPV6, MOBILE_NODE, NAT_ADDRESS } from "./topology.ts";
import { isEsp, isReadable, type SeenPacket } from "./wire.ts";

const PINGS = 5;
/** As long as the keys are changed. */
const REKEYING_PINGS = 40;
/** Both ends have the new keys before either uses them. */
const REKEYING_LEAD_MS = 1000;

/** Plays the paper's section 6: NAT detection while the signalling is encrypted, and what each one sees of it. */
export async function runEspNat(options: MeasuredRunOptions): Promise<MeasuredOutcome> {
  return await playMeasured("esp-nat", options, (lab, checks) => {
    const first = newKeys();
    let second = first;
    let stage: EspNatStage;
    let binding: BindingStatus | undefined;
    let views: Views = { withoutKeys: [], withKeys: [], binding };
    let rekeyedAt = Infinity;
    const steps: PlayedStep[] = [
      {
        title: "Build the network, write keys, start the home agent",
        run: async () => void (stage = await EspNatStage.open(lab, first)),
      },
      {
        title: "The mobile node registers behind the NAT, under ESP",
        run: async () => {
          await stage.moveTo(BEHIND_NAT);
          binding = await checkStay(stage, checks, BEHIND_NAT, "first stay");
        },
      },
      {
        title: "It moves to IPv6: ESP behind the Home Address option",
        run: async () => {
          await stage.moveTo(IPV6);
          await checkStay(stage, checks, IPV6, "second stay");
        },
      },
      {
        title: "It moves back behind the NAT",
        run: async () => {
          await stage.moveTo(BEHIND_NAT);
          await checkStay(stage, checks, BEHIND_NAT, "third stay");
        },
      },
      {
        title: "Both get new keys while it is bound, and traffic flows",
        run: async () => {
          const change = async () => {
            second = newKeys(new Date(Date.now() + REKEYING_LEAD_MS));
            await stage.rekey(`${first}\n${second}`);
            await pause(REKEYING_LEAD_MS);
            await stage.untilUpdates(1);
            await stage.rekey(second);
            rekeyedAt = Date.now() / 1000;
            await stage.untilUpdates(2);
          };
          const [{ received, sent }] = await Promise.all([
            ping(lab, TO_MOBILE_NODE, REKEYING_PINGS),
            change(),
          ]);
          checks.equal("new keys: pings while they came", received, sent, "answers");
          const { homeAddress } = await stage.binding() ?? {};
          checks.equal("new keys: still bound", homeAddress ?? "none", MOBILE_NODE.homeAddress);
          const lost = /binding (expired|removed|update refused)/.exec(stage.homeAgent.log());
          checks.equal("new keys: bindings lost or refused since the start", lost?.[0] ?? "none", "none");
        },
      },
      {
        title: "Stop both",
        run: async () => {
          checks.equal(
            "exit status of mobile node and home agent",
            (await stage.endDaemons()).join(" "),
            "0 0",
          );
          await stage.wire.end();
        },
      },
      {
        title: "Read the wire, without keys and with them",
        run: async () => {
          const keys = await lab.writeFile("all.esp", `${first}\n${second}`);
          const [withoutKeys, withKeys] = await Promise.all([
            stage.wire.withoutKeys(),
            stage.wire.withKeys(keys),
          ]);
          views = { withoutKeys, withKeys, binding };
          checkWire(checks, views);
          checkSpis(checks, withoutKeys, { first: spisOf(first), second: spisOf(second), rekeyedAt });
        },
      },
    ];
    const finish = () => ({
      table: formatViews(views, coloursFor(Deno.stdout)),
      files: new Map([[
        "esp-nat.json",
        JSON.stringify({ checks: checks.all, ...views }, undefined, 1) + "\n",
      ]]),
    });
    return { steps, finish };
  });
}

/** Registered as this network has it, at both ends, and traffic flows. */
async function checkStay(
  stage: EspNatStage,
  checks: CheckList,
  { title, behindNat, addressesBegin }: AccessNetwork,
  stay: string,
): Promise<BindingStatus | undefined> {
  const name = `${stay}, ${title}`;
  const status = await stage.mobileNode.ask();
  checks.equal(`${name}: mobile node`, status?.state ?? "no answer", "registered");
  const encapsulation = behindNat ? "udp" : "ipv6InIpv6";
  checks.equal(`${name}: encapsulation`, status?.encapsulation ?? "none", encapsulation);
  const binding = await stage.binding();
  checks.equal(`${name}: NAT found by the home agent`, String(binding?.natDetected), String(behindNat));
  const outer = binding?.careOfAddress ?? "none";
  if (behindNat) checks.equal(`${name}: outer address at the home agent`, outer, NAT_ADDRESS);
  else checks.holds(`${name}: outer address at the home agent`, outer.startsWith(addressesBegin), outer);
  const [there, back] = await Promise.all([
    ping(stage.lab, TO_MOBILE_NODE, PINGS),
    ping(stage.lab, TO_CORRESPONDENT, PINGS),
  ]);
  checks.equal(`${name}: pings to the mobile node`, there.received, there.sent, "answers");
  checks.equal(`${name}: pings from the mobile node`, back.received, back.sent, "answers");
  return binding;
}

function checkWire(checks: CheckList, { withoutKeys, withKeys, binding }: Views): void {
  const esp = withoutKeys.filter(isEsp);
  checks.atLeast("without keys: ESP packets on the wire", esp.length, 1, "packets");
  checks.equal(
    "without keys: signalling that can be read",
    withoutKeys.filter(isReadable).length,
    0,
    "packets",
  );
  const opened = withKeys.filter((packet) => isEsp(packet) && isReadable(packet));
  checks.equal("with keys: signalling that can be read in ESP", opened.length, esp.length, "packets");
  const update = updateBehindNat(withKeys);
  checks.holds(
    "with keys: the first Binding Update comes from another address than it says",
    isTranslated(update),
  );
  const known = `${binding?.careOfAddress}:${binding?.port}`;
  checks.equal("outer source at the home agent, as on the wire", known, update?.outerSource ?? "none");
  const natively = opened.filter(({ outerSource }) => !outerSource.includes("."));
  checks.atLeast("with keys: signalling in ESP over IPv6", natively.length, 2, "packets");
}

/** @param keys what a file of keys had, and when only the second was left, in seconds since 1970 */
function checkSpis(
  checks: CheckList,
  seen: readonly SeenPacket[],
  { first, second, rekeyedAt }: {
    readonly first: readonly number[];
    readonly second: readonly number[];
    readonly rekeyedAt: number;
  },
): void {
  const ofKeys = (spis: readonly number[], after = 0) =>
    new Set(seen.filter(({ spi, time }) => time > after && spis.includes(spi ?? 0)).map(({ spi }) => spi));
  checks.equal("SPIs on the wire, of the first keys", ofKeys(first).size, 2, "ways");
  checks.equal("SPIs on the wire, of the new keys", ofKeys(second).size, 2, "ways");
  checks.equal(
    "SPIs of the first keys, after those were taken away",
    ofKeys(first, rekeyedAt).size,
    0,
    "ways",
  );
}

function spisOf(keys: string): number[] {
  return [...keys.matchAll(/^spi = (\d+)$/gm)].map(([, spi]) => Number(spi));
}
