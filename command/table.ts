/** Every command of `kedge`, in the order in which its help shows them. */
import { Command } from "commander";
import { version } from "../gateway/version.ts";
import { brokerProperties } from "./broker-properties.ts";
import { brokers } from "./brokers.ts";
import { clusters } from "./clusters.ts";
import { completion } from "./completion.ts";
import { cost } from "./cost.ts";
import { doctor } from "./doctor/doctor.ts";
import { feed } from "./feed.ts";
import { fork } from "./fork.ts";
import { gateway } from "./gateway.ts";
import { kafka } from "./kafka.ts";
import { quorum } from "./quorum.ts";
import { token } from "./token.ts";
import { topics } from "./topics.ts";
import { tour } from "./tour.ts";
import { up } from "./up.ts";

const COMMANDS = [
  up,
  tour,
  gateway,
  kafka,
  clusters,
  topics,
  brokers,
  quorum,
  feed,
  token,
  fork,
  cost,
  doctor,
  brokerProperties,
  completion,
] as const;

/** The whole of `kedge`; whoever parses with it gets errors in our words, and a non-zero exit. */
export function kedge(): Command {
  const root = new Command("kedge")
    .description("Apache Kafka's metadata quorum on Cloudflare Durable Objects")
    .version(version(), "--version")
    .enablePositionalOptions();
  for (const made of COMMANDS) root.addCommand(made());
  return speaking(root);
}

/** Errors as all of ours are: one line, who says it, and where help is. */
function speaking(command: Command): Command {
  if (command.description() === "") command.description(asSentence(command.summary()));
  command
    .hook("preSubcommand", refuseUnknown)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "kedge: ")) })
    .showHelpAfterError(`(${pathOf(command)} --help says more)`);
  for (const child of command.commands) speaking(child);
  return command;
}

const asSentence = (summary: string): string =>
  `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`;

/**
 * A word that is none of a command's own would go to what it does unless told otherwise, as something too many: it is
 * refused here, with the nearest word. A twin that does nothing unless told has it refused by the parser itself.
 */
function refuseUnknown(command: Command): void {
  const [word = "-"] = command.args;
  const known = ["help", ...command.commands.map((child) => child.name())];
  if (word.startsWith("-") || known.includes(word)) return;
  const twin = new Command(command.name()).configureOutput(command.configureOutput());
  for (const name of known) twin.command(name);
  twin.showHelpAfterError(`(${pathOf(command)} --help says more)`).parse([word], { from: "user" });
}

/** What was typed to come to it. */
const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
