/**
 * The product's controller, which counts what the platform bills: events that come in from outside, rows that are
 * written, and the time in which it could not hibernate. The counts outlive the object's memory, as a bill does.
 *
 * Awake is an object while its quorum is, for then a timer is always set, and otherwise while something that came in is
 * being answered. Time in which it could hibernate and is still in memory is free by the platform's word.
 */
import type { Billed } from "./billed.ts";
import { HangingNode } from "./hanging-node.ts";

interface Account extends Billed {
  /** Since when its quorum is awake, as far as that is counted already; null while it sleeps. */
  awakeSinceMs: number | null;
  /** What is being answered, and since when there is something. */
  answering: number;
  answeringSinceMs: number;
}

const accounts = new Map<string, Account>();
const nodes = new Map<string, BilledNode>();

function accountOf(name: string): Account {
  const account = accounts.get(name) ?? {
    ...NOTHING,
    awakeSinceMs: null,
    answering: 0,
    answeringSinceMs: 0,
  };
  accounts.set(name, account);
  return account;
}

const NOTHING: Billed = { requests: 0, messages: 0, alarms: 0, rowsWritten: 0, awakeMs: 0 };

/** What all objects are billed since this was asked last, by name. */
export function takeBill(): Readonly<Record<string, Billed>> {
  return Object.fromEntries(
    [...accounts].map(([name, account]) => {
      nodes.get(name)?.settle();
      const { requests, messages, alarms, rowsWritten, awakeMs } = account;
      Object.assign(account, NOTHING);
      return [name, { requests, messages, alarms, rowsWritten, awakeMs }];
    }),
  );
}

export class BilledNode extends HangingNode {
  readonly #name: string;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    const name = state.id.name ?? "";
    countRows(state.storage, accountOf(name));
    super(state, env);
    this.#name = name;
    nodes.set(name, this);
    this.settle();
  }

  override async fetch(request: Request): Promise<Response> {
    this.#account.requests += 1;
    return await this.#billed(() => super.fetch(request));
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#account.messages += 1;
    const beganMs = performance.now();
    super.webSocketMessage(socket, message);
    // A clock that stands while code runs shows nothing here; what it writes and answers is counted apart.
    if (this.voter?.asleepSinceMs !== null) this.#account.awakeMs += performance.now() - beganMs;
    this.settle();
  }

  override alarm(): void {
    this.#account.alarms += 1;
    super.alarm();
    this.settle();
  }

  /** Counts the time up to now. */
  settle(): void {
    const account = this.#account;
    const nowMs = Date.now();
    const sleptSinceMs = this.voter === null ? nowMs : this.voter.asleepSinceMs;
    if (account.awakeSinceMs !== null)
      account.awakeMs += Math.max(0, (sleptSinceMs ?? nowMs) - account.awakeSinceMs);
    account.awakeSinceMs = sleptSinceMs === null ? nowMs : null;
  }

  get #account(): Account {
    return accountOf(this.#name);
  }

  async #billed<Result>(answer: () => Promise<Result>): Promise<Result> {
    const account = this.#account;
    this.settle();
    if (account.answering === 0) account.answeringSinceMs = Date.now();
    account.answering += 1;
    try {
      return await answer();
    } finally {
      account.answering -= 1;
      this.settle();
      if (account.answering === 0 && account.awakeSinceMs === null)
        account.awakeMs += Date.now() - account.answeringSinceMs;
    }
  }
}

function countRows(storage: DurableObjectStorage, account: Account): void {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const counting: typeof sql.exec = (query, ...bindings) => {
    const cursor = exec<never>(query, ...bindings);
    account.rowsWritten += cursor.rowsWritten;
    return cursor;
  };
  Object.defineProperty(sql, "exec", { value: counting });
  const setAlarm = storage.setAlarm.bind(storage);
  Object.defineProperty(storage, "setAlarm", {
    value: (...args: Parameters<typeof setAlarm>) => {
      account.rowsWritten += 1;
      return setAlarm(...args);
    },
  });
}
