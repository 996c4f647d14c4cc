/**
 * `/scram-users`: which users have SCRAM credentials (KIP-554), never what these are. Changes are one call of
 * AlterUserScramCredentials, in the name of who asks: it takes the salted password, as that API does, and no password.
 */
import { Hono } from "hono";
import * as v from "valibot";
import { bytesOf } from "../../durable-objects/bootstrap-users.ts";
import { SCRAM_MECHANISMS, type MetadataImage } from "../../src/metadata/index.ts";
import {
  AlterUserScramCredentials,
  type AlterUserScramCredentialsRequest,
} from "../../src/protocol/index.ts";
import { bodyOf } from "../http/body-fields.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { mechanism } from "../clusters/bootstrap-users.ts";
import { base64, fieldsOf, listOf, text, wholeNumber } from "../http/fields.ts";
import { itemsOf } from "../http/lists.ts";
import { resource } from "../http/resources.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { callForAsker, refuseUnless } from "./asker-calls.ts";

const VERSION = 0;

const USER_DELETION = fieldsOf({ user: text, mechanism });
const USER_UPSERTION = fieldsOf({
  user: text,
  mechanism,
  iterations: wholeNumber({ min: 0, max: 0x7fff_ffff }),
  salt: base64,
  salted_password: base64,
});

export const USER_ALTERATION = fieldsOf({
  deletions: v.nullish(listOf(USER_DELETION), []),
  upsertions: v.nullish(listOf(USER_UPSERTION), []),
});

type Deletion = AlterUserScramCredentialsRequest["deletions"][number];
type Upsertion = AlterUserScramCredentialsRequest["upsertions"][number];

export const scramUsers = new Hono<Scope>();

scramUsers.get("/scram-users", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaScramUserList",
    items: itemsOf(usersIn(image), ([user, credentials]) => ({
      key: user,
      show: () => userData(context, user, credentials),
    })),
  })),
);

scramUsers.get("/scram-users/:user", (context) =>
  answerFromImage(context, (image) => {
    const name = context.req.param("user");
    const found = usersIn(image).find(([user]) => user === name);
    if (found !== undefined) return userData(context, ...found);
    throw new Problem("UNKNOWN_USER", `${name.slice(0, 250)} has no SCRAM credentials`);
  }),
);

scramUsers.post("/scram-users:alter", async (context) => {
  const { deletions, upsertions } = await bodyOf(context.req.raw, USER_ALTERATION);
  const request = {
    deletions: deletions.map(deletionOf),
    upsertions: upsertions.map(upsertionOf),
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

function userData(context: ScopedContext, user: string, credentials: readonly ShownCredential[]) {
  const { cluster_id: clusterId } = context.var.entry;
  return {
    ...resource(context, "KafkaScramUser", ["clusters", clusterId, "scram-users", user]),
    cluster_id: clusterId,
    user,
    credentials,
  };
}

/** By name, each with what it has. */
function usersIn(image: MetadataImage): readonly (readonly [string, readonly ShownCredential[]])[] {
  const users = new Map<string, ShownCredential[]>();
  for (const { name, mechanism: code, iterations } of image.scram.values()) {
    const credential = { mechanism: nameOf(code), iterations };
    users.set(name, [...(users.get(name) ?? []), credential]);
  }
  return [...users].toSorted(([one], [other]) => (one < other ? -1 : 1));
}

const nameOf = (code: number): string =>
  SCRAM_MECHANISMS.find(({ type }) => type === code)?.name ?? "UNKNOWN";

const deletionOf = (user: v.InferOutput<typeof USER_DELETION>): Deletion => ({
  name: user.user,
  mechanism: user.mechanism.type,
});

const upsertionOf = (user: v.InferOutput<typeof USER_UPSERTION>): Upsertion => ({
  ...deletionOf(user),
  iterations: user.iterations,
  salt: bytesOf(user.salt),
  saltedPassword: bytesOf(user.salted_password),
});
