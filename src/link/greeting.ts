/**
 * What the two sides of a link say first, as JSON in a `hello`.
 *
 * The controller says who it is and which incarnation of its object's memory speaks. It says so again when the object
 * was gone and is back while the socket stayed: whatever was under way then has no answer any more. The gateway
 * repeats the incarnation it has heard, and what it sends from there on is meant for that one.
 */

export interface ControllerGreeting {
  readonly cluster_id: string;
  readonly node_id: number;
  /** Another one each time the object's memory begins. */
  readonly incarnation: string;
  /** Requests that may be without an answer at a time. */
  readonly requests_max: number;
  /** Streams that may be open at a time. */
  readonly streams_max: number;
  /**
   * The most that a Fetch is answered with, in bytes, but for one batch that is larger. It pushes what is committed to
   * who says his position; null for one of an earlier build, which takes no position.
   */
  readonly fetch_bytes_max: number | null;
}

export interface GatewayGreeting {
  readonly incarnation: string;
}

/** A greeting is short; an incarnation is a UUID. */
export const GREETING_BYTES_MAX = 1_024;

/** Null for what is no such greeting. */
export function controllerGreetingIn(text: string): ControllerGreeting | null {
  const fields = fieldsIn(text);
  const clusterId = fields.get("cluster_id");
  const nodeId = fields.get("node_id");
  const incarnation = fields.get("incarnation");
  const requestsMax = fields.get("requests_max");
  const streamsMax = fields.get("streams_max");
  if (typeof clusterId !== "string" || typeof incarnation !== "string") return null;
  if (!isCount(nodeId) || !isCount(requestsMax) || !isCount(streamsMax)) return null;
  const fetchBytesMax = fields.get("fetch_bytes_max");
  return {
    cluster_id: clusterId,
    node_id: nodeId,
    incarnation,
    requests_max: requestsMax,
    streams_max: streamsMax,
    fetch_bytes_max: isCount(fetchBytesMax) ? fetchBytesMax : null,
  };
}

/** Null for what is no such greeting. */
export function gatewayGreetingIn(text: string): GatewayGreeting | null {
  const incarnation = fieldsIn(text).get("incarnation");
  return typeof incarnation === "string" ? { incarnation } : null;
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** The fields of a JSON object; none of what is no such thing. */
function fieldsIn(text: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  } catch {
    return new Map();
  }
}
