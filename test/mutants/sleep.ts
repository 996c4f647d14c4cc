/**
 * Mistakes in how a quorum sleeps and wakes. The simulator judges what is left undone, the tests over ports how often
 * an object is woken and what is answered meanwhile.
 */
import { without, type Mutant } from "./mutant.ts";

const falling = "src/raft/sleep/falling-asleep.ts";
const waking = "src/raft/sleep/waking.ts";
const invariants = "src/raft/invariants.ts";
const duties = "durable-objects/active-controller/duties.ts";
const replica = "durable-objects/replica/replica.ts";

const judged = { killers: ["controller"], witness: "controller" } as const;
const scripted = { killers: ["golden"], witness: "golden" } as const;

/** The core's own word for it. */
const ASSERTED = [
  without(
    invariants,
    "epoch === election.epoch && endOffset === log.endOffset && endOffset === committed,",
  ),
  without(invariants, "role.parkedVoters.size === 0 && role.change === null,"),
];

export const SLEEP_MUTANTS: readonly Mutant[] = [
  {
    name: "a leader sleeps on records that are not committed",
    breaks: "SL-1",
    edits: [
      {
        file: falling,
        find: " || role.highWatermark !== log.endOffset) return false;",
        replace: ") return false;",
      },
      {
        file: falling,
        find: "  return areAllLevel(state, role);",
        replace: "  return role.parkedVoters.size >= 0;",
      },
      ...ASSERTED,
    ],
    killers: ["sleepers-are-level", "a-majority-serves", "every-request-is-answered"],
  },
  {
    name: "a leader sleeps while a voter lags",
    breaks: "SL-1",
    edits: [
      {
        file: falling,
        find: "  return areAllLevel(state, role);",
        replace: "  return role.parkedVoters.size >= 0;",
      },
    ],
    killers: ["sleepers-are-level"],
  },
  {
    name: "an append does not wake its leader",
    breaks: "SL-4",
    edits: [
      {
        file: "src/raft/replication/leading.ts",
        find: "  wake(turn);\n",
        replace: "",
      },
      {
        file: "src/raft/replication/leading.ts",
        find: 'import { wake } from "../sleep/waking.ts";\n',
        replace: "",
      },
      ...ASSERTED,
    ],
    killers: ["sleepers-are-level", "a-majority-serves", "converges"],
  },
  {
    name: "that it woke is not stored",
    breaks: "SL-4",
    edits: [
      {
        file: "src/raft/turn.ts",
        find: '(state.asleep ?? "over")',
        replace: "state.asleep",
      },
    ],
    killers: ["summaries-are-true"],
  },
  {
    name: "who led before it was restarted in its sleep leads on",
    breaks: "SL-5, S-1",
    edits: [
      {
        file: "src/raft/boot.ts",
        find: "  if (isTrue) update(turn, { asleep: sleep });",
        replace: `  if (!isTrue) return;
  update(turn, { asleep: sleep });
  if (role.kind !== "resigned") return;
  update(turn, { role: { ...newLeader(state), epochStartOffset: 0, highWatermark: committed } });
  announceRole(turn);`,
      },
      {
        file: "src/raft/boot.ts",
        find: 'import { check } from "./invariants.ts";',
        replace:
          'import { check } from "./invariants.ts";\nimport { newLeader } from "./election/leader-state.ts";',
      },
      without(invariants, "votedSelf && election.leaderId === self.id,"),
    ],
    ...scripted,
  },
  {
    name: "a follower shields a leader that it has not heard of since it fell asleep",
    breaks: "SL-8",
    edits: [
      { file: falling, find: "role: { ...role, isServed: false }", replace: "role" },
      {
        file: waking,
        find: "fetchDeadline, isServed: false, fetchFailures",
        replace: "fetchDeadline, fetchFailures",
      },
    ],
    ...scripted,
  },
  {
    name: "a leader that wakes presents itself to nobody",
    breaks: "SL-4",
    edits: [
      {
        file: waking,
        find: "    if (!sameKey(key, config.local.key)) send(",
        replace: "    if (key.id < 0) send(",
      },
      { file: waking, find: "latestVoters, sameKey }", replace: "latestVoters }" },
    ],
    ...scripted,
  },
  {
    name: "a Fetch of who is level wakes its leader",
    breaks: "SL-3",
    edits: [
      {
        file: waking,
        find: '  body.api === "fetch" && leadsEpoch(state, body.epoch) && isLevelFetch(state, body);',
        replace:
          '  body.api === "fetch" && leadsEpoch(state, body.epoch) && !isLevelFetch(state, body);',
      },
    ],
    ...scripted,
  },
  {
    name: "a read wakes the quorum",
    breaks: "SL-6",
    edits: [
      {
        file: "src/raft/leadership.ts",
        find: "...(asleep === null ? {} : { asleepAt: asleep.endOffset }),",
        replace:
          "...(asleep === null || asleep.endOffset >= 0 ? {} : { asleepAt: asleep.endOffset }),",
      },
    ],
    ...judged,
  },
  {
    name: "a sleeper that no majority confirms sleeps on",
    breaks: "SL-6",
    edits: [
      {
        file: "src/raft/reading/rounds.ts",
        find: "  if (expireReads(turn)) wake(turn);",
        replace: "  expireReads(turn);",
      },
      {
        file: "src/raft/reading/rounds.ts",
        find: 'import { wake } from "../sleep/waking.ts";\n',
        replace: "",
      },
    ],
    ...scripted,
  },
  {
    name: "a sleeper tells brokers for ever that they live",
    breaks: "SL-6",
    edits: [
      {
        file: "src/raft/confirmed-age.ts",
        find: "  return ageMs === null || ageMs > CONFIRMED_MS_MAX;",
        replace: "  return ageMs !== null && ageMs > 1_000 * CONFIRMED_MS_MAX;",
      },
    ],
    ...judged,
  },
  {
    name: "silence is looked for once a minute",
    breaks: "SL-7",
    edits: [
      {
        file: "src/metadata/liveness/lease-alarm.ts",
        find: "  if (!isClocked || isLeaseNear(deadlineMs, nowMs, timeoutMs)) return deadlineMs;",
        replace: "  if (!isClocked) return deadlineMs;",
      },
    ],
    ...judged,
  },
  {
    name: "the only broker is expected to report its own silence",
    breaks: "SL-7",
    edits: [
      {
        file: "src/metadata/liveness/lease-alarm.ts",
        find: "count > 1 && !isLeaseNear(heardMs",
        replace: "count > 0 && !isLeaseNear(heardMs",
      },
    ],
    ...judged,
  },
  {
    name: "each heartbeat moves the alarm",
    breaks: "SL-7",
    edits: [
      {
        file: "durable-objects/replica/wake.ts",
        find: "    if (armed !== null && armed <= atMs && now < armed + ALARM_LATE_MS) return;\n    // Booted",
        replace: "    if (armed !== null && armed === atMs) return;\n    // Booted",
      },
    ],
    ...judged,
  },
  {
    name: "a sleeper keeps its timer",
    breaks: "SL-1",
    edits: [
      {
        file: replica,
        find: "const timerAt = Math.min(this.#coreDeadline(), isDue ? now : Number.POSITIVE_INFINITY);",
        replace:
          "const timerAt = Math.min(this.#coreDeadline(), now + this.#above.nextDutyAt() - clock);",
      },
    ],
    ...judged,
  },
  {
    name: "a sleeper keeps the alarm of who is awake",
    breaks: "SL-5",
    edits: [
      {
        file: "durable-objects/replica/wake.ts",
        find: "    if ((asleepUntil !== null) !== this.#isAsleep) this.#alarmAt = null;\n",
        replace: "",
      },
    ],
    ...judged,
  },
  {
    name: "a quorum never sleeps",
    breaks: "SL-1",
    edits: [
      {
        file: duties,
        find: "    return quietAtMs <= nowMs;",
        replace: "    return quietAtMs <= 0;",
      },
    ],
    ...judged,
  },
];
