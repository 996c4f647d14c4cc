/**
 * `kedge up` (`npm start`): what it can be told. What it does is in `local-quorum.ts`, which is loaded when it is wanted.
 */
import { Command } from "commander";
import type { QuorumRun } from "./local-quorum.ts";
import { scramUserIn } from "../local/scram-argument.ts";
import { numberOf } from "./numbers.ts";
import { several } from "./pairs.ts";
import { UsageError } from "./usage-error.ts";

export const up = (): Command =>
  new Command("up")
    .summary("a whole quorum and its gateway on this machine, until Ctrl-C")
    .description(
      "Starts the runtime, forms a cluster the first time, and a gateway before it. The state stays in its folder.",
    )
    .option("--port <n>", "where the Worker listens on 127.0.0.1", "8787")
    .option("--persist-to <dir>", "where the state is kept", ".kedge")
    .option("--voters <1|3|5>", "controllers of the cluster; counts when it is formed", "3")
    .option(
      "--release-version <r>",
      "whose features the cluster has, as 4.3; counts when it is formed (4.0 unless said)",
    )
    .option(
      "--add-scram <user>",
      "'SCRAM-SHA-256=[name=alice,password=…]': a user that the cluster begins with, as kafka-storage format takes it; may be given several times; counts when it is formed",
      several,
    )
    .option(
      "--gateway-port <n>",
      "first port of the gateway, one a controller; counts when the cluster is formed (9093 unless said)",
    )
    .option("--no-gateway", "no Kafka TCP, HTTP alone")
    .option("--no-auth", "ask nobody who they are: whoever reaches the port may everything")
    .option("--json", "one line of JSON on standard output once it is ready")
    .action(async (given: Given) => {
      const options = optionsFrom(given);
      const { runQuorum } = await import("./local-quorum.ts");
      await runQuorum(options);
    });

/** As commander gives them. */
interface Given {
  readonly port: string;
  readonly persistTo: string;
  readonly voters: string;
  readonly releaseVersion?: string;
  readonly addScram?: readonly string[];
  readonly gatewayPort?: string;
  readonly gateway: boolean;
  readonly auth: boolean;
  readonly json?: boolean;
}

function optionsFrom({ json = false, gatewayPort, addScram = [], ...given }: Given): QuorumRun {
  return {
    ...given,
    port: numberOf("--port", given.port, { min: 0, max: 65_535 }),
    voters: votersOf(given.voters),
    releaseVersion: given.releaseVersion,
    scramUsers: addScram.map(scramUserIn),
    gatewayPort: numberOf("--gateway-port", gatewayPort ?? "9093", { min: 1, max: 65_531 }),
    gatewayMoved: gatewayPort !== undefined,
    json,
  };
}

function votersOf(text: string): number {
  if (!["1", "3", "5"].includes(text)) throw new UsageError("--voters must be 1, 3 or 5");
  return Number(text);
}
