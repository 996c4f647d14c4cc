#!/usr/bin/env python3
"""A broker in another language, as far as membership goes: Python's standard library and HTTP, no Kafka client.

    python3 examples/broker.py http://127.0.0.1:8787/kafka/v3/clusters/<cluster id> --id 7 --token-file broker-7.token

Its token is of role broker, for its own id. It comes from a file or from KEDGE_TOKEN, never from an argument, which
every list of processes would show.

It registers (KIP-631), follows the committed log so that its heartbeats can say how far it has read, is unfenced,
answers a fencing by catching up again, and takes leave with a controlled shutdown on Ctrl-C or SIGTERM. It stores
no partitions: a real broker would replicate and serve them between being unfenced and being fenced again.

Requests and responses are Kafka's own messages in Kafka's JSON form; docs/PROTOCOL.md lists them.
"""

import argparse
import base64
import http.client
import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
import uuid

# Kafka's error codes, as far as a broker's membership meets them.
NONE = 0
STALE_BROKER_EPOCH = 77
DUPLICATE_BROKER_REGISTRATION = 101

# Of HTTP: not now, though a moment later it may be.
TOO_MANY_REQUESTS = 429

# A session lasts 9 s without a heartbeat (Kafka's broker.session.timeout.ms). Kafka sends one every 2 s.
HEARTBEAT_SECONDS = 0.5
# Longer than a failover: the Worker looks for the active controller for up to 10 s by itself.
CALL_SECONDS = 30

# What this broker supports (KIP-584). The controller refuses a broker that lacks a finalized feature.
FEATURES = [
    {"name": "group.version", "minSupportedVersion": 0, "maxSupportedVersion": 1},
    {"name": "kraft.version", "minSupportedVersion": 0, "maxSupportedVersion": 1},
    {"name": "metadata.version", "minSupportedVersion": 7, "maxSupportedVersion": 25},
    {"name": "transaction.version", "minSupportedVersion": 0, "maxSupportedVersion": 2},
]

# A call that failed on the way. Its outcome is unknown, which is why registrations name an incarnation.
UNREACHABLE = (OSError, http.client.HTTPException)


def kafka_uuid():
    """A random uuid in Kafka's form: 22 characters of base64url."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()


def say(text):
    print(text, flush=True)


class Broker:
    def __init__(self, cluster_url, broker_id, token):
        self.url = cluster_url.rstrip("/")
        self.cluster_id = self.url.rsplit("/", 1)[1]
        self.id = broker_id
        self.token = token
        # A directory id names a disk and outlives the process; a real broker reads it from meta.properties.
        self.log_dir = kafka_uuid()
        # An incarnation id names this process. A registration that is repeated under it changes nothing.
        self.incarnation = kafka_uuid()
        self.epoch = -1
        self.next_offset = 0
        self.fenced = True

    def ask(self, path, body=None):
        """One request: a POST of a body of JSON, or a GET."""
        request = urllib.request.Request(f"{self.url}/{path}")
        if self.token is not None:
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        return urllib.request.urlopen(request, timeout=CALL_SECONDS)

    def call(self, api, body, version):
        """One controller API. The Worker routes it to the active controller."""
        with self.ask(f"rpc/{api}?version={version}", body) as response:
            return json.load(response)

    def register(self, leaving):
        """Registers this incarnation, again and again until it is accepted."""
        while not leaving.is_set():
            try:
                response = self.call(
                    "BrokerRegistration",
                    {
                        "brokerId": self.id,
                        "clusterId": self.cluster_id,
                        "incarnationId": self.incarnation,
                        "listeners": [
                            {
                                "name": "PLAINTEXT",
                                "host": "localhost",
                                "port": 9092,
                                "securityProtocol": 0,
                            }
                        ],
                        "features": FEATURES,
                        "rack": None,
                        "isMigratingZkBroker": False,
                        "logDirs": [self.log_dir],
                        "previousBrokerEpoch": self.epoch,
                    },
                    version=4,
                )
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != TOO_MANY_REQUESTS:
                    raise SystemExit(f"refused: {error.read().decode()}") from error
                leaving.wait(HEARTBEAT_SECONDS)
                continue
            except UNREACHABLE:
                leaving.wait(HEARTBEAT_SECONDS)
                continue
            if response["errorCode"] == NONE:
                self.epoch = response["brokerEpoch"]
                self.fenced = True
                say(f"registered as broker {self.id} with epoch {self.epoch}, fenced until caught up")
                return
            if response["errorCode"] != DUPLICATE_BROKER_REGISTRATION:
                raise SystemExit(f"refused with error {response['errorCode']}")
            # An earlier process of this id still has a session. It ends by itself.
            leaving.wait(HEARTBEAT_SECONDS)

    def catch_up(self):
        """Reads the committed log to its end. What concerns this broker itself is acted upon."""
        while True:
            with self.ask(f"metadata-log?from_offset={self.next_offset}") as response:
                for line in response:
                    self.replay(json.loads(line))
                self.next_offset = int(response.headers["Kafka-Next-Offset"])
                if self.next_offset >= int(response.headers["Kafka-High-Watermark"]):
                    return

    def replay(self, record):
        """A record of the log. A real broker would build its metadata image here."""
        data = record["data"]
        if data.get("brokerId") != self.id:
            return
        epoch = data.get("brokerEpoch", -1)
        match record["type"]:
            case "REGISTER_BROKER_RECORD" if epoch > self.epoch:
                raise SystemExit(f"another incarnation of broker {self.id} has registered")
            case "UNREGISTER_BROKER_RECORD" if epoch == self.epoch:
                say(f"unregistered by offset {record['offset']}")
                self.epoch = -1
            # 1 fences, -1 unfences, absent or 0 leaves it as it was.
            case "BROKER_REGISTRATION_CHANGE_RECORD" if epoch == self.epoch:
                if data.get("fenced", 0) == 1 and not self.fenced:
                    self.fenced = True
                    # From here on this broker leads nothing: others have taken over its partitions.
                    say(f"fenced by offset {record['offset']}")
                elif data.get("fenced", 0) == -1 and self.fenced:
                    self.fenced = False
                    say(f"unfenced by offset {record['offset']}")

    def heartbeat(self, shutting_down):
        return self.call(
            "BrokerHeartbeat",
            {
                "brokerId": self.id,
                "brokerEpoch": self.epoch,
                "currentMetadataOffset": self.next_offset - 1,
                # False asks to be unfenced as soon as the offset has reached the registration.
                "wantFence": False,
                "wantShutDown": shutting_down,
                "offlineLogDirs": [],
            },
            version=1,
        )

    def run(self, leaving, seconds):
        deadline = time.monotonic() + seconds if seconds is not None else None
        self.register(leaving)
        while self.epoch >= 0:
            if deadline is not None and time.monotonic() >= deadline:
                leaving.set()
            try:
                self.catch_up()
                if self.epoch < 0:
                    # An operator has removed this broker from the cluster; it comes back as a new incarnation.
                    self.incarnation = kafka_uuid()
                    self.register(leaving)
                    continue
                response = self.heartbeat(leaving.is_set())
            except UNREACHABLE as error:
                # A heartbeat that fails is a heartbeat missed. The next one says the same.
                say(f"a heartbeat failed: {error}")
                time.sleep(HEARTBEAT_SECONDS)
                continue
            # The log says why an epoch is stale, and it is read before the next heartbeat.
            if response["errorCode"] not in (NONE, STALE_BROKER_EPOCH):
                say(f"a heartbeat was refused with error {response['errorCode']}")
            if response["shouldShutDown"]:
                say("let go: every leadership has moved")
                return
            if leaving.is_set():
                time.sleep(HEARTBEAT_SECONDS)
            else:
                leaving.wait(HEARTBEAT_SECONDS)


def main():
    parser = argparse.ArgumentParser(description="A broker that speaks HTTP and JSON, as far as membership goes.")
    parser.add_argument("cluster", help="http://127.0.0.1:8787/kafka/v3/clusters/<cluster id>")
    parser.add_argument("--id", type=int, default=1, help="the broker's id (1)")
    parser.add_argument("--token-file", help="a file that holds the broker's token (KEDGE_TOKEN)")
    parser.add_argument("--seconds", type=float, help="take leave after this long")
    options = parser.parse_args()
    token = os.environ.get("KEDGE_TOKEN")
    if options.token_file is not None:
        try:
            with open(options.token_file, encoding="utf-8") as file:
                token = file.read().strip()
        except OSError as error:
            parser.error(f"--token-file: {error}")

    leaving = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leaving.set())
    Broker(options.cluster, options.id, token).run(leaving, options.seconds)


if __name__ == "__main__":
    main()
