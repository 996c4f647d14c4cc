/**
 * The product's controller, which can be told to hang: calls to it do not end and its own calls to its peers do not
 * either, while its timers and its storage go on. To its callers that is a partition, or an object that is busy for
 * good. Not told so, it adds nothing but a function or two to each call.
 */
import type { ControllerNode } from "../durable-objects/controller-node.ts";
import { LongLogNode } from "./long-log-node.ts";

/** Lets everything through until it is shut, then nothing until it is opened. */
class Gate {
  #opened: Promise<void> | null = null;
  #open = (): void => undefined;

  shut(): void {
    // The runtime fails a call of which nothing is pending. A timer is.
    const pending = setInterval(() => undefined, 1_000);
    this.#opened ??= new Promise((settle) => {
      this.#open = () => {
        clearInterval(pending);
        settle();
      };
    });
  }

  open(): void {
    this.#open();
    this.#opened = null;
  }

  async through<Value>(call: () => Promise<Value>): Promise<Value> {
    if (this.#opened !== null) await this.#opened;
    const value = await call();
    if (this.#opened !== null) await this.#opened;
    return value;
  }
}

export class HangingNode extends LongLogNode {
  readonly #gate: Gate;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    const gate = new Gate();
    super(state, { ...env, CONTROLLERS: gated(env.CONTROLLERS, gate) });
    this.#gate = gate;
  }

  override async fetch(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/hang":
        this.#gate.shut();
        return new Response();
      case "/release":
        this.#gate.open();
        return new Response();
      default:
        return this.#gate.through(() => super.fetch(request));
    }
  }
}

/** The other controllers, each call to which goes through `gate`. */
function gated(
  namespace: DurableObjectNamespace<ControllerNode>,
  gate: Gate,
): DurableObjectNamespace<ControllerNode> {
  const stubOf: typeof namespace.get = (id, options) => {
    const stub = namespace.get(id, options);
    const fetch: typeof stub.fetch = (input, init) => gate.through(() => stub.fetch(input, init));
    return new Proxy(stub, {
      get: (target, name) => (name === "fetch" ? fetch : member(target, name)),
    });
  };
  return new Proxy(namespace, {
    get: (target, name) => (name === "get" ? stubOf : member(target, name)),
  });
}

/** The platform's own methods want their own object for `this`. */
function member(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}
