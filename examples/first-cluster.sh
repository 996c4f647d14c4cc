#!/bin/sh
# A cluster's first minute in ten requests: form it, let a broker in, register it, create a topic, read it, fail over,
# delete it. Needs curl and a running quorum (`npm start`). The arguments are where that listens and a file that holds
# an admin's token; without the second, KEDGE_TOKEN, or else that file of `npm start`.
#
#     sh examples/first-cluster.sh http://127.0.0.1:8787 .kedge/admin-token
set -eu
edge=${1:-http://127.0.0.1:8787}
if [ $# -gt 1 ]; then admin=$(cat "$2"); else admin=${KEDGE_TOKEN:-$(cat .kedge/admin-token)}; fi
token=$admin

# as_token: the header that brings $token, for curl's standard input. An argument would be in every list of processes.
as_token() {
  echo "Authorization: Bearer $token"
}

# ask METHOD PATH [BODY]: one request with $token; a refusal ends the script with the server's sentence.
ask() {
  answer=$(as_token | curl -sS --max-time 30 -w '\n%{http_code}' -H @- -X "$1" "$2" \
    ${3:+-H 'Content-Type: application/json' -d "$3"})
  status=${answer##*
}
  answer=${answer%
*}
  case $status in
  2*) ;;
  *) echo "$1 $2: $status $answer" >&2 && exit 1 ;;
  esac
}

# field NAME: the first value of that name in the last answer. jq does this better; these two are everywhere.
field() {
  printf '%s\n' "$answer" | tr ',{' '\n\n' | sed -n "s/^\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | sed -n 1p
}

# 1. Three controllers, each a Durable Object. The answer comes when one of them leads.
ask POST "$edge/kafka/v3/clusters" '{"voters": 3}'
id=$(field cluster_id)
cluster=$edge/kafka/v3/clusters/$id
echo "cluster $id is formed"
trap 'token=$admin; as_token | curl -sS --max-time 30 -o /dev/null -H @- -X DELETE "$cluster?purge=$id"' EXIT

# 2. What brokers say, no admin may say for them: broker 1 gets a token of its own, for an hour.
ask POST "$edge/kafka/v3/tokens" '{
  "role": "broker", "cluster_id": "'"$id"'", "broker_ids": [1], "expires_in_s": 3600
}'
token=$(field token)
echo "a token for $(field principal) is made"

# 3. The broker registers: Kafka's BrokerRegistration, in Kafka's JSON form. Its epoch is the offset of its record.
ask POST "$cluster/rpc/BrokerRegistration" '{
  "brokerId": 1, "clusterId": "'"$id"'", "incarnationId": "Zm91cnRlZW4gYnl0ZXMhIQ",
  "listeners": [{"name": "PLAINTEXT", "host": "localhost", "port": 9092, "securityProtocol": 0}],
  "features": [
    {"name": "group.version", "minSupportedVersion": 0, "maxSupportedVersion": 1},
    {"name": "kraft.version", "minSupportedVersion": 0, "maxSupportedVersion": 1},
    {"name": "metadata.version", "minSupportedVersion": 7, "maxSupportedVersion": 25},
    {"name": "transaction.version", "minSupportedVersion": 0, "maxSupportedVersion": 2}
  ],
  "rack": null, "isMigratingZkBroker": false, "logDirs": ["bG9nIGRpcmVjdG9yeSAwMQ"], "previousBrokerEpoch": -1
}'
epoch=$(field brokerEpoch)
echo "broker 1 is registered with epoch $epoch"

# 4. Its first heartbeat says that it has read the log up to its registration, so it is unfenced.
ask POST "$cluster/rpc/BrokerHeartbeat?version=1" '{
  "brokerId": 1, "brokerEpoch": '"$epoch"', "currentMetadataOffset": '"$epoch"',
  "wantFence": false, "wantShutDown": false, "offlineLogDirs": []
}'
echo "broker 1 is fenced: $(field isFenced)"

# 5. A topic, with an admin's token again, and 6. what became of it. min_offset would ask for a view at least that new;
# here it is the newest.
token=$admin
ask POST "$cluster/topics" '{"topic_name": "orders", "partitions_count": 3, "replication_factor": 1}'
echo "topic $(field topic_name) has $(field partitions_count) partitions, id $(field topic_id)"
ask GET "$cluster/topics/orders/partitions/2"
echo "orders-2 is led by broker $(field leader_id)"

# 7. Who leads the quorum? 8. Restart that controller: a rehearsal of a failover.
ask GET "$cluster/quorum"
leader=$(field leader_id)
echo "controller $leader leads in epoch $(field leader_epoch)"
ask POST "$cluster/controllers/$leader:restart"
echo "controller $leader is restarted"

# 9. The next write finds the new leader by itself, 10. and the quorum says who that is.
ask PATCH "$cluster/topics/orders" '{"partitions_count": 4}'
echo "topic orders has $(field partitions_count) partitions"
ask GET "$cluster/quorum"
echo "controller $(field leader_id) leads in epoch $(field leader_epoch)"

# The cluster was for show: leaving the script deletes it for good.
