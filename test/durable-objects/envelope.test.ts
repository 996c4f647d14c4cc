/**
 * Envelopes opened: who the inner request is answered for, what may be inside, and which refusals reach the client and
 * which the broker that forwarded it.
 */
import { describe, expect, test } from "vitest";
import { refused, type Answer } from "../../durable-objects/listener/answer.ts";
import { openEnvelope } from "../../durable-objects/listener/envelope.ts";
import type { Caller } from "../../src/metadata/index.ts";
import {
  AllocateProducerIds,
  BrokerHeartbeat,
  CreateAcls,
  CreateTopics,
  decodeResponseFrame,
  encodePrincipal,
  Envelope,
  ErrorCode,
  requestFrame,
  type ApiName,
  type EnvelopeRequest,
  type RequestFrame,
} from "../../src/protocol/index.ts";

const HEADER = { apiVersion: 5, correlationId: 7, clientId: "admin" };
const creation = requestFrame(
  CreateTopics,
  HEADER,
  CreateTopics.request.fill({ topics: [{ name: "t" }] }),
);
const ann = { type: "User", name: "ann", tokenAuthenticated: true };

const envelopeOf = (parts: Partial<EnvelopeRequest>): EnvelopeRequest => ({
  ...Envelope.request.fill({}),
  requestData: creation,
  requestPrincipal: encodePrincipal(ann),
  clientHostAddress: new Uint8Array([10, 0, 0, 7]),
  ...parts,
});

/** Opens an envelope whose inner request is answered as `answer` says; null is an API that is not served. */
async function opened(
  parts: Partial<EnvelopeRequest>,
  answer: <Name extends ApiName>(inner: RequestFrame<Name>) => Answer<Name> | null = () => null,
) {
  const callers: Caller[] = [];
  const { body, isNotController, isOutcomeUnknown } = await openEnvelope(
    envelopeOf(parts),
    async <Name extends ApiName>(inner: RequestFrame<Name>, caller: Caller) => {
      callers.push(caller);
      return answer(inner);
    },
  );
  return { callers, body, isNotController, isOutcomeUnknown };
}

const elsewhere = <Name extends ApiName>(inner: RequestFrame<Name>): Answer<Name> => ({
  ...refused(inner, { errorCode: ErrorCode.NOT_CONTROLLER, errorMessage: null }),
  isNotController: true,
});

describe("a forwarded request", () => {
  test("is answered for the client: its principal, its address, and that it was forwarded", async () => {
    const { callers } = await opened({});
    expect(callers).toEqual([{ principal: ann, isForwarded: true, clientAddress: "10.0.0.7" }]);
  });

  test("is refused inside its own response when its API is not served", async () => {
    const inner = requestFrame(
      CreateAcls,
      { ...HEADER, apiVersion: 3 },
      CreateAcls.request.fill({ creations: [{}, {}] }),
    );
    const { body } = await opened({ requestData: inner });
    expect(body.errorCode).toBe(0);
    const { body: acls } = decodeResponseFrame(
      CreateAcls,
      3,
      body.responseData ?? new Uint8Array(),
    );
    expect(acls.results.map(({ errorCode }) => errorCode)).toEqual([35, 35]);
  });

  test("that another controller must answer is refused on the envelope, for the broker to see", async () => {
    const { body, isNotController } = await opened({}, elsewhere);
    expect(body).toEqual({ errorCode: ErrorCode.NOT_CONTROLLER, responseData: null });
    expect(isNotController).toBe(true);
  });

  test("that may be executed all the same is refused alike, and says so beside it", async () => {
    const { body, isNotController, isOutcomeUnknown } = await opened({}, (inner) => ({
      ...elsewhere(inner),
      isNotController: false,
      isOutcomeUnknown: true,
    }));
    expect(body).toEqual({ errorCode: ErrorCode.NOT_CONTROLLER, responseData: null });
    expect([isNotController, isOutcomeUnknown]).toEqual([false, true]);
  });

  test("may be any that Kafka lets brokers forward", async () => {
    const inner = requestFrame(
      AllocateProducerIds,
      { ...HEADER, apiVersion: 0 },
      AllocateProducerIds.request.fill({}),
    );
    const { body, callers } = await opened({ requestData: inner });
    expect(body.errorCode).toBe(0);
    expect(callers).toHaveLength(1);
  });
});

describe("an envelope is refused, and nothing in it is run, when", () => {
  const heartbeat = requestFrame(
    BrokerHeartbeat,
    { ...HEADER, apiVersion: 0 },
    BrokerHeartbeat.request.fill({}),
  );
  const unknownApi = creation.slice();
  unknownApi.set([0x7f, 0xff]);

  test.each([
    ["the address is none", { clientHostAddress: new Uint8Array(5) }, "INVALID_REQUEST"],
    ["there is no principal", { requestPrincipal: null }, "PRINCIPAL_DESERIALIZATION_FAILURE"],
    [
      "the principal cannot be read",
      { requestPrincipal: new Uint8Array([0, 9]) },
      "PRINCIPAL_DESERIALIZATION_FAILURE",
    ],
    [
      "the request inside is cut short",
      { requestData: creation.slice(0, -1) },
      "UNSUPPORTED_VERSION",
    ],
    ["the API inside is unknown", { requestData: unknownApi }, "UNSUPPORTED_VERSION"],
    ["the API inside may not be forwarded", { requestData: heartbeat }, "INVALID_REQUEST"],
  ] as const)("%s", async (_, parts, code) => {
    const { body, callers } = await opened(parts);
    expect(body).toEqual({ errorCode: ErrorCode[code], responseData: null });
    expect(callers).toEqual([]);
  });
});
