/**
 * A whole request refused, in the request's own response: Kafka puts the code at the top level where the
 * response has one, and otherwise on every item that was asked for. Clients find NOT_CONTROLLER in
 * either place.
 *
 * Used where no operation ran: the active controller is elsewhere, the batch would be too large, too much is
 * waiting, the API is not served yet, or an operation met a defect of ours.
 */
import {
  AlterClientQuotas,
  AlterConfigs,
  AlterUserScramCredentials,
  CreateAcls,
  CreateDelegationToken,
  DeleteAcls,
  ExpireDelegationToken,
  RenewDelegationToken,
  AlterPartitionReassignments,
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  DescribeConfigs,
  ElectLeaders,
  IncrementalAlterConfigs,
  ListPartitionReassignments,
  UnregisterBroker,
  UpdateFeatures,
  AllocateProducerIds,
  AlterPartition,
  AssignReplicasToDirs,
  BrokerHeartbeat,
  BrokerRegistration,
  ControllerRegistration,
  DescribeCluster,
  type Api,
  type ApiName,
  type RequestOf,
  type ResponseOf,
} from "../src/protocol/index.ts";

/** Why nothing was done. The message reaches the operator of a tool word for word. */
export interface Failure {
  readonly errorCode: number;
  readonly errorMessage: string;
}

type Refusal = (request: unknown, failure: Failure) => unknown;

/** Ties an API to its error response; the request is the decoded value of that very API. */
function refusal<A extends Api>(
  schema: A,
  respond: (request: RequestOf<A>, failure: Failure) => ResponseOf<A>,
): readonly [string, Refusal] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- dispatch hands an API's own decoded request back to it
  return [schema.name, (request, failure) => respond(request as RequestOf<A>, failure)];
}

const resourceOf = (resource: {
  readonly resourceType: number;
  readonly resourceName: string;
}) => ({
  resourceType: resource.resourceType,
  resourceName: resource.resourceName,
});

const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  refusal(AllocateProducerIds, (_, { errorCode }) =>
    AllocateProducerIds.response.fill({ errorCode }),
  ),
  refusal(AlterClientQuotas, (request, failure) =>
    AlterClientQuotas.response.fill({
      entries: request.entries.map(({ entity }) => ({ entity, ...failure })),
    }),
  ),
  refusal(AlterUserScramCredentials, (request, failure) =>
    AlterUserScramCredentials.response.fill({
      results: [...request.deletions, ...request.upsertions].map(({ name }) => ({
        user: name,
        ...failure,
      })),
    }),
  ),
  refusal(CreateAcls, (request, failure) =>
    CreateAcls.response.fill({ results: request.creations.map(() => failure) }),
  ),
  refusal(DeleteAcls, (request, failure) =>
    DeleteAcls.response.fill({ filterResults: request.filters.map(() => failure) }),
  ),
  refusal(CreateDelegationToken, (_, { errorCode }) =>
    CreateDelegationToken.response.fill({ errorCode }),
  ),
  refusal(RenewDelegationToken, (_, { errorCode }) =>
    RenewDelegationToken.response.fill({ errorCode }),
  ),
  refusal(ExpireDelegationToken, (_, { errorCode }) =>
    ExpireDelegationToken.response.fill({ errorCode }),
  ),
  refusal(AlterConfigs, (request, failure) =>
    AlterConfigs.response.fill({
      responses: request.resources.map((resource) => ({ ...resourceOf(resource), ...failure })),
    }),
  ),
  refusal(AlterPartition, (_, { errorCode }) => AlterPartition.response.fill({ errorCode })),
  refusal(AlterPartitionReassignments, (_, failure) =>
    AlterPartitionReassignments.response.fill(failure),
  ),
  refusal(AssignReplicasToDirs, (_, { errorCode }) =>
    AssignReplicasToDirs.response.fill({ errorCode }),
  ),
  refusal(BrokerHeartbeat, (_, { errorCode }) => BrokerHeartbeat.response.fill({ errorCode })),
  refusal(BrokerRegistration, (_, { errorCode }) =>
    BrokerRegistration.response.fill({ errorCode }),
  ),
  refusal(ControllerRegistration, (_, failure) => ControllerRegistration.response.fill(failure)),
  refusal(CreatePartitions, (request, failure) =>
    CreatePartitions.response.fill({
      results: request.topics.map(({ name }) => ({ name, ...failure })),
    }),
  ),
  refusal(CreateTopics, (request, failure) =>
    CreateTopics.response.fill({
      topics: request.topics.map(({ name }) => ({ name, ...failure })),
    }),
  ),
  refusal(DeleteTopics, (request, failure) =>
    DeleteTopics.response.fill({
      responses: [
        ...request.topics.map(({ name, topicId }) => ({ name, topicId, ...failure })),
        ...request.topicNames.map((name) => ({ name, ...failure })),
      ],
    }),
  ),
  refusal(DescribeCluster, (_, failure) => DescribeCluster.response.fill(failure)),
  refusal(DescribeConfigs, (request, failure) =>
    DescribeConfigs.response.fill({
      results: request.resources.map((resource) => ({ ...resourceOf(resource), ...failure })),
    }),
  ),
  refusal(ElectLeaders, (request, failure) =>
    ElectLeaders.response.fill({
      errorCode: failure.errorCode,
      replicaElectionResults: (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => ({ partitionId, ...failure })),
      })),
    }),
  ),
  refusal(IncrementalAlterConfigs, (request, failure) =>
    IncrementalAlterConfigs.response.fill({
      responses: request.resources.map((resource) => ({ ...resourceOf(resource), ...failure })),
    }),
  ),
  refusal(ListPartitionReassignments, (_, failure) =>
    ListPartitionReassignments.response.fill(failure),
  ),
  refusal(UnregisterBroker, (_, failure) => UnregisterBroker.response.fill(failure)),
  refusal(UpdateFeatures, (_, failure) => UpdateFeatures.response.fill(failure)),
]);

/** The response of `api` that says `failure` wherever its clients look; null for an API that has no such answer. */
export function refuse(api: ApiName, request: unknown, failure: Failure): unknown {
  return REFUSALS.get(api)?.(request, failure) ?? null;
}
