/**
 * The language of the golden scripts. A script is a claim, commands, a line `---`, and what then happened.
 * Running one renders the whole file anew, so that a script is its own snapshot.
 *
 *     quorum voters=1,2,3 [observers=100] [leader=1 epoch=4]   a quorum; with a leader, one that has settled
 *            [joining=7] [outside=8] [bytes=100]               nodes that know addresses but no voters; such that
 *                                                              only observe; the most that one Fetch asks for
 *            [awake=3]                                         nodes that do not know how to sleep; the others do
 *     disk 2 epoch=3 [leader=1] [voted=2] log=1x3,2x2          storage before the boot: three batches of
 *                                                              epoch 1, two of epoch 2, a record each
 *     boot [2]                                                 starts all, or one
 *     cut 3 · cut 1>2 · cut 1-2 · heal                         loses messages
 *     pass 2s · pass 300ms
 *     append 1 2                                               two records, as one batch, at leader 1
 *     resign 1 · crash 1 · restart 1 · freeze 1 · thaw 1
 *     fail 1 refused [3] · mend 1                              how calls to it end from now on, or those of 3
 *     kill 1                                                   crashes it, and the calls that wait at it fail
 *     clock 1 1d · clock 1 -2s                                 sets its clock ahead or back
 *     sleep 1 5s · wake 2                                      the leader may sleep after 5 s without events;
 *                                                              somebody wants something of 2
 *     read 1                                                   a linearizable read at 1
 *     moved 1 200=3 [201=5] [epoch=4] [dir=…]                  where observers are, as who serves them says
 *     abandon                                                  the client of the latest `ask` or `read` hangs up
 *     snapshot 1 6 300                                         1 has made a snapshot of 300 bytes up to 6
 *     cutlog 1 6                                               cuts its log at the end of that snapshot
 *     verify 2 3s · flip 1 6                                   how long 2 reads snapshots back; a byte of the
 *                                                              snapshot up to 6 is another one
 *     ask 1 vote|prevote|begin|end|fetch|snapshot key=value …  a hand-made request from outside the quorum
 *     ask 1 add|remove|update voter=4 [dir=…] [ack=append]     a change of the voter set
 *     fresh 4                                                  a node more, which was told to become a voter
 *     wipe 3                                                   its storage is gone; it joins with another
 *     busy 1 · free 1                                          its application has batches before such a change;
 *                                                              they have gone
 *     speaks 4 0-0                                             which versions of kraft.version it can
 *     move 1 host=elsewhere                                    changes its endpoints from the next boot on
 *     show [1] · quorum? 1                                     states; DescribeQuorum
 *     trace roles,votes,epochs,fetches,snapshots,storage,commits,
 *           voters                                            what to tell
 */
import type { Request, RequestFailure, State, Voter } from "../../src/raft/index.ts";
import { describeQuorum, describeState, highWatermark } from "../../src/raft/index.ts";
import {
  DEFAULT_TIMEOUTS,
  INCARNATION_COUNT,
  NO_DIRECTORY,
  UNSTATED_HIGH_WATERMARK,
} from "../../src/raft/index.ts";
import type { Topic } from "./quorum-driver.ts";
import { voterOf } from "./node-disk.ts";
import { CLUSTER_ID, Quorum, configOf, dataEntry } from "./quorum-driver.ts";

const SEEDS_MAX = 500;

/** Runs the commands of a script and returns the script with what happened. */
export function renderScript(text: string): string {
  const [head = ""] = text.split("\n---\n");
  const lines = head.trimEnd().split("\n");
  const run = new Run();
  const commands = lines.filter((line) => line !== "" && !line.startsWith("#"));
  for (const command of commands) run.execute(command);
  return `${lines.join("\n")}\n---\n${run.quorum.lines.join("\n")}\n`;
}

type Options = ReadonlyMap<string, string>;

class Run {
  quorum = new Quorum(1);

  execute(command: string): void {
    const [verb = "", ...words] = command.split(/\s+/);
    const start = this.quorum.lines.length;
    this.#dispatch(verb, words);
    const { lines } = this.quorum;
    if (lines.length > start) lines.splice(start, 0, `> ${command}`);
  }

  #dispatch(verb: string, words: readonly string[]): void {
    const options = parseOptions(words);
    const [first = ""] = words;
    const id = Number(first);
    switch (verb) {
      case "quorum":
        return this.#form(options);
      case "disk":
        return this.#disk(id, options);
      case "move":
        return this.#move(id, options.get("host") ?? "");
      case "boot":
        return this.#each(words, (node) => this.quorum.boot(node));
      case "cut":
        return this.#cut(first);
      case "heal":
        return this.quorum.cut.clear();
      case "pass":
        return this.quorum.pass(parseSpan(first));
      case "append":
        return this.#append(id, Number(words[1] ?? 1));
      case "resign":
        return this.quorum.take(id, {
          kind: "resign",
          now: this.quorum.now,
          epoch: Number(options.get("epoch") ?? this.#state(id).election.epoch),
        });
      case "sleep":
        return this.quorum.take(id, {
          kind: "sleep",
          now: this.quorum.now,
          epoch: Number(options.get("epoch") ?? this.#state(id).election.epoch),
          quietMs: parseSpan(words[1] ?? "0s"),
        });
      case "wake":
        return this.quorum.take(id, { kind: "wake", now: this.quorum.now });
      case "crash":
        return this.quorum.crash(id);
      case "kill":
        return this.quorum.kill(id);
      case "restart":
        this.quorum.crash(id);
        return this.quorum.boot(id);
      case "fail":
        this.quorum.node(id).fails = {
          failure: failureOf(words[1] ?? ""),
          from: words[2] === undefined ? null : Number(words[2]),
        };
        return;
      case "mend":
        this.quorum.node(id).fails = null;
        return;
      case "clock":
        this.quorum.node(id).clockAheadMs += parseSpan(words[1] ?? "");
        return;
      case "snapshot":
        return this.quorum.makeSnapshot(id, Number(words[1]), Number(words[2] ?? 100));
      case "cutlog":
        return this.quorum.take(id, {
          kind: "log-cut",
          now: this.quorum.now,
          startOffset: Number(words[1]),
        });
      case "verify":
        this.quorum.node(id).verifyMs = parseSpan(words[1] ?? "");
        return;
      case "flip":
        return this.quorum.node(id).disk.flip(Number(words[1]));
      case "read":
        return this.quorum.read(id);
      case "moved":
        return this.#moved(id, options);
      case "abandon":
        return this.quorum.abandon();
      case "fresh":
        return this.#join(id, voterOf(id));
      case "wipe":
        return this.#wipe(id);
      case "busy":
        this.quorum.node(id).isBusy = true;
        return;
      case "free":
        return this.quorum.free(id);
      case "speaks":
        return this.#speaks(id, words[1] ?? "");
      case "freeze":
        return this.quorum.freeze(id);
      case "thaw":
        return this.quorum.thaw(id);
      case "ask":
        return this.quorum.ask(id, "client", requestOf(words[1] ?? "", options));
      case "show":
        return this.#each(words, (node) => this.#show(node));
      case "quorum?":
        return this.#describe(id);
      case "trace":
        this.quorum.trace = new Set(first.split(",").map(topicOf));
        return;
      default:
        throw new Error(`no such command: ${verb}`);
    }
  }

  /** A settled quorum is found by trying seeds until the wanted replica wins the first election. */
  #form(options: Options): void {
    const leader = options.get("leader");
    const { trace } = this.quorum;
    for (let seed = 1; seed < SEEDS_MAX; seed += 1) {
      this.quorum = this.#newQuorum(seed, options);
      this.quorum.trace = leader === undefined ? trace : new Set();
      if (leader === undefined) return;
      this.#each([], (node) => this.quorum.boot(node));
      this.quorum.pass(2_600);
      const { role, election } = this.#state(Number(leader));
      if (role.kind !== "leader" || election.epoch !== Number(options.get("epoch") ?? 1)) continue;
      this.quorum.lines.length = 0;
      this.quorum.trace = trace;
      return;
    }
    throw new Error(`no seed makes ${leader} the leader`);
  }

  #newQuorum(seed: number, options: Options): Quorum {
    const quorum = new Quorum(seed);
    const voters = parseIds(options.get("voters"));
    const awake = parseIds(options.get("awake"));
    const epoch = options.has("leader") ? Number(options.get("epoch") ?? 1) - 1 : 0;
    const fetchMaxBytes = Number(options.get("bytes") ?? DEFAULT_TIMEOUTS.fetchMaxBytes);
    for (const id of [...voters, ...parseIds(options.get("observers"))]) {
      const sleeping = awake.includes(id) ? {} : { maySleep: true as const };
      const node = quorum.add(id, { ...configOf(id, voters), fetchMaxBytes, ...sleeping });
      if (epoch > 0) node.disk.election = { epoch, leaderId: null, votedKey: null };
    }
    for (const id of parseIds(options.get("joining"))) {
      quorum.add(id, { ...configOf(id, voters), bootstrapVoters: [] });
    }
    for (const id of parseIds(options.get("outside"))) {
      quorum.add(id, { ...configOf(id, voters), bootstrapVoters: [], observesOnly: true });
    }
    return quorum;
  }

  #disk(id: number, options: Options): void {
    const { disk } = this.quorum.node(id);
    const voted = options.get("voted");
    const leader = options.get("leader");
    disk.election = {
      epoch: Number(options.get("epoch") ?? 0),
      leaderId: leader === undefined ? null : Number(leader),
      votedKey: voted === undefined ? null : { id: Number(voted), directoryId: `dir-${voted}` },
    };
    disk.highWatermark = null;
    const batches = (options.get("log") ?? "").split(",").filter((part) => part !== "");
    const epochs = batches.flatMap((part) => {
      const [epoch = 0, count = 1] = part.split("x").map(Number);
      return Array.from({ length: count }, () => epoch);
    });
    disk.log = epochs.map((epoch, offset) => dataEntry(offset, offset, epoch));
  }

  /** The replica will listen elsewhere from its next boot on. */
  #move(id: number, host: string): void {
    const node = this.quorum.node(id);
    const { local } = node.config;
    const endpoints = local.endpoints.map((endpoint) => ({ ...endpoint, host }));
    node.config = { ...node.config, local: { ...local, endpoints } };
  }

  /** The node has lost its storage, and was given another one, and the order to join. */
  #wipe(id: number): void {
    const { config, incarnation } = this.quorum.node(id);
    this.quorum.crash(id);
    const { local } = config;
    const key = { id, directoryId: `${local.key.directoryId}'` };
    this.#join(id, { ...local, key }, incarnation);
  }

  #join(id: number, local: Voter, incarnation = 0): void {
    const servers = [...this.quorum.nodes.keys()].filter((other) => other !== id);
    const config = { ...configOf(id, servers), local, bootstrapVoters: [] };
    const node = this.quorum.add(id, config);
    node.incarnation = incarnation;
    node.disk.joining = true;
    this.quorum.boot(id);
  }

  #speaks(id: number, range: string): void {
    const [min = 0, max = 0] = range.split("-").map(Number);
    const node = this.quorum.node(id);
    const local = { ...node.config.local, kraftVersions: { min, max } };
    node.config = { ...node.config, local };
  }

  #cut(target: string): void {
    const { cut, nodes } = this.quorum;
    const [from = "", to = ""] = target.split(/[>-]/);
    if (to !== "") {
      cut.add(`${from}>${to}`);
      if (target.includes("-")) cut.add(`${to}>${from}`);
      return;
    }
    for (const id of nodes.keys()) {
      cut.add(`${id}>${from}`);
      cut.add(`${from}>${id}`);
    }
  }

  #append(id: number, count: number): void {
    const { log, election } = this.#state(id);
    this.quorum.take(id, {
      kind: "append",
      now: this.quorum.now,
      epoch: election.epoch,
      baseOffset: log.endOffset,
      count,
      payload: new Uint8Array([election.epoch]),
    });
  }

  #moved(id: number, options: Options): void {
    const places = [...options].filter(([name]) => /^\d+$/.test(name));
    this.quorum.take(id, {
      kind: "observers-moved",
      now: this.quorum.now,
      epoch: Number(options.get("epoch") ?? this.#state(id).election.epoch),
      positions: places.map(([observer, end]) => ({
        key: { id: Number(observer), directoryId: options.get("dir") ?? `dir-${observer}` },
        endOffset: Number(end),
      })),
    });
  }

  #show(id: number): void {
    const { state } = this.quorum.node(id);
    this.quorum.lines.push(state === null ? `${id} down` : describeState(state));
  }

  #describe(id: number): void {
    const state = this.#state(id);
    const { error, currentVoters, observers } = describeQuorum(state, this.quorum.now);
    const age = (at: number | null): string => (at === null ? "never" : `${this.quorum.now - at}`);
    this.quorum.lines.push(`${id} DescribeQuorum ${error} hw=${highWatermark(state) ?? "?"}`);
    for (const { key, logEndOffset, lastFetchAt, lastCaughtUpAt } of [
      ...currentVoters,
      ...observers,
    ]) {
      this.quorum.lines.push(
        `  ${key.id} end=${logEndOffset ?? "?"} fetched ${age(lastFetchAt)} caught up ${age(lastCaughtUpAt)}`,
      );
    }
  }

  #each(words: readonly string[], act: (id: number) => void): void {
    const ids = words.length === 0 ? [...this.quorum.nodes.keys()] : words.map(Number);
    for (const id of ids) act(id);
  }

  #state(id: number): State {
    const { state } = this.quorum.node(id);
    if (state === null) throw new Error(`replica ${id} is down`);
    return state;
  }
}

function parseOptions(words: readonly string[]): Options {
  return new Map(
    words
      .filter((word) => word.includes("="))
      .map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
}

const parseIds = (text: string | undefined): readonly number[] =>
  text === undefined ? [] : text.split(",").map(Number);

function parseSpan(text: string): number {
  const value = Number.parseFloat(text);
  if (text.endsWith("ms")) return value;
  return value * (text.endsWith("d") ? 86_400_000 : 1_000);
}

const FAILURES: readonly RequestFailure[] = [
  "refused",
  "reset",
  "retryable",
  "overloaded",
  "timeout",
  "unreadable",
];

function failureOf(word: string): RequestFailure {
  const failure = FAILURES.find((known) => known === word);
  if (failure === undefined) throw new Error(`no such failure: ${word}`);
  return failure;
}

const TOPICS: readonly Topic[] = [
  "roles",
  "votes",
  "epochs",
  "fetches",
  "snapshots",
  "storage",
  "commits",
  "voters",
];

function topicOf(word: string): Topic {
  const topic = TOPICS.find((known) => known === word);
  if (topic === undefined) throw new Error(`no such topic: ${word}`);
  return topic;
}

function requestOf(api: string, options: Options): Request {
  const number = (name: string, fallback: number): number => Number(options.get(name) ?? fallback);
  const clusterId = options.get("cluster") ?? CLUSTER_ID;
  const epoch = number("epoch", 1);
  const receiver = options.get("receiver");
  const to =
    receiver === undefined
      ? null
      : { id: Number(receiver), directoryId: options.get("to-dir") ?? `dir-${receiver}` };
  const [offset = 0, last = 0] = (options.get("end") ?? "0@0").split("@").map(Number);
  switch (api) {
    case "vote":
    case "prevote": {
      const id = number("candidate", 9);
      const directoryId = options.get("dir") ?? `dir-${id}`;
      return {
        api: "vote",
        clusterId,
        receiver: to,
        candidate: { id, directoryId },
        epoch,
        logEnd: { offset, epoch: last },
        preVote: api === "prevote",
      };
    }
    case "begin": {
      const leaderId = number("leader", 9);
      const endpoints =
        options.get("endpoints") === "none" ? [] : configOf(leaderId, []).local.endpoints;
      return { api: "begin-quorum-epoch", clusterId, receiver: to, leaderId, epoch, endpoints };
    }
    case "end": {
      const leaderId = number("leader", 9);
      return {
        api: "end-quorum-epoch",
        clusterId,
        leaderId,
        epoch,
        preferredCandidates: parseIds(options.get("candidates")).map(
          (id) => configOf(id, []).local.key,
        ),
        endpoints: configOf(leaderId, []).local.endpoints,
      };
    }
    case "fetch": {
      const id = number("replica", 100);
      const hw = options.get("hw");
      return {
        api: "fetch",
        clusterId,
        replica: { id, directoryId: options.get("dir") ?? (id < 0 ? NO_DIRECTORY : `dir-${id}`) },
        epoch,
        fetchOffset: offset,
        lastFetchedEpoch: last,
        highWatermark: hw === undefined ? UNSTATED_HIGH_WATERMARK : hw === "?" ? null : Number(hw),
        maxWaitMs: number("wait", 0),
        maxBytes: 1_000_000,
        incarnation: options.has("incarnation")
          ? number("incarnation", 0) * INCARNATION_COUNT + number("bits", 0)
          : null,
      };
    }
    case "snapshot": {
      const id = number("replica", 100);
      const [endOffset = 0, of = 0] = (options.get("id") ?? "0@0").split("@").map(Number);
      return {
        api: "fetch-snapshot",
        clusterId,
        replica: { id, directoryId: options.get("dir") ?? `dir-${id}` },
        epoch,
        snapshotId: { endOffset, epoch: of },
        position: number("position", 0),
        maxBytes: number("max", 1_000_000),
      };
    }
    case "add":
    case "remove":
    case "update": {
      const id = number("voter", 4);
      const { kraftVersions, ...listed } = voterOf(id);
      const host = options.get("host") ?? `host-${id}`;
      const voter = { id, directoryId: options.get("dir") ?? listed.key.directoryId };
      const endpoints =
        options.get("endpoints") === "none" ? [] : [{ name: "CONTROLLER", host, port: 9093 }];
      if (api === "remove") return { api: "remove-raft-voter", clusterId, voter };
      if (api === "update")
        return { api: "update-raft-voter", clusterId, epoch, voter, endpoints, kraftVersions };
      const ackWhenCommitted = options.get("ack") !== "append";
      return { api: "add-raft-voter", clusterId, voter, endpoints, ackWhenCommitted };
    }
    default:
      throw new Error(`no such request: ${api}`);
  }
}
