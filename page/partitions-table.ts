/** The partitions of a topic as a table, those first that need a hand. */
import type { Partition } from "../client/topics.ts";
import { h, rows, say } from "./element.ts";
import { whole } from "./numbers.ts";

/** More rows are counted, and not drawn; those that need a hand come first. */
const PARTITIONS_MAX = 500;

type Tone = "bad" | "warn" | "plain";

const toneOf = ({ leader_id: leader, isr_ids: isr, replica_ids: replicas }: Partition): Tone =>
  leader < 0 ? "bad" : isr.length < replicas.length ? "warn" : "plain";

const CLASSES: Readonly<Record<string, string>> = {
  Partition: "number",
  Leader: "number",
  Epochs: "number epochs",
};

const TONES: readonly Tone[] = ["bad", "warn", "plain"];

export function partitionsTable() {
  const body = h("tbody", {});
  const note = h("p", { class: "note" });
  let move: ((partition: Partition) => void) | null = null;
  const show = rows<Partition>(
    body,
    ({ partition_id: id }) => String(id),
    rowWith(() => move),
  );
  const head = ["Partition", "Leader", "Replicas", "Epochs", "State"];
  return {
    element: h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": "Partitions" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...head.map((text) => h("th", { scope: "col", class: CLASSES[text] ?? "" }, text)),
            h("td", {}),
          ),
        ),
        body,
      ),
      note,
    ),
    /** From here on a row has a button that moves its partition. */
    allow: (act: (partition: Partition) => void) => {
      move = act;
    },
    show: (partitions: readonly Partition[]) => {
      const sorted = partitions.toSorted(
        (one, other) =>
          TONES.indexOf(toneOf(one)) - TONES.indexOf(toneOf(other)) ||
          one.partition_id - other.partition_id,
      );
      show(sorted.slice(0, PARTITIONS_MAX));
      const more = partitions.length - PARTITIONS_MAX;
      say(note, more > 0 ? `and ${whole(more)} more, none worse than these` : "");
    },
  };
}

/** `moving` is what moves a partition, or null where that is not allowed. */
const rowWith =
  (moving: () => ((partition: Partition) => void) | null) =>
  ({ partition_id: id }: Partition) => {
    const leader = h("td", { class: "number" });
    const replicas = h("td", { class: "replicas" });
    const epoch = h("td", { class: "number epochs", title: "leader epoch · partition epoch" });
    const state = h("td", { class: "state" });
    let last: Partition | null = null;
    const button = h(
      "button",
      { type: "button", class: "small", on: { click: () => last !== null && moving()?.(last) } },
      "Move…",
    );
    const element = h(
      "tr",
      {},
      h("td", { class: "number" }, id),
      leader,
      replicas,
      epoch,
      state,
      h("td", {}, button),
    );
    return {
      element,
      show: (partition: Partition) => {
        last = partition;
        element.dataset["tone"] = toneOf(partition);
        say(leader, partition.leader_id < 0 ? "none" : String(partition.leader_id));
        replicas.replaceChildren(...replicasOf(partition));
        say(epoch, `${whole(partition.leader_epoch)} · ${whole(partition.partition_epoch)}`);
        say(state, stateWords(partition));
        button.hidden = moving() === null;
      },
    };
  };

/** In the order of preference: who leads, who is in sync, who is not. */
const replicasOf = ({ replica_ids: ids, isr_ids: isr, leader_id: leader }: Partition) =>
  ids.map((id) => {
    const state = id === leader ? "leads" : isr.includes(id) ? "in sync" : "out";
    return h(
      "span",
      {
        class: "replica",
        data: { state },
        title: `broker ${id}: ${state === "out" ? "not in sync" : state}`,
      },
      id,
    );
  });

function stateWords(partition: Partition): string {
  const { adding_replica_ids: adding, removing_replica_ids: removing, elr_ids: elr } = partition;
  const words: string[] = [];
  if (partition.leader_id < 0) words.push("offline");
  const out = partition.replica_ids.filter((id) => !partition.isr_ids.includes(id));
  if (out.length > 0) words.push(`not in sync: ${out.join(", ")}`);
  if (adding.length > 0) words.push(`adding ${adding.join(", ")}`);
  if (removing.length > 0) words.push(`removing ${removing.join(", ")}`);
  if (elr.length > 0) words.push(`may lead too: ${elr.join(", ")}`);
  if (partition.leader_recovery_state === "RECOVERING")
    words.push("recovering from an unclean election");
  return words.length === 0 ? "in sync" : words.join("; ");
}
