/** The gateway beside the brokers: whether it says that it is ready, whether its ports open, its certificate. */
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { FormedCluster } from "../../client/clusters.ts";
import { ill, odd, well, type Finding } from "./finding.ts";

const OPEN_MS = 3_000;
const SOON_MS = 14 * 86_400_000;

export interface GatewayPlace {
  /** Of its status page, as `http://127.0.0.1:9190`. */
  readonly statusUrl: string;
  /** Where it listens; where the cluster says unless given. */
  readonly host: string | undefined;
  /** Whether its listener speaks TLS. */
  readonly isTls: boolean;
}

export async function examineGateway(
  place: GatewayPlace,
  { controllers }: FormedCluster,
): Promise<readonly Finding[]> {
  const doors = controllers.map(({ node_id: id, host, port }) => ({
    id,
    host: place.host ?? host,
    port,
  }));
  const opened = await Promise.all(doors.map(opens));
  const shut = doors.filter((_, at) => opened[at] === null);
  const findings: Finding[] = [await ready(place.statusUrl)];
  if (shut.length > 0) {
    const names = shut.map(({ id, host, port }) => `${host}:${port} (controller ${id})`).join(", ");
    findings.push(
      ill(
        `no gateway listens on ${names}`,
        "Start one there (kedge gateway), or name its host with --gateway-host.",
      ),
    );
  } else {
    const slowest = Math.max(...opened.map((ms) => ms ?? 0));
    findings.push(well(`every controller's port opens, the slowest in ${slowest.toFixed(1)} ms`));
  }
  const [first] = doors.filter((_, at) => opened[at] !== null);
  if (place.isTls && first !== undefined) findings.push(await certificate(first));
  return findings;
}

async function ready(url: string): Promise<Finding> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(OPEN_MS) });
    const [sentence = ""] = (await response.text()).split("\n");
    if (response.ok) return well("the gateway says that it serves brokers");
    return ill(
      `the gateway says: ${sentence}`,
      "Its log has more; docs/OPERATING.md what each sentence means.",
    );
  } catch {
    return odd(
      `no gateway's status page answers at ${url}`,
      "Name it with --gateway-status; kedge up has none, kedge gateway one on 127.0.0.1:9190.",
    );
  }
}

interface Door {
  readonly host: string;
  readonly port: number;
}

/** How long it took to open, in ms; null when it did not. */
const opens = ({ host, port }: Door): Promise<number | null> =>
  new Promise((settle) => {
    const startMs = performance.now();
    const socket = connect({ host, port, timeout: OPEN_MS });
    const end = (result: number | null): void => {
      socket.destroy();
      settle(result);
    };
    socket.once("connect", () => end(performance.now() - startMs));
    socket.once("timeout", () => end(null));
    socket.once("error", () => end(null));
  });

const certificate = ({ host, port }: Door): Promise<Finding> =>
  new Promise((settle) => {
    // Whether brokers trust it is between them and their trust store; here its end is looked at.
    const socket = connectTls({ host, port, rejectUnauthorized: false, timeout: OPEN_MS });
    const end = (finding: Finding): void => {
      socket.destroy();
      settle(finding);
    };
    socket.once("secureConnect", () => {
      const { valid_to: until } = socket.getPeerCertificate();
      const leftMs = Date.parse(until) - Date.now();
      const mend = "Put a new one in its files and send the gateway SIGHUP.";
      if (leftMs <= 0) return end(ill(`the gateway's certificate ended at ${until}`, mend));
      if (leftMs < SOON_MS) return end(odd(`the gateway's certificate ends at ${until}`, mend));
      return end(well(`the gateway's certificate is good until ${until}`));
    });
    const mend = "Look at --security-protocol of the gateway, and at the broker's protocol map.";
    socket.once("timeout", () => end(ill(`${host}:${port} does not speak TLS`, mend)));
    socket.once("error", ({ message }) =>
      end(ill(`${host}:${port} does not speak TLS: ${message}`, mend)),
    );
  });
