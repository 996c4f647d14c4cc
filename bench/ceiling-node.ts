/**
 * What the platform itself can do: a leader with two followers that commits groups of small writes durably on a
 * majority, by RPC, and does nothing else. No terms, no log matching, no wire format, no meaning. Three objects of this
 * class are what the real quorum is compared with, in the same run.
 */
import { DurableObject } from "cloudflare:workers";
import { closedLoop, type Load } from "./load.ts";

/** As many bytes as a small metadata record has. */
const WRITE_BYTES = 40;

interface BenchEnv {
  readonly CEILING: DurableObjectNamespace<CeilingNode>;
}

export class CeilingNode extends DurableObject<BenchEnv> {
  #waiting: (() => void)[] = [];
  #isRunning = false;

  constructor(state: DurableObjectState, env: BenchEnv) {
    super(state, env);
    state.storage.sql.exec("CREATE TABLE IF NOT EXISTS log (at INTEGER PRIMARY KEY, bytes BLOB)");
  }

  /** Stores one group; the answer leaves when it is durable. */
  append(bytes: Uint8Array): void {
    this.ctx.storage.sql.exec("INSERT INTO log (bytes) VALUES (?)", bytes);
  }

  /** Leads, and is its own load. */
  lead(shape: { readonly writers: number; readonly ms: number }): Promise<Load> {
    return closedLoop(shape, () => this.#commit());
  }

  /** One write for one call, as a frame is one call of a controller. */
  override async fetch(request: Request): Promise<Response> {
    await request.arrayBuffer();
    await this.#commit();
    return new Response(new Uint8Array(WRITE_BYTES));
  }

  #commit(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const followers = ["1", "2"].map((name) => this.env.CEILING.getByName(name));
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const bytes = new Uint8Array(group.length * WRITE_BYTES);
      const sent = followers.map((follower) => follower.append(bytes));
      this.append(bytes);
      // A majority of three: the leader, whose own write is under way, and the first of the others.
      await Promise.race(sent);
      await this.ctx.storage.sync();
      for (const done of group) done();
    }
    this.#isRunning = false;
  }
}
