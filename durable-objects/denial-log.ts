/**
 * The lines that say what the authorizer denied, as Kafka's `kafka.authorizer.logger` writes them: each a JSON object,
 * so that no name in it can begin a line of its own. Whoever is denied can ask as often as he likes, so a second has
 * few of them; the first line after those that were left out says how many they were.
 */
import type { Access, Denial } from "../src/metadata/index.ts";
import type { Ports } from "./replica/ports.ts";

const LINES_PER_SECOND = 20;
/** Of a name, as much as a topic's may have. */
const CHARACTERS_MAX = 249;

/** What the line says of a request beside the denial. */
export interface DeniedRequest {
  /** The name of its API. */
  readonly request: string;
  /** The token that the Worker let in; null without one. Of a forwarded request it is the broker's. */
  readonly tokenId: string | null;
}

export class DenialLog {
  readonly #ports: Pick<Ports, "clock" | "operatorLog">;
  #secondAtMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  constructor(ports: Pick<Ports, "clock" | "operatorLog">) {
    this.#ports = ports;
  }

  record(denials: readonly Denial[], { request, tokenId }: DeniedRequest): void {
    for (const { access, rule } of denials) {
      if (!this.#hasRoom()) {
        this.#leftOut += 1;
        continue;
      }
      const line = {
        principal: cut(`${access.principal.type}:${access.principal.name}`),
        operation: access.operation,
        host: access.host,
        resource: resourceOf(access),
        request,
        token_id: tokenId,
        // Kafka's names.
        rule: rule.kind === "acl" ? "MatchingAcl" : "DefaultDeny",
        ...(rule.kind === "acl" ? { acl_id: rule.acl.id } : {}),
        ...(this.#leftOut > 0 ? { left_out: this.#leftOut } : {}),
      };
      this.#leftOut = 0;
      this.#ports.operatorLog.warn("authorization-denied", JSON.stringify(line));
    }
  }

  #hasRoom(): boolean {
    const nowMs = this.#ports.clock();
    if (nowMs - this.#secondAtMs >= 1_000) {
      this.#secondAtMs = nowMs;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= LINES_PER_SECOND;
  }
}

/** As Kafka writes it: "Topic:LITERAL:t". */
const resourceOf = ({ resourceType, resourceName }: Access): string =>
  `${resourceType[0]}${resourceType.slice(1).toLowerCase()}:LITERAL:${cut(resourceName)}`;

const cut = (name: string): string =>
  name.length > CHARACTERS_MAX ? `${name.slice(0, CHARACTERS_MAX)}…` : name;
