/**
 * The questions of one request, put to the authorizer in the name of whoever asks. What is denied is kept for the log.
 */
import type { Caller } from "../control/operation.ts";
import type { Access, Asker, AuthorizerSettings, Decision, Operation } from "../access/access.ts";
import { CLUSTER_NAME, type DemandedAccess } from "../access/demands.ts";
import { authorize } from "../access/standard-authorizer.ts";
import type { AclsImage } from "../image/acls-image.ts";

/** What was asked and denied, and by which rule. */
export interface Denial {
  readonly access: Access;
  readonly rule: Decision["rule"];
}

export class Judge {
  readonly #acls: AclsImage;
  readonly #asker: Asker;
  readonly #settings: AuthorizerSettings;
  readonly #denials: Denial[] = [];

  constructor(acls: AclsImage, { principal, clientAddress }: Caller, settings: AuthorizerSettings) {
    this.#acls = acls;
    this.#asker = {
      principal: { type: principal.type, name: principal.name },
      host: clientAddress,
    };
    this.#settings = settings;
  }

  get denials(): readonly Denial[] {
    return this.#denials;
  }

  /** Whether something may be done without which the request goes on: nobody is told when it may not. */
  allows(asked: DemandedAccess): boolean {
    return this.#decide(asked).decision.result === "ALLOWED";
  }

  /** Whether what the request demands may be done. */
  grants(asked: DemandedAccess): boolean {
    const { access, decision } = this.#decide(asked);
    if (decision.result === "ALLOWED") return true;
    this.#denials.push({ access, rule: decision.rule });
    return false;
  }

  #decide(asked: DemandedAccess): { readonly access: Access; readonly decision: Decision } {
    const access = { ...this.#asker, ...asked };
    return { access, decision: authorize(this.#acls, access, this.#settings) };
  }
}

export const onTheCluster = (operation: Operation): DemandedAccess => ({
  operation,
  resourceType: "CLUSTER",
  resourceName: CLUSTER_NAME,
});

export const onTopic = (operation: Operation, resourceName: string): DemandedAccess => ({
  operation,
  resourceType: "TOPIC",
  resourceName,
});
