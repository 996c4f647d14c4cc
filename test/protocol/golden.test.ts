/**
 * Bytes that Kafka 4.1.1 itself has written, and the values that they are. Both ways, exactly.
 */
import { describe, expect, test } from "vitest";
import {
  KRaftVersionRecord,
  LeaderChangeMessage,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  VotersRecord,
  decodeControlRecord,
  encodeControlRecord,
  ANONYMOUS,
  ApiVersions,
  BrokerRegistrationChangeRecord,
  crc32c,
  decodeMetadataRecord,
  decodePrincipal,
  decodeRecordBatch,
  decodeRequestFrame,
  decodeResponseFrame,
  encodeControlBatch,
  encodeDataBatch,
  encodeMetadataRecord,
  encodePrincipal,
  Fetch,
  RegisterBrokerRecord,
  BeginTransactionRecord,
  EndTransactionRecord,
  FeatureLevelRecord,
  METADATA_TOPIC_ID,
  UnregisterController,
  UnregisterControllerRecord,
  requestFrame,
  responseFrame,
  uuidFromBytes,
  uuidToBytes,
  ZERO_UUID,
  type ControlRecord,
  type MetadataRecord,
  type Uuid,
} from "../../src/protocol/index.ts";
import { fromHex, toHex } from "./fixtures.ts";

const CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg";
const DIRECTORY_HEX = "2445d8e9aab3418fb7d8fe534adcda16";
const DIRECTORY: Uuid = uuidFromBytes(fromHex(DIRECTORY_HEX));

describe("ApiVersions", () => {
  test("v4 request of a Java client", () => {
    const hex = "001200040000000700013100126170616368652d6b61666b612d6a61766106342e312e3100";
    const frame = decodeRequestFrame(fromHex(hex));
    expect(frame).toEqual({
      name: "ApiVersions",
      apiKey: 18,
      apiVersion: 4,
      correlationId: 7,
      clientId: "1",
      body: {
        clientSoftwareName: "apache-kafka-java",
        clientSoftwareVersion: "4.1.1",
        clusterId: null,
        nodeId: -1,
      },
    });
    const body = { clientSoftwareName: "apache-kafka-java", clientSoftwareVersion: "4.1.1" };
    const header = { apiVersion: 4, correlationId: 7, clientId: "1" };
    expect(toHex(requestFrame(ApiVersions, header, body))).toBe(hex);
  });

  test("v5 request of a Java client, which says whom it means", () => {
    const hex =
      "001200050000000700013100126170616368652d6b61666b612d6a61766106342e342e30174d6b55334f4556424e54" +
      "63774e544a454e444d32516700000bb800";
    const body = {
      clientSoftwareName: "apache-kafka-java",
      clientSoftwareVersion: "4.4.0",
      clusterId: CLUSTER,
      nodeId: 3_000,
    };
    expect(decodeRequestFrame(fromHex(hex))).toMatchObject({ apiVersion: 5, body });
    const header = { apiVersion: 5, correlationId: 7, clientId: "1" };
    expect(toHex(requestFrame(ApiVersions, header, body))).toBe(hex);
  });

  test("v4 response, whose header is v0", () => {
    const hex =
      "0000000700000300010004001100003e00000004000000000003002a030e6b726166742e76657273696f6e00000001" +
      "00116d657461646174612e76657273696f6e000700190001080000000000000008021702116d657461646174612e76" +
      "657273696f6e0019001900";
    const body = ApiVersions.response.fill({
      apiKeys: [
        { apiKey: 1, minVersion: 4, maxVersion: 17 },
        { apiKey: 62, minVersion: 0, maxVersion: 4 },
      ],
      supportedFeatures: [
        { name: "kraft.version", minVersion: 0, maxVersion: 1 },
        { name: "metadata.version", minVersion: 7, maxVersion: 25 },
      ],
      finalizedFeaturesEpoch: 8,
      finalizedFeatures: [{ name: "metadata.version", maxVersionLevel: 25, minVersionLevel: 25 }],
    });
    expect(toHex(responseFrame(ApiVersions, { apiVersion: 4, correlationId: 7 }, body))).toBe(hex);
    expect(decodeResponseFrame(ApiVersions, 4, fromHex(hex))).toEqual({ correlationId: 7, body });
  });
});

describe("a control batch", () => {
  const hex =
    "0000000000000000000000b10000000102e61d45120020000000020000018bcfe568000000018bcfe56800ffffffffff" +
    "ffffffffffffffffff000000035800000008000000024400000000000104000000010000000002000000000300030000" +
    "000100000000020000001e00000208000000050a000000010000820100000408000000066e000002000000012445d8e9" +
    "aab3418fb7d8fe534adcda16020b434f4e54524f4c4c45520a6c6f63616c686f73742385000000000100000000";
  const directoryId = ZERO_UUID;
  const records: readonly ControlRecord[] = [
    {
      type: "LEADER_CHANGE",
      data: {
        version: 0,
        leaderId: 1,
        voters: [1, 2, 3].map((voterId) => ({ voterId, voterDirectoryId: directoryId })),
        grantingVoters: [1, 2].map((voterId) => ({ voterId, voterDirectoryId: directoryId })),
      },
    },
    { type: "KRAFT_VERSION", data: { version: 0, kRaftVersion: 1 } },
    {
      type: "KRAFT_VOTERS",
      data: {
        version: 0,
        voters: [
          {
            voterId: 1,
            voterDirectoryId: DIRECTORY,
            endpoints: [{ name: "CONTROLLER", host: "localhost", port: 9093 }],
            kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
          },
        ],
      },
    },
  ];
  const position = { baseOffset: 0, leaderEpoch: 1, timestampMs: 1_700_000_000_000 };

  test("is written as Kafka writes it", () => {
    expect(toHex(encodeControlBatch(position, records))).toBe(hex);
  });

  test("is read as what it is", () => {
    const header = { ...position, lastOffset: 2, count: 3, size: 189, isControl: true };
    expect(decodeRecordBatch(fromHex(hex))).toEqual({ ...header, records });
  });
});

test.each<[ControlRecord, string]>([
  [{ type: "LEADER_CHANGE", data: LeaderChangeMessage.fill({}) }, "00000002"],
  [{ type: "SNAPSHOT_HEADER", data: SnapshotHeaderRecord.fill({}) }, "00000003"],
  [{ type: "SNAPSHOT_FOOTER", data: SnapshotFooterRecord.fill({}) }, "00000004"],
  [{ type: "KRAFT_VERSION", data: KRaftVersionRecord.fill({}) }, "00000005"],
  [{ type: "KRAFT_VOTERS", data: VotersRecord.fill({}) }, "00000006"],
])("the key of a control record %o is Kafka's", (record, hex) => {
  expect(toHex(encodeControlRecord(record).key)).toBe(hex);
  expect(decodeControlRecord(encodeControlRecord(record))).toEqual(record);
});

describe("a data batch", () => {
  const hex =
    "0000000000000003000000790000000102745ab97c0000000000020000018bcfe568000000018bcfe56800ffffffffff" +
    "ffffffffffffffffff000000033c000000013001170001001212426f6f747374726170207265636f726473003a000002" +
    "012e010c00116d657461646174612e76657273696f6e001900001400000401080118000000";
  const records: readonly MetadataRecord[] = [
    BeginTransactionRecord.of(0, { name: "Bootstrap records" }),
    FeatureLevelRecord.of(0, { name: "metadata.version", featureLevel: 25 }),
    EndTransactionRecord.of(0, {}),
  ];
  const position = { baseOffset: 3, leaderEpoch: 1, timestampMs: 1_700_000_000_000 };

  test("is written as Kafka writes it", () => {
    expect(toHex(encodeDataBatch(position, records.map(encodeMetadataRecord)))).toBe(hex);
  });

  test("is read as what it is", () => {
    const batch = decodeRecordBatch(fromHex(hex));
    expect(batch).toMatchObject({ ...position, lastOffset: 5, count: 3, isControl: false });
    expect(batch.isControl ? [] : batch.values.map(decodeMetadataRecord)).toEqual(records);
  });
});

const BROKER = RegisterBrokerRecord.of(3, {
  brokerId: 4,
  incarnationId: uuidFromBytes(Uint8Array.from([...new Uint8Array(15), 100])),
  brokerEpoch: 6,
  endPoints: [{ name: "PLAINTEXT", host: "b4", port: 9092, securityProtocol: 0 }],
  features: [{ name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 25 }],
  rack: null,
  fenced: true,
  logDirs: [DIRECTORY],
});

test.each<[string, MetadataRecord, string]>([
  [
    "RegisterBrokerRecord v3",
    BROKER,
    "0100030000000400000000000000000000000000000000640000000000000006020a504c41494e544558540362342384" +
      "00000002116d657461646174612e76657273696f6e0007001900000100010011022445d8e9aab3418fb7d8fe534adcda16",
  ],
  [
    "BrokerRegistrationChangeRecord v0",
    BrokerRegistrationChangeRecord.of(0, { brokerId: 4, brokerEpoch: 6, fenced: -1 }),
    "011100000000040000000000000006010001ff",
  ],
])("%s is Kafka's bytes, both ways", (_, record, hex) => {
  expect(toHex(encodeMetadataRecord(record))).toBe(hex);
  expect(decodeMetadataRecord(fromHex(hex))).toEqual(record);
});

/** What a broker asks a leader that it has not heard of yet. */
const FIRST_FETCH = {
  clusterId: CLUSTER,
  replicaState: { replicaId: 4, replicaEpoch: -1 },
  maxWaitMs: 500,
  minBytes: 0,
  maxBytes: 8 * 1024 * 1024,
};
const FIRST_PARTITION = {
  partition: 0,
  currentLeaderEpoch: 0,
  fetchOffset: 0,
  lastFetchedEpoch: 0,
  partitionMaxBytes: 0,
  replicaDirectoryId: DIRECTORY,
};

describe("UnregisterController, as Kafka 4.4.0 writes it", () => {
  const controllerId = 3_001;

  test("record", () => {
    const hex = "011d0000000bb900";
    const written = UnregisterControllerRecord.of(0, { controllerId });
    expect(toHex(encodeMetadataRecord(written))).toBe(hex);
    expect(decodeMetadataRecord(fromHex(hex))).toEqual(written);
  });

  test("v0 request", () => {
    const hex = "005e000000000007000561646d696e0000000bb900";
    const header = { apiVersion: 0, correlationId: 7, clientId: "admin" };
    expect(toHex(requestFrame(UnregisterController, header, { controllerId }))).toBe(hex);
    expect(decodeRequestFrame(fromHex(hex))).toMatchObject({
      ...header,
      name: "UnregisterController",
      body: { controllerId },
    });
  });

  test("v0 response", () => {
    const errorMessage = "Controller ID 3001 is not currently registered.";
    const hex =
      "000000070000000000008830436f6e74726f6c6c65722049442033303031206973206e6f742063757272656e746c7920726567697374657265642e00";
    const header = { apiVersion: 0, correlationId: 7 };
    const body = { throttleTimeMs: 0, errorCode: 136, errorMessage };
    expect(toHex(responseFrame(UnregisterController, header, body))).toBe(hex);
    expect(decodeResponseFrame(UnregisterController, 0, fromHex(hex))).toEqual({
      correlationId: 7,
      body,
    });
  });
});

describe("Fetch", () => {
  test.each([
    [
      17,
      {},
      "0001001100000000000d726166742d636c69656e742d3400000001f400000000008000000000000000ffffffff020000" +
        "0000000000000000000000000001020000000000000000000000000000000000000000ffffffffffffffff0000000001" +
        "00102445d8e9aab3418fb7d8fe534adcda16000101020017174d6b55334f4556424e5463774e544a454e444d32516701" +
        "0d00000004ffffffffffffffff00",
    ],
    [
      18,
      { highWatermark: -1n },
      "0001001200000000000d726166742d636c69656e742d3400000001f400000000008000000000000000ffffffff020000" +
        "0000000000000000000000000001020000000000000000000000000000000000000000ffffffffffffffff0000000002" +
        "00102445d8e9aab3418fb7d8fe534adcda160108ffffffffffffffff000101020017174d6b55334f4556424e5463774e" +
        "544a454e444d325167010d00000004ffffffffffffffff00",
    ],
  ])("v%i request of a broker", (apiVersion, more, hex) => {
    const partitions = [{ ...FIRST_PARTITION, ...more }];
    const topics = [{ topicId: METADATA_TOPIC_ID, partitions }];
    const body = Fetch.request.fill({ ...FIRST_FETCH, topics });
    const header = { apiVersion, correlationId: 0, clientId: "raft-client-4" };
    expect(toHex(requestFrame(Fetch, header, body))).toBe(hex);
    expect(decodeRequestFrame(fromHex(hex))).toMatchObject({ name: "Fetch", body });
  });

  test("v17 response that sends a broker to the leader", () => {
    const hex =
      "00000000000000000000000000000002000000000000000000000000000000010200000000004affffffffffffffffff" +
      "ffffffffffffff000000000000000001ffffffff010101090000000100000001000001001502000000010a6c6f63616c" +
      "686f7374000023850000";
    const body = Fetch.response.fill({
      responses: [
        {
          topicId: METADATA_TOPIC_ID,
          partitions: [
            {
              errorCode: 74,
              highWatermark: -1,
              logStartOffset: 0,
              currentLeader: { leaderId: 1, leaderEpoch: 1 },
            },
          ],
        },
      ],
      nodeEndpoints: [{ nodeId: 1, host: "localhost", port: 9093 }],
    });
    expect(toHex(responseFrame(Fetch, { apiVersion: 17, correlationId: 0 }, body))).toBe(hex);
    expect(decodeResponseFrame(Fetch, 17, fromHex(hex)).body).toEqual(body);
  });
});

test("the principal of an Envelope from a plaintext listener", () => {
  const hex = "000005557365720a414e4f4e594d4f55530000";
  expect(toHex(encodePrincipal(ANONYMOUS))).toBe(hex);
  expect(decodePrincipal(fromHex(hex))).toEqual(ANONYMOUS);
});

test("a uuid is Kafka's text of its bytes", () => {
  expect(DIRECTORY).toBe("JEXY6aqzQY-32P5TStzaFg");
  expect(toHex(uuidToBytes(DIRECTORY))).toBe(DIRECTORY_HEX);
});

test.each([
  ["nothing", "", 0],
  ["the digits that every CRC is checked with", "313233343536373839", 0xe3069283],
  ["32 zeros (RFC 3720, B.4)", "00".repeat(32), 0x8a9136aa],
  ["32 ones (RFC 3720, B.4)", "ff".repeat(32), 0x62a8ab43],
])("crc32c of %s", (_, hex, sum) => {
  expect(crc32c(fromHex(hex))).toBe(sum);
});
