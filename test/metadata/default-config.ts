/** What operations are given by a cluster that asks for nothing. */
import { controllerConfig } from "../../durable-objects/active-controller/operation-context.ts";
import { settingsOf } from "../../durable-objects/cluster-settings.ts";
import type { ControllerConfig } from "../../src/metadata/index.ts";

export const DEFAULT_CONTROLLER_CONFIG: ControllerConfig = controllerConfig(settingsOf({}));
