/**
 * `/scram-users`: which users have SCRAM credentials (KIP-554), never what these are. Changes are one call of
 * AlterUserScramCredentials, in the name of who asks: it takes the salted password, as that API does, and no password.
 */
import { Hono } from "hono";
import { SCRAM_MECHANISMS, type MetadataImage } from "../../src/metadata/index.ts";
import {
  AlterUserScramCredentials,
  type AlterUserScramCredentialsRequest,
} from "../../src/protocol/index.ts";
import { bodyFields } from "../http/body-fields.ts";
import type { Scope } from "../env.ts";
import { arrayAt, bytesAt, integerAt, invalid, objectAt, textAt } from "../http/fields.ts";
import { itemsOf } from "../http/lists.ts";
import { answerListFromImage } from "../observer/metadata-read.ts";
import { callForAsker, refuseUnless } from "./asker-calls.ts";

const VERSION = 0;
const ITERATIONS = { min: 0, max: 0x7fff_ffff } as const;

type Deletion = AlterUserScramCredentialsRequest["deletions"][number];
type Upsertion = AlterUserScramCredentialsRequest["upsertions"][number];

export const scramUsers = new Hono<Scope>();

scramUsers.get("/scram-users", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaScramUserList",
    items: itemsOf(usersIn(image), ([user, credentials]) => ({
      key: user,
      show: () => ({ user, credentials }),
    })),
  })),
);

scramUsers.post("/scram-users:alter", async (context) => {
  const body = await bodyFields(context.req.raw, ["deletions", "upsertions"]);
  const request = {
    deletions: arrayAt(body["deletions"] ?? [], "deletions").map((each, at) =>
      deletionAt(each, `deletions[${at}]`),
    ),
    upsertions: arrayAt(body["upsertions"] ?? [], "upsertions").map((each, at) =>
      upsertionAt(each, `upsertions[${at}]`),
    ),
  };
  const call = { api: AlterUserScramCredentials, version: VERSION, request };
  const { results } = await callForAsker(context, call);
  for (const result of results) refuseUnless(result, `user ${result.user}`);
  return context.body(null, 204);
});

interface ShownCredential {
  readonly mechanism: string;
  readonly iterations: number;
}

/** By name, each with what it has. */
function usersIn(image: MetadataImage): readonly (readonly [string, readonly ShownCredential[]])[] {
  const users = new Map<string, ShownCredential[]>();
  for (const { name, mechanism, iterations } of image.scram.values()) {
    const named = SCRAM_MECHANISMS.find(({ type }) => type === mechanism);
    const credential = { mechanism: named?.name ?? "UNKNOWN", iterations };
    users.set(name, [...(users.get(name) ?? []), credential]);
  }
  return [...users].toSorted(([one], [other]) => (one < other ? -1 : 1));
}

function deletionAt(value: unknown, path: string): Deletion {
  const { user, mechanism } = objectAt(value, path, ["user", "mechanism"]);
  return { name: textAt(user, `${path}.user`), mechanism: mechanismAt(mechanism, path) };
}

function upsertionAt(value: unknown, path: string): Upsertion {
  const fields = objectAt(value, path, [
    "user",
    "mechanism",
    "iterations",
    "salt",
    "salted_password",
  ]);
  return {
    name: textAt(fields["user"], `${path}.user`),
    mechanism: mechanismAt(fields["mechanism"], path),
    iterations: integerAt(fields["iterations"], `${path}.iterations`, ITERATIONS),
    salt: bytesAt(fields["salt"], `${path}.salt`),
    saltedPassword: bytesAt(fields["salted_password"], `${path}.salted_password`),
  };
}

function mechanismAt(value: unknown, path: string): number {
  const found = SCRAM_MECHANISMS.find(({ name }) => name === value);
  if (found !== undefined) return found.type;
  const names = SCRAM_MECHANISMS.map(({ name }) => name).join(", ");
  throw invalid(`${path}.mechanism`, `one of ${names}`);
}
