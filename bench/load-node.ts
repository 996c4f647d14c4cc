/** Load from inside the runtime: the same frames that the gateway would bring, without HTTP from outside. */
import { DurableObject } from "cloudflare:workers";
import type { ControllerNode } from "../durable-objects/controller-node.ts";
import { closedLoop, type Load } from "./load.ts";

interface BenchEnv {
  readonly CONTROLLERS: DurableObjectNamespace<ControllerNode>;
}

export class LoadNode extends DurableObject<BenchEnv> {
  /** Sends `frame` to a controller, again and again. */
  run(shape: {
    readonly controller: string;
    readonly frame: Uint8Array;
    readonly writers: number;
    readonly ms: number;
  }): Promise<Load> {
    const stub = this.env.CONTROLLERS.getByName(shape.controller);
    return closedLoop(shape, async () => {
      const response = await stub.fetch("https://controller/frames", {
        method: "POST",
        body: shape.frame,
      });
      if (!response.ok) throw new Error(`the controller answered ${response.status}`);
      await response.arrayBuffer();
    });
  }
}
