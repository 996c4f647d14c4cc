/**
 * AlterUserScramCredentials (KIP-554, KIP-900): users get, or lose, what they log in with by SCRAM. Each user has his
 * own answer, and is altered once or not at all. What comes is the salted password, which would do to log in; what is
 * written are the two keys that are derived from it, which do to verify (RFC 5802).
 */
import {
  AlterUserScramCredentials,
  errorResponse,
  type AlterUserScramCredentialsRequest,
  type AlterUserScramCredentialsResponse,
  type MetadataRecord,
} from "../../protocol/index.ts";
import { MV_SCRAM } from "../features/levels.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { scramCredential } from "../image/scram-image.ts";
import { EXCESSIVE_BATCH, NO_ERROR, apiError, type ApiError } from "./api-error.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";
import {
  SALTED_PASSWORD_BYTES_MAX,
  SCRAM_ITERATIONS,
  SCRAM_MECHANISMS,
  scramKeys,
  type ScramMechanism,
} from "./scram-keys.ts";

type Deletion = AlterUserScramCredentialsRequest["deletions"][number];
type Upsertion = AlterUserScramCredentialsRequest["upsertions"][number];

/** Deriving the keys of one takes 150 µs, and nothing else runs meanwhile. */
const ALTERATIONS_MAX = 2_000;

export const alterUserScramCredentials = operation(AlterUserScramCredentials, {
  kind: "write",
  run,
});

function run(
  view: MetadataImage,
  request: AlterUserScramCredentialsRequest,
  { apiVersion }: ControlContext,
): ControlResult<AlterUserScramCredentialsResponse> {
  const { deletions, upsertions } = request;
  if (deletions.length + upsertions.length > ALTERATIONS_MAX) {
    const call = { body: request, apiVersion };
    const response = errorResponse(AlterUserScramCredentials, call, EXCESSIVE_BATCH);
    return { records: [], response };
  }
  const altered = new Map<string, MetadataRecord | ApiError>();
  const alter = (name: string, judged: () => MetadataRecord | ApiError): void => {
    const before = altered.get(name);
    // The first fault of a user is his answer.
    if (before !== undefined && "errorCode" in before) return;
    altered.set(name, before === undefined ? judged() : NAMED_TWICE);
  };
  // Deletions first: they also come first in the batch.
  for (const each of deletions) alter(each.name, () => deletionOf(view, each));
  for (const each of upsertions) alter(each.name, () => upsertionOf(view, each));
  const outcomes = [...altered];
  return {
    records: outcomes.flatMap(([, outcome]) => ("errorCode" in outcome ? [] : [outcome])),
    response: {
      throttleTimeMs: 0,
      results: outcomes.map(([user, outcome]) => ({
        user,
        ...("errorCode" in outcome ? outcome : NO_ERROR),
      })),
    },
  };
}

const NAMED_TWICE = apiError(
  "DUPLICATE_RESOURCE",
  "A user credential cannot be altered twice in the same request",
);

/** The mechanism, or what is wrong whatever is asked for. */
function mechanismFor(
  view: MetadataImage,
  { name, mechanism }: Deletion,
): ScramMechanism | ApiError {
  if (view.features.metadataVersion < MV_SCRAM) {
    return apiError("UNSUPPORTED_VERSION", "The current metadata.version does not support SCRAM");
  }
  if (name === "") return unacceptable("Username must not be empty");
  return (
    SCRAM_MECHANISMS.find(({ type }) => type === mechanism) ??
    apiError("UNSUPPORTED_SASL_MECHANISM", "Unknown SCRAM mechanism")
  );
}

const unacceptable = (message: string): ApiError => apiError("UNACCEPTABLE_CREDENTIAL", message);

function deletionOf(view: MetadataImage, deletion: Deletion): MetadataRecord | ApiError {
  const found = mechanismFor(view, deletion);
  if ("errorCode" in found) return found;
  const { name, mechanism } = deletion;
  return scramCredential(view.scram, mechanism, name) === undefined
    ? apiError("RESOURCE_NOT_FOUND", "Attempt to delete a user credential that does not exist")
    : { type: "REMOVE_USER_SCRAM_CREDENTIAL_RECORD", version: 0, data: { name, mechanism } };
}

function upsertionOf(view: MetadataImage, upsertion: Upsertion): MetadataRecord | ApiError {
  const found = mechanismFor(view, upsertion);
  if ("errorCode" in found) return found;
  const { name, mechanism, iterations, salt, saltedPassword } = upsertion;
  if (iterations < SCRAM_ITERATIONS.min) return unacceptable("Too few iterations");
  if (iterations > SCRAM_ITERATIONS.max) return unacceptable("Too many iterations");
  if (saltedPassword.length === 0) return unacceptable("The salted password must not be empty");
  if (saltedPassword.length > SALTED_PASSWORD_BYTES_MAX) {
    return unacceptable(`A salted password has ${SALTED_PASSWORD_BYTES_MAX} bytes at most`);
  }
  return {
    type: "USER_SCRAM_CREDENTIAL_RECORD",
    version: 0,
    data: { name, mechanism, salt, ...scramKeys(found, saltedPassword), iterations },
  };
}
