/**
 * The control plane beside Apache Kafka's own, measured from outside: the same frames over TCP, by the same client, to
 * this quorum as `npm start` runs it and to two quorums of three JVM controllers, one with Kafka's defaults and one
 * that does not linger before it appends. All three are up all the while, and take turns case by case, so that a noisy
 * minute of the machine is everybody's.
 */
import { readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { kafkaRelease } from "../local/kafka-release.ts";
import { CASES, STAGES, type CaseName, type Group } from "./kraft/cases.ts";
import { startJvmQuorum } from "./kraft/jvm-quorum.ts";
import { startKedgeQuorum } from "./kraft/kedge-quorum.ts";
import { svgPlot } from "./kraft/plot.ts";
import { json, markdownTable, pageWith, type Report } from "./kraft/report.ts";
import { bringUp, type SimulatedBroker } from "./kraft/simulated-broker.ts";
import type { Subject, SubjectName } from "./kraft/subject.ts";
import { at, createByClients, largeTopics } from "./kraft/topics.ts";

export interface KraftOptions {
  /** Of each case; 3 when absent. */
  readonly rounds?: string | undefined;
  /** Names of cases, or their beginnings, with commas between. All when absent. */
  readonly cases?: string | undefined;
  /** Where all figures go. */
  readonly json?: string | undefined;
  /** Where a picture of them goes. */
  readonly svg?: string | undefined;
  /** A Markdown page that has a place for the table. */
  readonly page?: string | undefined;
}

const VERSION = "4.3.1";
const ROUNDS = 3;
/** No case is begun later, and what still runs after the second is ended. */
const LAST_START_MS = 17 * 60_000;
const END_MS = 20 * 60_000;

const OURS: SubjectName = "kedge";
const OTHERS: readonly SubjectName[] = ["KRaft", "KRaft, linger 0"];

interface Contestant {
  readonly subject: Subject;
  readonly brokers: readonly SimulatedBroker[];
}

export async function kraft(options: KraftOptions): Promise<void> {
  const rounds = roundsIn(options.rounds);
  const wanted = casesIn(options.cases);
  const begun = performance.now();
  const loadBefore = at(loadavg(), 0);
  // An exit ends every process that was started; nobody waits for it in vain.
  const end = setTimeout(() => {
    console.error(`not done after ${END_MS / 60_000} minutes`);
    process.exit(1);
  }, END_MS);
  const seen: Seen = { figures: new Map(), remarks: [] };
  const contestants: Contestant[] = [];
  try {
    await startAll(contestants);
    for (const { group, round } of turns(wanted, rounds)) {
      if (performance.now() - begun > LAST_START_MS) {
        seen.remarks.push(`round ${round + 1}: no time left for ${group.cases.join(", ")}`);
        continue;
      }
      await runGroup(group, turned(contestants, round), seen);
    }
  } finally {
    for (const { subject, brokers } of contestants) {
      for (const broker of brokers) broker.fallSilent();
      await subject.stop();
    }
    clearTimeout(end);
  }
  const seconds = Math.round((performance.now() - begun) / 1_000);
  await publish(reportOf(seen, wanted, { rounds, seconds, loadBefore }), options);
}

/** Every round of every group, in the order in which they are run. */
function turns(
  wanted: ReadonlySet<CaseName>,
  rounds: number,
): readonly { readonly group: Group; readonly round: number }[] {
  return STAGES.flatMap((stage) => {
    const groups = stage.filter(({ cases }) => cases.some((name) => wanted.has(name)));
    return Array.from({ length: rounds }, (_, round) =>
      groups.map((group) => ({ group, round })),
    ).flat();
  });
}

/** One after the other, so that each is known as soon as it has to be stopped. */
async function startAll(contestants: Contestant[]): Promise<void> {
  const kafka = await kafkaRelease(VERSION);
  const starts = [
    startKedgeQuorum,
    () => startJvmQuorum(kafka, "KRaft", null),
    () => startJvmQuorum(kafka, "KRaft, linger 0", 0),
  ];
  for (const start of starts) {
    const subject = await start();
    const contestant = { subject, brokers: [] };
    contestants.push(contestant);
    const brokers = await bringUp(subject, [1, 2, 3]);
    contestants[contestants.length - 1] = { subject, brokers };
    console.error(`${subject.name}: ready`);
  }
  // What runs for the first time is interpreted, on both sides.
  for (const { subject } of contestants) {
    await createByClients(subject, { clients: 10, count: 600 });
    await largeTopics(subject, { partitions: 1_000, count: 3 });
  }
}

/** Another one is the first in every round. */
function turned<Value>(values: readonly Value[], by: number): readonly Value[] {
  const from = by % values.length;
  return [...values.slice(from), ...values.slice(0, from)];
}

interface Seen {
  readonly figures: Map<CaseName, Map<SubjectName, number[]>>;
  readonly remarks: string[];
}

async function runGroup(
  { run }: Group,
  contestants: readonly Contestant[],
  { figures, remarks }: Seen,
): Promise<void> {
  for (const { subject, brokers } of contestants) {
    try {
      const all = Object.entries(await run(subject, brokers));
      const late = all.filter(([, figure]) => Number.isNaN(figure)).map(([name]) => name);
      if (late.length > 0) remarks.push(`${subject.name}: not in time: ${late.join(", ")}`);
      const found = all.filter(([, figure]) => !Number.isNaN(figure));
      console.error(
        `${subject.name}: ${found.map(([name, figure]) => `${name} ${figure.toFixed(1)}`).join(", ")}`,
      );
      for (const [name, figure] of found) {
        if (!isCase(name)) continue;
        const bySubject = figures.get(name) ?? new Map<SubjectName, number[]>();
        figures.set(name, bySubject);
        bySubject.set(subject.name, [...(bySubject.get(subject.name) ?? []), figure]);
      }
    } catch (error) {
      // The others may have taken a quarter of an hour.
      remarks.push(`${subject.name}: ${error instanceof Error ? error.message : String(error)}`);
      console.error(remarks.at(-1));
    }
  }
}

function reportOf(
  { figures, remarks }: Seen,
  wanted: ReadonlySet<CaseName>,
  run: Pick<Report, "rounds" | "seconds" | "loadBefore">,
): Report {
  const rows = [...wanted].map((name) => {
    const of = (subject: SubjectName): readonly number[] => figures.get(name)?.get(subject) ?? [];
    return { name, case: CASES[name], ours: of(OURS), theirs: OTHERS.map(of) };
  });
  const date = new Date().toISOString().slice(0, 10);
  return { date, version: VERSION, ...run, others: OTHERS, rows, remarks };
}

async function publish(report: Report, options: KraftOptions): Promise<void> {
  console.log(markdownTable(report));
  console.log(
    `\nThe load average was ${report.loadBefore.toFixed(1)} before anything was started.`,
  );
  for (const remark of report.remarks) console.log(`\n${remark}`);
  if (options.json !== undefined) await writeFile(options.json, json(report));
  if (options.page !== undefined)
    await writeFile(options.page, pageWith(await readFile(options.page, "utf8"), report));
  if (options.svg !== undefined) await writeFile(options.svg, svgPlot(report));
}

const isCase = (name: string): name is CaseName => name in CASES;

function roundsIn(text: string | undefined): number {
  const rounds = text === undefined ? ROUNDS : Number(text);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is a number from 1 on, not ${text}`);
  return rounds;
}

const begins = (name: string, whole: string): boolean => `${whole}-`.startsWith(`${name}-`);

function casesIn(text: string | undefined): ReadonlySet<CaseName> {
  const all = Object.keys(CASES).filter(isCase);
  const names = text?.split(",") ?? all;
  const unknown = names.find((name) => !all.some((each) => begins(name, each)));
  if (unknown !== undefined)
    throw new Error(`no case is called ${unknown}; there are ${all.join(", ")}`);
  return new Set(all.filter((each) => names.some((name) => begins(name, each))));
}
