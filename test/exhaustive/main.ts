/**
 * `npm run explore -- --model election [--states N] [--minutes M] [--short]` goes through all worlds of a model, until
 * there are no more, so many different ones were met, or the time is over. The exit code is 1 when a law was broken, or
 * when something was never met that the model is there for. All that is printed is the same every time, but for times.
 */
import { parseArgs } from "node:util";
import { MODELS } from "./models.ts";
import { type Exploration, Search, missedBy } from "./search.ts";
import { storyOf } from "./story.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "election" },
    states: { type: "string", default: "100000000" },
    minutes: { type: "string", default: "30" },
    short: { type: "boolean", default: false },
  },
});
const print = (line: string): void => console.log(line);
const startedAt = performance.now();
process.exitCode = run() ? 0 : 1;

function run(): boolean {
  const model = MODELS.find(({ name }) => name === values.model);
  if (model === undefined) {
    const names = MODELS.map(({ name }) => name).join(", ");
    console.error(`there is no model "${values.model}", only ${names}`);
    process.exit(2);
  }
  const limits = {
    states: wholeNumber(values.states),
    milliseconds: 60_000 * wholeNumber(values.minutes),
  };
  const search = new Search(model, values.short ? model.short : model.full, limits);
  print(`${model.name}: depth, states, left to look at`);
  const exploration = search.run(({ depth, states, frontier }) => {
    print(`  ${[depth, states, frontier].map((count) => `${count}`.padStart(10)).join("")}`);
  });
  printCounts(exploration);
  return printVerdict(exploration);
}

function printCounts(exploration: Exploration): void {
  const { states, transitions, depth, frontier, cut, replicas, moves, situations } = exploration;
  const counts: readonly (readonly [string, number])[] = [
    ["different worlds", states],
    ["moves made", transitions],
    ["moves to the furthest world", depth],
    ["worlds not looked at", frontier],
    ["moves beyond the last epoch", cut],
    ["different replicas", replicas],
    ...[...moves].toSorted(([one], [other]) => (one < other ? -1 : 1)),
    ...[...situations].map(([name, times]) => [`situation: ${name}`, times] as const),
  ];
  for (const [what, times] of counts) print(`  ${what.padEnd(60)}${times}`);
  const seconds = (performance.now() - startedAt) / 1000;
  print(`took ${seconds.toFixed(1)} s, ${Math.round(states / seconds)} new worlds a second`);
}

/** True when all is well. */
function printVerdict(exploration: Exploration): boolean {
  const { end, violation, frontier } = exploration;
  if (violation !== null) {
    for (const line of storyOf(violation.way)) print(line);
    print(`violates ${violation.sentence}`);
    return false;
  }
  const missed = missedBy(exploration);
  for (const line of missed) print(line);
  if (end === "exhausted")
    print("exhausted: there are no other worlds within the bounds of the model");
  else print(`not exhausted: the limit of ${end} was met, with ${frontier} worlds not looked at`);
  print("no violation");
  return missed.length === 0;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`expected a whole number above 0, got "${text}"`);
  return process.exit(2);
}
