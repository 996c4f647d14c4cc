/**
 * What kind of request each API is, against what Kafka 4.4.0 says of it: the flag `forwardable` of `ApiKeys`, and the
 * handlers of `ControllerApis` that demand CLUSTER_ACTION.
 */
import { describe, expect, test } from "vitest";
import { apis, type Api, type ApiTraits } from "../../src/protocol/index.ts";

const namesWith = (trait: keyof ApiTraits): readonly string[] =>
  Object.values<Api>(apis)
    .filter((api) => api[trait])
    .map(({ name }) => name)
    .toSorted();

const words = (text: string): readonly string[] => text.trim().split(/\s+/).toSorted();

describe("an API", () => {
  test("is forwardable where Kafka's ApiKeys says so", () => {
    const forwardable = `CreateTopics DeleteTopics CreateAcls DeleteAcls AlterConfigs CreatePartitions
      CreateDelegationToken RenewDelegationToken ExpireDelegationToken ElectLeaders IncrementalAlterConfigs
      AlterPartitionReassignments ListPartitionReassignments AlterClientQuotas AlterUserScramCredentials
      DescribeQuorum UpdateFeatures UnregisterBroker AllocateProducerIds AddRaftVoter RemoveRaftVoter
      UnregisterController`;
    expect(namesWith("forwardable")).toEqual(words(forwardable));
  });

  test("is a cluster action where Kafka's handler demands CLUSTER_ACTION", () => {
    const clusterAction = `Fetch FetchSnapshot Vote BeginQuorumEpoch EndQuorumEpoch AlterPartition Envelope
      BrokerRegistration BrokerHeartbeat ControllerRegistration AllocateProducerIds AssignReplicasToDirs
      UpdateRaftVoter`;
    expect(namesWith("clusterAction")).toEqual(words(clusterAction));
  });

  test("is repeatable only if it reads, or is a heartbeat", () => {
    const others = namesWith("repeatable").filter((name) => !/^(Describe|List)/.test(name));
    expect(others).toEqual(["ApiVersions", "BrokerHeartbeat"]);
  });

  test("is spoken in frames alone where it carries bytes, or a replica's word", () => {
    const framesOnly =
      "Fetch FetchSnapshot Vote BeginQuorumEpoch EndQuorumEpoch Envelope SaslHandshake SaslAuthenticate";
    expect(namesWith("framesOnly")).toEqual(words(framesOnly));
  });

  test("that is spoken in frames alone is never forwarded", () => {
    const forwardable = new Set(namesWith("forwardable"));
    expect(namesWith("framesOnly").filter((name) => forwardable.has(name))).toEqual([]);
  });
});
