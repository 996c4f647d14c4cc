/** Every response that an operation can give is said in every version, however long the messages in it are. */
import { describe, expect, test } from "vitest";
import { encodeAnswer, refused } from "../../durable-objects/listener/answer.ts";
import { sayable } from "../../durable-objects/listener/sayable.ts";
import { SERVED_APIS } from "../../durable-objects/listener/served-apis.ts";
import {
  CreateTopics,
  apis,
  decodeRequestFrame,
  decodeResponseFrame,
  requestFrame,
  versionsOf,
  type Api,
  type ApiName,
  type RequestFrame,
} from "../../src/protocol/index.ts";
import { anyValue } from "../protocol/any-value.ts";
import * as fc from "fast-check";

/** A request as it arrives, of that API and version. */
function callOf<Name extends ApiName>(name: Name, version: number): RequestFrame<Name> {
  const api: Api = apis[name];
  const header = { apiVersion: version, correlationId: 3, clientId: "test" };
  const [body = {}] = fc.sample(anyValue(api.request.fields, version), {
    numRuns: 1,
    seed: 5,
  });
  const decoded = decodeRequestFrame(requestFrame(api, header, body));
  if (!isCallOf(decoded, name)) throw new Error(`${name} v${version} is not decoded`);
  return decoded;
}

const isCallOf = <Name extends ApiName>(
  frame: { readonly name: ApiName | null },
  name: Name,
): frame is RequestFrame<Name> => frame.name === name;

const cases = SERVED_APIS.flatMap((name) =>
  versionsOf(apis[name].valid).map((version) => [name, version] as const),
);

describe("a refusal with a message longer than a string of the wire", () => {
  test.each(cases)("of %s v%i is said", (name, version) => {
    const call = callOf(name, version);
    for (const length of [32_766, 32_767, 32_768, 100_000]) {
      for (const letter of ["x", "é", "\u{1F984}"]) {
        const errorMessage = letter.repeat(length);
        const answer = refused(call, { errorCode: 40, errorMessage });
        const frame = encodeAnswer(call, { ...answer, body: sayable(call, answer.body) });
        expect(decodeResponseFrame(apis[name], version, frame).correlationId).toBe(3);
      }
    }
  });
});

describe("a message", () => {
  const call = callOf("CreateTopics", 7);
  const messageOf = (errorMessage: string): unknown =>
    sayable(
      call,
      CreateTopics.response.fill({ topics: [{ name: "a", errorCode: 40, errorMessage }] }),
    );

  test("that fits is left as it is", () => {
    const message = "x".repeat(32_767);
    expect(messageOf(message)).toMatchObject({ topics: [{ errorMessage: message }] });
  });

  test("that does not is cut, and says by how much", () => {
    const cut = `${"x".repeat(4_000)}… (28768 more characters)`;
    expect(messageOf("x".repeat(32_768))).toMatchObject({ topics: [{ errorMessage: cut }] });
  });

  test("cannot help a response that its version cannot say for another reason", () => {
    const topics = [{ name: "x".repeat(32_768), errorCode: 0, errorMessage: null }];
    expect(() => sayable(call, CreateTopics.response.fill({ topics }))).toThrow("32768");
  });
});
