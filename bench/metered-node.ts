/**
 * The product's controller with a meter around it. What an object does is told from what others in the same runtime do
 * by the context that the runtime carries along: each event of an object begins in its own.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { ControllerNode } from "../durable-objects/controller-node.ts";
import { Meter, type Reading } from "./meter.ts";

/** By the object's name. They outlive its memory, as the bill does. */
const meters = new Map<string, Meter>();
const current = new AsyncLocalStorage<Meter>();
/** Of the object whose constructor runs: that begins in no context. */
let booting: Meter | undefined;

/** What each pending timer holds. */
const timers = new Map<unknown, () => void>();
const setTimer = globalThis.setTimeout;
const clearTimer = globalThis.clearTimeout;
Object.assign(globalThis, {
  setTimeout: (run: () => void, delayMs?: number) => {
    const release = (current.getStore() ?? booting)?.hold();
    if (release === undefined) return setTimer(run, delayMs);
    const timer = setTimer(() => {
      timers.delete(timer);
      try {
        run();
      } finally {
        release();
      }
    }, delayMs);
    timers.set(timer, release);
    return timer;
  },
  clearTimeout: (timer: number | null) => {
    timers.get(timer)?.();
    timers.delete(timer);
    clearTimer(timer);
  },
});

export class MeteredNode extends ControllerNode {
  readonly #meter: Meter;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, metered(env, begin(state)));
    booting = undefined;
    this.#meter = meterOf(state);
  }

  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === "/meter") return Response.json(readingOf(this.#meter));
    this.#meter.count("requests");
    const release = this.#meter.hold();
    try {
      return await current.run(this.#meter, () => super.fetch(request));
    } finally {
      release();
    }
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#meter.count("messages");
    this.#awake(() => super.webSocketMessage(socket, message));
  }

  override alarm(): void {
    this.#meter.count("alarms");
    this.#awake(() => super.alarm());
  }

  #awake(run: () => void): void {
    const release = this.#meter.hold();
    try {
      current.run(this.#meter, run);
    } finally {
      release();
    }
  }
}

function begin(state: DurableObjectState): Meter {
  booting = meterOf(state);
  countRows(state.storage, booting);
  return booting;
}

function meterOf({ id }: DurableObjectState): Meter {
  const name = id.name ?? id.toString();
  const known = meters.get(name);
  if (known !== undefined) return known;
  const meter = new Meter(() => Date.now());
  meters.set(name, meter);
  return meter;
}

/** Cursors whose rows may not all be read yet, by meter. */
const cursors = new Map<Meter, SqlStorageCursor<Record<string, SqlStorageValue>>[]>();
const CURSORS_MAX = 64;

function countRows(storage: DurableObjectStorage, meter: Meter): void {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const counted: SqlStorage["exec"] = (query, ...bindings) => {
    const cursor = exec<never>(query, ...bindings);
    const open = cursors.get(meter) ?? [];
    cursors.set(meter, open);
    open.push(cursor);
    if (open.length > CURSORS_MAX) settle(meter, open.splice(0, CURSORS_MAX / 2));
    return cursor;
  };
  const setAlarm = storage.setAlarm.bind(storage);
  Object.assign(sql, { exec: counted });
  Object.assign(storage, {
    setAlarm: (...args: Parameters<typeof setAlarm>) => {
      meter.count("alarmsSet");
      return setAlarm(...args);
    },
  });
}

function settle(
  meter: Meter,
  read: readonly SqlStorageCursor<Record<string, SqlStorageValue>>[],
): void {
  for (const { rowsRead, rowsWritten } of read) {
    meter.count("rowsRead", rowsRead);
    meter.count("rowsWritten", rowsWritten);
  }
}

function readingOf(meter: Meter): Reading {
  settle(meter, cursors.get(meter)?.splice(0) ?? []);
  return meter.read();
}

/** The other controllers, each call to which keeps this one awake. */
function metered(env: Cloudflare.Env, meter: Meter): Cloudflare.Env {
  const namespace = env.CONTROLLERS;
  const stubOf: typeof namespace.get = (id, options) => {
    const stub = namespace.get(id, options);
    const fetch: typeof stub.fetch = async (input, init) => {
      const release = meter.hold();
      try {
        return await stub.fetch(input, init);
      } finally {
        release();
      }
    };
    return new Proxy(stub, {
      get: (target, name) => (name === "fetch" ? fetch : member(target, name)),
    });
  };
  const controllers = new Proxy(namespace, {
    get: (target, name) => (name === "get" ? stubOf : member(target, name)),
  });
  return { ...env, CONTROLLERS: controllers };
}

/** The platform's own methods want their own object for `this`. */
function member(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}
