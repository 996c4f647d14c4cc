/**
 * `npm run nemesis -- --minutes N [--seed S]`: a real quorum, three controllers in a `workerd` process each, is killed,
 * stopped, cut off, slowed and robbed of its disk while clients use it, half of them behind gateways that are killed,
 * stopped and cut off as well; then everything that they and the brokers there were told is judged.
 * The last line counts what holds. The seed decides what strikes and when, and what clients ask; what comes of it, the
 * machine.
 */
import { parseArgs } from "node:util";
import { jsonBroker } from "../../client/json-broker.ts";
import { onShutdown } from "../../gateway/shutdown.ts";
import { Recorder } from "../linearizability/recorder.ts";
import type { TopicInput, TopicOutput } from "../linearizability/topic.ts";
import { Clients } from "./clients.ts";
import { Nemesis } from "./faults.ts";
import { printFigures, type Figures } from "./figures.ts";
import { GatewayRun } from "./gateway-run.ts";
import { planOf } from "./plan.ts";
import { isVoter, startSpreadQuorum, type SpreadQuorum } from "./spread-quorum.ts";
import { judge, storedLog, type Check } from "./verdict.ts";

const CLIENTS = 8;
const BROKERS = [1, 2, 3];
/** Two hours at several hundred operations a second. */
const OPERATIONS_MAX = 3_000_000;

/** How often it is looked whether the quorum sleeps. */
const LOOK_MS = 500;
/** Of each process that is shown when something does not hold. */
const LINES = 10;
const COLUMNS = 300;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string", default: String(Math.floor(Date.now() / 1_000)) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes >= 2 && minutes <= 120) || !Number.isSafeInteger(seed)) {
  console.error(
    "--minutes is a number from 2 (in fewer not every kind of fault has its turn) to 120, --seed a whole one",
  );
  process.exit(2);
}
// Exiting ends every process that was started.
onShutdown(() => process.exit(130));
console.log(`seed ${seed}, ${minutes} minutes`);
const quorum = await startSpreadQuorum();
let checks: readonly Check[] = [];
let failed: readonly Check[] = [];
let gateways: GatewayRun | null = null;
try {
  gateways = await GatewayRun.start(quorum);
  checks = await run(quorum, gateways);
  failed = checks.filter(({ complaint }) => complaint !== undefined);
} finally {
  await gateways?.stop();
  if (checks.length > 0 && failed.length === 0) await quorum.stop();
  else console.log(`kept: ${await quorum.stopAndKeep()}`);
}
for (const { name, complaint } of checks)
  console.log(complaint === undefined ? `  holds: ${name}` : `  FAILS: ${name}: ${complaint}`);
if (failed.length > 0) printLastLines(quorum, gateways);
if (failed.length > 0) console.log(`again: npm run nemesis -- --minutes ${minutes} --seed ${seed}`);
console.log(`${checks.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length === 0 && checks.length > 0 ? 0 : 1);

/** What the processes printed last: stacks of what went wrong in them. */
function printLastLines({ controllers }: SpreadQuorum, behind: GatewayRun): void {
  const printed = controllers.map(({ member, id }) => [String(id), member.lines] as const);
  for (const [name, lines] of [...printed, ...behind.lastLines])
    for (const line of lines.slice(-LINES)) console.log(`  ${name}: ${line.slice(0, COLUMNS)}`);
}

async function run(spread: SpreadQuorum, behind: GatewayRun): Promise<readonly Check[]> {
  const brokers = BROKERS.map((id) => jsonBroker(spread.cluster, id));
  for (const broker of brokers) {
    await broker.register();
    await broker.heartbeat();
    broker.keepAlive();
  }
  const plan = planOf(seed, minutes * 60_000);
  const recorder = new Recorder<TopicInput, TopicOutput>(OPERATIONS_MAX);
  const { clusterId, deployments } = spread;
  const direct = deployments.map((deployment) => ({ deployment, clusterId }));
  const callers = behind.callers(direct);
  const startedMs = performance.now();
  const clients = new Clients({ callers, recorder, count: CLIENTS, seed });
  const nemesis = new Nemesis(spread);
  const sleeps = countSleeps(spread);
  await Promise.all([nemesis.carryOut(plan), behind.carryOut(seed, minutes * 60_000)]);
  await clients.finish();
  const slept = sleeps();
  const seconds = (performance.now() - startedMs) / 1_000;
  const { strikes } = nemesis;
  const { tally } = clients;
  const figures: Figures = { seconds, plan, strikes, tally };
  printFigures(figures);
  const verdict = await judge(spread, { clients, recorder, callers: direct, figures });
  const ofGateways = await behind.judge(() => storedLog(spread));
  behind.printFigures();
  await Promise.all(brokers.map((broker) => broker.fallSilent()));
  const complaint = slept > 0 ? undefined : "it was awake all the time";
  const sleep: Check = { name: `the quorum slept, ${slept} times at least`, complaint };
  return [...verdict, ...ofGateways, sleep];
}

async function isSomebodyAsleep({ controllers }: SpreadQuorum): Promise<boolean> {
  const statuses = await Promise.all(
    controllers.map(({ member, object }) => member.status(object, LOOK_MS)),
  );
  return statuses.some((status) => {
    if (status === null || !isVoter(status)) return false;
    return (status.sleep?.asleep_since_ms ?? null) !== null;
  });
}

/** Begins to count how often the quorum was seen to fall asleep; what is returned ends that, and says it. */
function countSleeps(spread: SpreadQuorum): () => number {
  let count = 0;
  let wasAsleep = false;
  const timer = setInterval(() => {
    void isSomebodyAsleep(spread).then((isAsleep) => {
      if (isAsleep && !wasAsleep) count += 1;
      wasAsleep = isAsleep;
    });
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    return count;
  };
}
