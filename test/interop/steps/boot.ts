/** The quorum is up, brokers are formatted, register, catch up, are unfenced and serve. */
import { expect } from "../step.ts";
import type { Step } from "../step.ts";
import { seconds, timed, until } from "../../../local/until.ts";

const UNFENCED_MS = 30_000;

const quorumFormed: Step = {
  title: "quorum leads",
  short: true,
  vital: true,
  run: async ({ quorum }) => {
    const { leader_id: leaderId, leader_epoch: epoch } = await quorum.cluster.quorum();
    expect(
      quorum.formed.controllers.some(({ node_id }) => node_id === leaderId),
      `controller ${leaderId} is a voter`,
    );
    return `controller ${leaderId} in epoch ${epoch}`;
  },
};

const format: Step = {
  title: "brokers are formatted",
  short: true,
  vital: true,
  run: async ({ brokers }) => {
    for (const broker of brokers) await broker.format();
    return "";
  },
};

const boot: Step = {
  title: "brokers boot",
  short: true,
  vital: true,
  run: async ({ brokers, quorum }) => {
    const ms = await timed(() => Promise.all(brokers.map((broker) => broker.start())));
    const state = await until(
      "every broker unfenced",
      { withinMs: UNFENCED_MS, evidence: () => brokers.map((broker) => broker.log()).join("\n") },
      async () => {
        const { lines } = await quorum.cluster.log(0);
        const fenced = new Map<unknown, boolean>();
        for (const { type, data } of lines) {
          if (type === "REGISTER_BROKER_RECORD")
            fenced.set(data["brokerId"], data["fenced"] !== false);
          if (type === "BROKER_REGISTRATION_CHANGE_RECORD") {
            if (data["fenced"] === -1) fenced.set(data["brokerId"], false);
            if (data["fenced"] === 1) fenced.set(data["brokerId"], true);
          }
        }
        const open = [...fenced.values()].filter((is) => !is).length;
        if (open < brokers.length) throw new Error(`unfenced: ${open}`);
        return open;
      },
    );
    return `${state} brokers unfenced and serving after ${seconds(ms)}`;
  },
};

export const bootSteps: readonly Step[] = [quorumFormed, format, boot];
