/**
 * A request refused as a whole: every API has a response that says so, every version of it can be written and carries
 * the code, and items are answered one by one where Kafka's clients look for them item by item.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AlterPartitionReassignments,
  AlterUserScramCredentials,
  apis,
  covers,
  CreateTopics,
  DeleteTopics,
  ElectLeaders,
  ErrorCode,
  errorResponse,
  Fetch,
  IncrementalAlterConfigs,
  ListPartitionReassignments,
  Vote,
  versionsOf,
  type Api,
  type ApiError,
  type RequestOf,
  type ResponseOf,
} from "../../src/protocol/index.ts";
import { anyValue } from "./any-value.ts";

const ERROR: ApiError = { errorCode: ErrorCode.NOT_CONTROLLER, errorMessage: "elsewhere" };

/** `body` refused at the newest version, or at `apiVersion`. */
function refused<A extends Api>(api: A, body: RequestOf<A>, apiVersion?: number): ResponseOf<A> {
  const newest = versionsOf(api.valid).at(-1) ?? 0;
  return errorResponse(api, { apiVersion: apiVersion ?? newest, body }, ERROR);
}

/** Every error code in a value, however deep. */
function codesIn(value: unknown): readonly number[] {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([name, part]) =>
    name === "errorCode" && typeof part === "number" ? [part] : codesIn(part),
  );
}

/** Whether the response says its code at the top in this version. */
function hasCodeAtTop({ response }: Api, version: number): boolean {
  const field = response.fields["errorCode"];
  return field !== undefined && covers(field.traits.versions ?? "0+", version);
}

const cases = Object.values<Api>(apis).flatMap((api) =>
  versionsOf(api.valid).map((version) => ({ name: api.name, api, version })),
);

test.each(cases)("$name v$version can be refused", ({ api, version }) => {
  fc.assert(
    fc.property(anyValue(api.request.fields, version), (value) => {
      const codec = api.request.at(version);
      const request = codec.decode(codec.encode(value));
      const response = errorResponse(api, { apiVersion: version, body: request }, ERROR);
      const read = api.response.at(version).decode(api.response.at(version).encode(response));
      const { errorCode: atTop, ...below } = read;
      if (hasCodeAtTop(api, version)) expect(atTop).toBe(ERROR.errorCode);
      expect(codesIn(below).filter((code) => code !== ERROR.errorCode)).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

describe("what was asked for item by item is refused item by item:", () => {
  test("topics", () => {
    const request = CreateTopics.request.fill({ topics: [{ name: "a" }, { name: "b" }] });
    expect(refused(CreateTopics, request).topics).toMatchObject([
      { name: "a", ...ERROR },
      { name: "b", ...ERROR },
    ]);
  });

  test("topics by id, and by name in the versions before v6", () => {
    const byName = DeleteTopics.request.fill({ topicNames: ["a"] });
    expect(refused(DeleteTopics, byName, 5).responses).toMatchObject([{ name: "a", ...ERROR }]);
    const byId = DeleteTopics.request.fill({ topics: [{ name: null }] });
    expect(refused(DeleteTopics, byId).responses).toMatchObject([{ name: null, ...ERROR }]);
  });

  test("resources", () => {
    const resources = [{ resourceType: 2, resourceName: "a" }];
    const request = IncrementalAlterConfigs.request.fill({ resources });
    expect(refused(IncrementalAlterConfigs, request).responses).toMatchObject([
      { resourceType: 2, resourceName: "a", ...ERROR },
    ]);
  });

  test("partitions, and once more at the top", () => {
    const elections = ElectLeaders.request.fill({
      topicPartitions: [{ topic: "a", partitions: [0, 1] }],
    });
    expect(refused(ElectLeaders, elections)).toMatchObject({
      errorCode: 41,
      replicaElectionResults: [
        {
          topic: "a",
          partitionResult: [
            { partitionId: 0, ...ERROR },
            { partitionId: 1, ...ERROR },
          ],
        },
      ],
    });
    const moves = AlterPartitionReassignments.request.fill({
      topics: [{ name: "a", partitions: [{ partitionIndex: 3 }] }],
    });
    expect(refused(AlterPartitionReassignments, moves)).toMatchObject({
      ...ERROR,
      responses: [{ name: "a", partitions: [{ partitionIndex: 3, ...ERROR }] }],
    });
  });

  test("users, each once", () => {
    const request = AlterUserScramCredentials.request.fill({
      deletions: [{ name: "ann" }],
      upsertions: [{ name: "ann" }, { name: "bob" }],
    });
    expect(refused(AlterUserScramCredentials, request).results).toMatchObject([
      { user: "ann", ...ERROR },
      { user: "bob", ...ERROR },
    ]);
  });
});

describe("what has a code at the top", () => {
  test("is refused there, and only there", () => {
    const request = Vote.request.fill({ topics: [{ topicName: "a", partitions: [{}] }] });
    expect(refused(Vote, request)).toEqual(Vote.response.fill({ errorCode: 41 }));
  });

  test("names what was asked, where Kafka does, without a code of its own", () => {
    const request = ListPartitionReassignments.request.fill({
      topics: [{ name: "a", partitionIndexes: [0] }],
    });
    expect(refused(ListPartitionReassignments, request)).toMatchObject({
      ...ERROR,
      topics: [{ name: "a", partitions: [{ partitionIndex: 0, replicas: [] }] }],
    });
  });
});

describe("a Fetch", () => {
  const partitions = [{ partition: 0 }];

  test("of v4-v6, which have no code at the top, is refused in its partitions", () => {
    const request = Fetch.request
      .at(4)
      .decode(
        Fetch.request
          .at(4)
          .encode(Fetch.request.fill({ sessionEpoch: -1, topics: [{ topic: "a", partitions }] })),
      );
    const response = Fetch.response.at(4);
    const read = response.decode(response.encode(refused(Fetch, request, 4)));
    expect(read.responses[0]?.partitions).toMatchObject([{ errorCode: 41, highWatermark: -1 }]);
  });

  test("of v13 and later is refused at the top alone", () => {
    const request = Fetch.request.fill({ topics: [{ partitions }] });
    expect(refused(Fetch, request)).toMatchObject({ errorCode: 41, responses: [] });
  });
});
