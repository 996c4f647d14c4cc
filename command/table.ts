/** Every command of `kedge`, in the order in which its help shows them. */
import { Command } from "commander";
import { version } from "../gateway/version.ts";
import { brokerProperties } from "./broker-properties.ts";
import { completion } from "./completion.ts";
import { gateway } from "./gateway.ts";
import { kafka } from "./kafka.ts";
import { token } from "./token.ts";
import { tour } from "./tour.ts";
import { up } from "./up.ts";

const COMMANDS = [up, tour, gateway, kafka, token, brokerProperties, completion] as const;

/** The whole of `kedge`; whoever parses with it gets errors in our words, and a non-zero exit. */
export function kedge(): Command {
  const root = new Command("kedge")
    .description("Apache Kafka's metadata quorum on Cloudflare Durable Objects")
    .version(version(), "--version")
    .enablePositionalOptions();
  for (const made of COMMANDS) root.addCommand(speaking(made()));
  return speaking(root);
}

/** Errors as all of ours are: one line, who says it, and where help is. */
function speaking(command: Command): Command {
  command
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "kedge: ")) })
    .showHelpAfterError(`(${pathOf(command)} --help says more)`);
  for (const child of command.commands) speaking(child);
  return command;
}

const pathOf = (command: Command): string =>
  command.name() === "kedge" ? "kedge" : `kedge ${command.name()}`;
