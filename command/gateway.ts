/** `kedge gateway …`: Kafka's TCP beside the brokers, with the options of `kedge-gateway`. */
import { Command } from "commander";

export const gateway = (): Command =>
  new Command("gateway")
    .summary("Kafka's TCP beside the brokers, carried to the controllers")
    .usage("[options of kedge-gateway; kedge gateway --help has them]")
    .argument("[options...]")
    .helpOption(false)
    .allowUnknownOption()
    .action(async (options: readonly string[]) => {
      const { runGateway } = await import("../gateway/main.ts");
      runGateway(options);
    });
