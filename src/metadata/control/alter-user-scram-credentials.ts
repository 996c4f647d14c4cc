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
import { hmac, SHA_256, SHA_512, type Hash } from "../../std/sha2.ts";
import { MV_SCRAM } from "../features/levels.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { scramCredential } from "../image/scram-image.ts";
import { EXCESSIVE_BATCH, NO_ERROR, apiError, type ApiError } from "./api-error.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

type Deletion = AlterUserScramCredentialsRequest["deletions"][number];
type Upsertion = AlterUserScramCredentialsRequest["upsertions"][number];

/** By the number of the mechanism: SCRAM-SHA-256, SCRAM-SHA-512. */
const HASHES: ReadonlyMap<number, Hash> = new Map([
  [1, SHA_256],
  [2, SHA_512],
]);

const ITERATIONS_MIN = 4_096;
const ITERATIONS_MAX = 16_384;
/** Deriving the keys of one takes 150 µs, and nothing else runs meanwhile. */
const ALTERATIONS_MAX = 2_000;
/** A hash makes 32 or 64; Kafka takes any number. */
const SALTED_PASSWORD_BYTES_MAX = 1_024;

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

/** What is wrong whatever is asked for. */
function commonFault(view: MetadataImage, { name, mechanism }: Deletion): ApiError | null {
  if (view.features.metadataVersion < MV_SCRAM) {
    return apiError("UNSUPPORTED_VERSION", "The current metadata.version does not support SCRAM");
  }
  if (name === "") return unacceptable("Username must not be empty");
  return HASHES.has(mechanism)
    ? null
    : apiError("UNSUPPORTED_SASL_MECHANISM", "Unknown SCRAM mechanism");
}

const unacceptable = (message: string): ApiError => apiError("UNACCEPTABLE_CREDENTIAL", message);

function deletionOf(view: MetadataImage, deletion: Deletion): MetadataRecord | ApiError {
  const fault = commonFault(view, deletion);
  if (fault !== null) return fault;
  const { name, mechanism } = deletion;
  return scramCredential(view.scram, mechanism, name) === undefined
    ? apiError("RESOURCE_NOT_FOUND", "Attempt to delete a user credential that does not exist")
    : { type: "REMOVE_USER_SCRAM_CREDENTIAL_RECORD", version: 0, data: { name, mechanism } };
}

function upsertionOf(view: MetadataImage, upsertion: Upsertion): MetadataRecord | ApiError {
  const fault = commonFault(view, upsertion);
  if (fault !== null) return fault;
  const { name, mechanism, iterations, salt, saltedPassword } = upsertion;
  const hash = HASHES.get(mechanism) ?? SHA_512;
  if (iterations < ITERATIONS_MIN) return unacceptable("Too few iterations");
  if (iterations > ITERATIONS_MAX) return unacceptable("Too many iterations");
  if (saltedPassword.length === 0) return unacceptable("The salted password must not be empty");
  if (saltedPassword.length > SALTED_PASSWORD_BYTES_MAX) {
    return unacceptable(`A salted password has ${SALTED_PASSWORD_BYTES_MAX} bytes at most`);
  }
  const storedKey = hash.digest(hmac(hash, saltedPassword, CLIENT_KEY));
  const serverKey = hmac(hash, saltedPassword, SERVER_KEY);
  return {
    type: "USER_SCRAM_CREDENTIAL_RECORD",
    version: 0,
    data: { name, mechanism, salt, storedKey, serverKey, iterations },
  };
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** RFC 5802's words for the two keys. */
const CLIENT_KEY = ascii("Client Key");
const SERVER_KEY = ascii("Server Key");
