/** The answer to `GET …/controllers`, as far as a gateway reads it. */

/** A controller as the edge lists it. */
export interface Controller {
  readonly nodeId: number;
  /** Where brokers are told to find it. */
  readonly port: number;
  /** Whether the newest voter set of its log has it; null where it has not said. */
  readonly isVoter: boolean | null;
}

/** Far more than nine controllers say of themselves, and little enough to be read at once. */
const BYTES_MAX = 4 * 1_048_576;
const PORT_MAX = 65_535;
const NODE_ID_MAX = 2 ** 31 - 1;

/** By rising id, each once. Throws a sentence when it is no list of controllers. */
export function controllersIn(body: Buffer): readonly Controller[] {
  try {
    if (body.byteLength > BYTES_MAX) throw new TypeError(`longer than ${BYTES_MAX} bytes`);
    const { data }: { readonly data: readonly unknown[] } = JSON.parse(body.toString());
    const byId = new Map(data.map(controllerIn).map((each) => [each.nodeId, each]));
    return [...byId.values()].toSorted((left, right) => left.nodeId - right.nodeId);
  } catch (cause) {
    const message =
      "what answers there is not a kedge edge: it lists no controllers of the cluster";
    throw new Error(message, { cause });
  }
}

function controllerIn(value: unknown): Controller {
  const nodeId = fieldOf(value, "node_id");
  const port = fieldOf(value, "port");
  const isVoter = fieldOf(fieldOf(value, "status"), "is_voter");
  if (!isWithin(nodeId, 0, NODE_ID_MAX) || !isWithin(port, 1, PORT_MAX))
    throw new TypeError("no controller");
  return { nodeId, port, isVoter: typeof isVoter === "boolean" ? isVoter : null };
}

const isWithin = (value: unknown, min: number, max: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
