/** The headers that say what a number in Kafka's JSON form means. */
import { describe, expect, test } from "vitest";
import { ErrorCode } from "../../src/protocol/index.ts";
import { refusalHeaders } from "../../worker/routes/kafka-refusal.ts";

const SAID = "Kafka-Error-Message";

describe("a response", () => {
  test("without a refusal has no headers of one", () => {
    expect(
      refusalHeaders({ errorCode: 0, errorMessage: null, topics: [{ errorCode: 0 }] }),
    ).toEqual({});
    expect(refusalHeaders({ throttleTimeMs: 5, tokenId: new Uint8Array(9) })).toEqual({});
  });

  test("names its own refusal before those of what it lists, and the first of these", () => {
    const topics = [
      { errorCode: 0, errorMessage: "" },
      { errorCode: ErrorCode.TOPIC_ALREADY_EXISTS, errorMessage: "Topic 't' already exists." },
      { errorCode: ErrorCode.INVALID_PARTITIONS, errorMessage: "none" },
    ];
    expect(refusalHeaders({ errorCode: 0, topics })).toEqual({
      "Kafka-Error": "TOPIC_ALREADY_EXISTS",
      [SAID]: "Topic 't' already exists.",
    });
    expect(refusalHeaders({ topics, errorCode: ErrorCode.NOT_CONTROLLER })).toMatchObject({
      "Kafka-Error": "NOT_CONTROLLER",
    });
  });

  test("that has no words is given some", () => {
    const headers = refusalHeaders({ errorCode: ErrorCode.INVALID_REGISTRATION, brokerEpoch: -1 });
    expect(headers).toMatchObject({ "Kafka-Error": "INVALID_REGISTRATION" });
    expect(headers[SAID]).toMatch(/^One of these does not hold: .*log directories/);
    expect(refusalHeaders({ errorCode: 9_999 })).toEqual({ "Kafka-Error": "ERROR_9999" });
  });

  test("cannot put into a header what none may have", () => {
    const errorMessage = `topic 'λ\r\nSet-Cookie: a=b\ud800' is 100% wrong ${"x".repeat(5_000)}`;
    const headers = refusalHeaders({ errorCode: 3, errorMessage });
    expect(headers[SAID]).toMatch(
      /^topic '%CE%BB%0D%0ASet-Cookie: a=b%EF%BF%BD' is 100%25 wrong x+$/,
    );
    expect(new Headers(headers).get(SAID)?.length).toBeLessThan(1_100);
  });
});
