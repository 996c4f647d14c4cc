/** Load from inside the runtime: the same frames that the gateway would send, without HTTP from outside. */
import { DurableObject } from "cloudflare:workers";
import { bearerHeader, UNLOCKED } from "../durable-objects/bearer.ts";
import type { ControllerNode } from "../durable-objects/controller-node.ts";
import { leaderNamedIn, ROUTES, urlOf } from "../durable-objects/contract.ts";
import type { CeilingNode } from "./ceiling-node.ts";
import { closedLoop, type Load } from "./load.ts";

interface BenchEnv {
  readonly CONTROLLERS: DurableObjectNamespace<ControllerNode>;
  readonly CEILING: DurableObjectNamespace<CeilingNode>;
}

export class LoadNode extends DurableObject<BenchEnv> {
  /** Sends `frame` again and again: to a controller, or to the ceiling's leader where none is named. */
  run(shape: {
    readonly controller: string | null;
    readonly frame: Uint8Array;
    readonly writers: number;
    readonly ms: number;
  }): Promise<Load> {
    const { CONTROLLERS, CEILING } = this.env;
    const { controller } = shape;
    const stub = controller === null ? CEILING.getByName("0") : CONTROLLERS.getByName(controller);
    return closedLoop(shape, async () => {
      const response = await stub.fetch(urlOf("frames"), {
        method: ROUTES.frames.method,
        body: shape.frame,
        headers: bearerHeader(UNLOCKED),
      });
      if (!response.ok) throw new Error(`the leader answered ${response.status}`);
      // A refusal is a fast answer, and no commit.
      if (leaderNamedIn(response.headers) !== undefined)
        throw new Error("the leader has lost its office: the machine is too busy");
      await response.arrayBuffer();
    });
  }
}
