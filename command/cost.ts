/** `kedge cost`: a month's bill of a cluster, line by line, by the price list. It asks nobody. */
import { Command } from "commander";
import { numberOf } from "./numbers.ts";
import { printTable } from "./table-of-text.ts";
import { billOf, usageAwake, usageOf, type Load } from "../client/bill.ts";
import { PRICES } from "../client/price-list.ts";

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
      `An estimate by the price list of ${PRICES.date}, for a quorum that sleeps while nobody writes, and beside it for one ` +
        "that never does. What happens in a minute was counted on one machine; no account has confirmed it.",
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
  const load: Load = {
    voters: numberOf("--voters", given.voters, { min: 1, max: 7 }),
    brokers: numberOf("--brokers", given.brokers, { min: 0, max: 10_000 }),
    gateways: numberOf("--gateways", given.gateways, { min: 1, max: 10_000 }),
    createsPerHour: numberOf("--creates-per-hour", given.createsPerHour, { min: 0, max: 1e6 }),
  };
  const bill = billOf(usageOf(load));
  const awake = billOf(usageAwake(load));
  if (given.json === true) {
    console.log(JSON.stringify({ ...load, ...bill, alwaysAwake: awake, prices: PRICES }));
    return;
  }
  printTable([
    ["", "A MONTH", "", "USD", "AWAKE FOR EVER"],
    ...bill.lines.map(({ what, count, unit, usd }, at) => [
      what,
      Math.round(count).toLocaleString("en-US"),
      unit,
      usd.toFixed(2),
      (awake.lines[at]?.usd ?? 0).toFixed(2),
    ]),
    ["by the list", "", "", bill.usd.toFixed(2), awake.usd.toFixed(2)],
    ["beyond what the plan includes", "", "", bill.netUsd.toFixed(2), awake.netUsd.toFixed(2)],
    ["the plan, once for the account", "", "", PRICES.plan.usd.toFixed(2), ""],
  ]);
  console.log(
    `\nPrices of ${PRICES.date}. Storage is left out: a quorum's is far below the 5 GB that are included.`,
  );
}
