/** A world in which configs of every kind are set, and the types of what has configs. */
import { world } from "../world.ts";

export const TOPIC = 2;
export const BROKER = 4;
export const BROKER_LOGGER = 8;
export const CLIENT_METRICS = 16;
export const GROUP = 32;

export const VIEW = world({
  brokers: "0 1",
  topics: { foo: ["0,1 / 0,1 / 0"], bar: ["0,1 / 0,1 / 0"] },
  configs: {
    "topic:foo": { "retention.ms": "1000", "cleanup.policy": "compact" },
    "broker:": { "background.threads": "11", "ssl.key.password": "secret", "no.such": "x" },
    "broker:1": { "background.threads": "12" },
    "group:g": { "consumer.session.timeout.ms": "50000" },
    "metrics:m": { "interval.ms": "30000" },
  },
});
