/**
 * What the directory says to a node: that its cluster is deleted, which tokens are revoked there, and what its settings
 * are from now on. A node of another cluster than the one that is meant, which may have its id, refuses and stays what
 * it is.
 */
import { isAccessRequest } from "../cluster-access.ts";
import { isDeleteRequest, isUndeleteRequest } from "../cluster-deletion.ts";
import { isSettingsRequest } from "../cluster-settings.ts";
import { STATUS, refusal } from "../contract.ts";
import type { ControllerHost } from "./host.ts";
import { jsonIn } from "./json-body.ts";
import { numberIn } from "./numbers.ts";

export async function deleteNode(host: ControllerHost, text: string): Promise<Response> {
  const asked = jsonIn(text);
  if (!isDeleteRequest(asked)) return refusal(400, "the body is not that of a deletion");
  if (isAnother(host, asked.created_ms)) return another(host);
  await host.delete(asked.deletion);
  return Response.json({ deleted: true });
}

export function undeleteNode(host: ControllerHost, text: string): Response {
  const asked = jsonIn(text);
  if (!isUndeleteRequest(asked)) return refusal(400, "the body does not name a deletion");
  if (isAnother(host, asked.created_ms)) return another(host);
  host.undelete(asked.deletion_id);
  return Response.json({ undeleted: true });
}

export async function wipeNode(host: ControllerHost, query: URLSearchParams): Promise<Response> {
  const createdMs = numberIn(query, "created_ms", { max: Number.MAX_SAFE_INTEGER });
  if (createdMs === null) return refusal(400, "created_ms says of which cluster it is wiped");
  if (isAnother(host, createdMs)) return another(host);
  await host.wipe();
  return Response.json({ wiped: true });
}

export function writeAccess(host: ControllerHost, text: string): Response {
  const asked = jsonIn(text);
  if (!isAccessRequest(asked)) return refusal(400, "the body does not say what is revoked");
  const refused = refusedWord(host, asked.created_ms);
  if (refused !== null) return refused;
  host.writeAccess(asked.access);
  return Response.json({ stored: true });
}

export function changeSettings(host: ControllerHost, text: string): Response {
  const asked = jsonIn(text);
  if (!isSettingsRequest(asked)) return refusal(400, "the body does not say what is changed");
  const refused = refusedWord(host, asked.created_ms);
  if (refused !== null) return refused;
  host.changeSettings(asked.changes);
  return Response.json({ stored: true });
}

function refusedWord(host: ControllerHost, createdMs: number): Response | null {
  if (isAnother(host, createdMs)) return another(host);
  // Another build than this one may show again what it has stored.
  return host.refused === null
    ? null
    : refusal(STATUS.noPart, `controller ${host.nodeId} does not run: ${host.refused}`);
}

const isAnother = ({ cluster }: ControllerHost, createdMs: number): boolean =>
  cluster !== null && cluster.created_ms !== createdMs;

const another = ({ cluster }: ControllerHost): Response =>
  refusal(
    STATUS.conflict,
    `this node belongs to the cluster that was created at ${cluster?.created_ms ?? 0}`,
  );
