/** `kedge cost`: a month's bill of a cluster, line by line, by the price list. It asks nobody. */
import { Command } from "commander";
import { numberOf } from "../numbers.ts";
import { printTable } from "../table-of-text.ts";
import { billOf, PRICES, usageOf, type Load } from "./bill.ts";

interface Given {
  readonly voters: string;
  readonly brokers: string;
  readonly gateways: string;
  readonly createsPerHour: string;
  readonly json?: boolean;
}

export const cost = (): Command =>
  new Command("cost")
    .summary("what a cluster costs in a month on Cloudflare, line by line")
    .description(
      `An estimate by the price list of ${PRICES.date}, for a quorum that is awake for ever and for one that sleeps while ` +
        "nothing happens. What happens in a minute was counted on one machine; no account has confirmed it.",
    )
    .option("--voters <n>", "controllers", "3")
    .option("--brokers <n>", "brokers", "3")
    .option(
      "--gateways <n>",
      "gateways, over which the brokers are spread; one for each broker at most",
      "1",
    )
    .option("--creates-per-hour <n>", "topics created, or other writes that come alone", "10")
    .option("--json", "the same as JSON")
    .action(run);

function run(given: Given): void {
  const brokers = numberOf("--brokers", given.brokers, { min: 0, max: 10_000 });
  const load: Load = {
    voters: numberOf("--voters", given.voters, { min: 1, max: 7 }),
    brokers,
    gateways: numberOf("--gateways", given.gateways, { min: Math.min(1, brokers), max: 10_000 }),
    createsPerHour: numberOf("--creates-per-hour", given.createsPerHour, { min: 0, max: 1e6 }),
  };
  const awake = billOf(usageOf(load, "awake"));
  const asleep = billOf(usageOf(load, "asleep"));
  if (given.json === true) {
    console.log(JSON.stringify({ ...load, awake, asleep, prices: PRICES }));
    return;
  }
  printTable([
    ["", "AWAKE FOR EVER", "USD", "ASLEEP WHEN IDLE", "USD", ""],
    ...awake.lines.map((line, at) => {
      const other = asleep.lines[at] ?? line;
      return [
        line.what,
        whole(line.count),
        cents(line.usd),
        whole(other.count),
        cents(other.usd),
        line.unit,
      ];
    }),
    sums("by the list", awake.usd, asleep.usd),
    sums("beyond what the plan includes", awake.netUsd, asleep.netUsd),
    sums("the plan, once for the account", PRICES.plan.usd, PRICES.plan.usd),
  ]);
  console.log(
    `\nA month of thirty days, prices of ${PRICES.date}. Storage is left out: a quorum's is far below the 5 GB that are ` +
      "included. That an object is not billed between two events while it could hibernate is the platform's word.",
  );
}

const whole = (count: number): string => Math.round(count).toLocaleString("en-US");
const cents = (usd: number): string => usd.toFixed(2);
const sums = (what: string, awake: number, asleep: number): readonly string[] => [
  what,
  "",
  cents(awake),
  "",
  cents(asleep),
  "",
];
