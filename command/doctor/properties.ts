/** A broker's `server.properties`, held against the cluster that it is to join. It reads no file and asks nobody. */
import type { FormedCluster } from "../../client/clusters.ts";
import { ill, odd, well, type Finding } from "./finding.ts";

export type Properties = ReadonlyMap<string, string>;

/** As `java.util.Properties` reads them, continued lines and escapes but for those of letters set aside. */
export function readProperties(text: string): Properties {
  const properties = new Map<string, string>();
  for (const line of text.replaceAll(/\\\r?\n\s*/g, "").split(/\r?\n/)) {
    const [, name = "", value = ""] = /^\s*([^#!\s=:][^\s=:]*)\s*[=:\s]\s*(.*)$/.exec(line) ?? [];
    if (name !== "") properties.set(name, value.trim());
  }
  return properties;
}

/** Kafka's defaults. */
const HEARTBEAT_MS = 2_000;
const SESSION_MS = 9_000;

/** What does not fit, or one finding that all does. */
export function examineProperties(
  properties: Properties,
  cluster: FormedCluster,
): readonly Finding[] {
  const found = [
    roles(properties),
    voters(properties),
    bootstrap(properties, cluster),
    listenerNames(properties),
    nodeId(properties, cluster),
    ...session(properties, cluster),
  ].filter((finding) => finding !== null);
  return found.length > 0 ? found : [well("server.properties fits the cluster")];
}

function roles(properties: Properties): Finding | null {
  const value = properties.get("process.roles");
  if (value === "broker") return null;
  const what = value === undefined ? "process.roles is not set" : `process.roles is ${value}`;
  return ill(what, "Set process.roles=broker: the controllers are kedge's.");
}

function voters(properties: Properties): Finding | null {
  if (!properties.has("controller.quorum.voters")) return null;
  return ill(
    "controller.quorum.voters is set, which is for a quorum that never changes",
    "Remove it and set controller.quorum.bootstrap.servers.",
  );
}

function bootstrap(properties: Properties, { controllers }: FormedCluster): Finding | null {
  const named = controllers.map(({ host, port }) => `${host}:${port}`);
  const value = properties.get("controller.quorum.bootstrap.servers");
  if (value === undefined || value === "")
    return ill(
      "controller.quorum.bootstrap.servers is not set",
      `Set it to where the gateway listens, as ${named.join(",")}.`,
    );
  const ports = new Set(value.split(",").map((each) => each.trim().split(":").at(-1)));
  const missing = controllers.filter(({ port }) => !ports.has(String(port)));
  if (missing.length === 0) return null;
  return odd(
    `controller.quorum.bootstrap.servers lacks the port of controller ${missing.map(({ node_id: id }) => id).join(", ")}`,
    `Name every controller, as the cluster does: ${named.join(",")}; a gateway with --listen may have other ports.`,
  );
}

function listenerNames(properties: Properties): Finding | null {
  const [name = ""] = (properties.get("controller.listener.names") ?? "").split(",");
  if (name === "")
    return ill(
      "controller.listener.names is not set",
      "Set controller.listener.names=CONTROLLER, and give it a protocol in listener.security.protocol.map.",
    );
  const map = properties.get("listener.security.protocol.map");
  if (map === undefined || map.split(",").some((each) => each.trim().startsWith(`${name}:`)))
    return null;
  return ill(
    `listener.security.protocol.map has no protocol for ${name}`,
    `Add ${name}:PLAINTEXT, or what the gateway's --security-protocol says.`,
  );
}

function nodeId(properties: Properties, { controllers }: FormedCluster): Finding | null {
  const value = properties.get("node.id") ?? properties.get("broker.id");
  if (value === undefined || !/^\d+$/.test(value))
    return ill("node.id is not set", "Give every broker a node.id of its own.");
  if (!controllers.some(({ node_id: id }) => id === Number(value))) return null;
  return ill(`node.id ${value} is a controller's`, "Choose one that no controller has.");
}

function session(properties: Properties, { settings }: FormedCluster): readonly Finding[] {
  const said = settings["broker.session.timeout.ms"];
  const sessionMs = typeof said === "number" ? said : SESSION_MS;
  const beatMs = Number(properties.get("broker.heartbeat.interval.ms") ?? HEARTBEAT_MS);
  const own = properties.get("broker.session.timeout.ms");
  const findings: Finding[] = [];
  if (beatMs * 2 > sessionMs)
    findings.push(
      ill(
        `it beats every ${beatMs} ms and is fenced after ${sessionMs} ms of silence`,
        "Lower broker.heartbeat.interval.ms, or raise broker.session.timeout.ms of the cluster (kedge clusters set).",
      ),
    );
  if (own !== undefined && Number(own) !== sessionMs)
    findings.push(
      odd(
        `its broker.session.timeout.ms (${own}) is not the cluster's (${sessionMs}), which counts`,
        "Remove it here: a session is the controller's to end.",
      ),
    );
  return findings;
}
