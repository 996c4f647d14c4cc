/**
 * Kafka's `StandardAuthorizer` on a stock broker, and the cluster's own behind it: who is a super user may, and who is
 * nobody may not, straight to the controllers and through the broker, which forwards in an Envelope whom it has
 * authenticated.
 */
import { join } from "node:path";
import { clusterClient } from "../../../client/cluster-client.ts";
import type { ToolName } from "../../../local/kafka-tools.ts";
import { freePort } from "../../../local/ports.ts";
import { broker } from "../broker.ts";
import type { Cluster } from "../cluster.ts";
import { expect, type Step } from "../step.ts";
import { tool, type ToolRun } from "../tool.ts";
import { until } from "../../../local/until.ts";
import { DELEGATION_TOKEN_SECRET } from "../quorum.ts";
import { secured, type Secured } from "../secured-cluster.ts";
import { IMPATIENT, keptOut, login, served } from "./doors.ts";

const AUTHORIZER = {
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:broker-1;User:root",
};

/** Of the broker's own listener, by whom it knows its clients. */
const PASSWORDS: Readonly<Record<string, string>> = {
  "broker-1": "among-brokers",
  root: "root-secret",
  mallory: "mallory-secret",
};

const PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required";
const SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required";
const plainLogin = (name: string): string =>
  `${PLAIN} username="${name}" password="${PASSWORDS[name]}"`;

/** What the broker lets in, and as whom it talks to other brokers. */
const clientListener = (): readonly string[] => {
  const users = Object.entries(PASSWORDS).map(([name, password]) => `user_${name}="${password}"`);
  return [
    "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "sasl.mechanism.inter.broker.protocol=PLAIN",
    `listener.name.sasl_plaintext.plain.sasl.jaas.config=${plainLogin("broker-1")} ${users.join(" ")};`,
    // A mechanism whose users are in the metadata needs a login module, and nothing in it.
    ...["scram-sha-256", "scram-sha-512"].map(
      (mechanism) => `listener.name.sasl_plaintext.${mechanism}.sasl.jaas.config=${SCRAM};`,
    ),
    `delegation.token.secret.key=${DELEGATION_TOKEN_SECRET}`,
    ...Object.entries(AUTHORIZER).map(([name, value]) => `${name}=${value}`),
  ];
};

/** A stock broker of the cluster, and Kafka's tools at it in the name of those whom it lets in. */
interface Serving {
  readonly as: (name: string, tool: ToolName, ...args: readonly string[]) => Promise<ToolRun>;
  /** As whoever logs in so. */
  readonly loggedIn: (
    { mechanism, jaas }: Login,
    tool: ToolName,
    ...args: readonly string[]
  ) => Promise<ToolRun>;
}

interface Login {
  readonly mechanism: string;
  readonly jaas: string;
}

const PATIENT = { withinMs: 30_000 };

/** Runs `work` while the broker serves, and leads it through a shutdown. */
async function withBroker(
  { kafka }: Cluster,
  world: Secured,
  work: (serving: Serving) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const { clusterId, bootstrapControllers } = world;
  const ownBroker = { role: "broker", brokerIds: [1], principal: "broker-1" } as const;
  const towardsControllers = [
    "sasl.mechanism.controller.protocol=PLAIN",
    `listener.name.controller.plain.${login(await world.mint(ownBroker))}`,
    ...trusting(world).map((line) => `listener.name.controller.${line}`),
  ];
  const one = broker({
    kafka,
    nodeId: 1,
    port,
    folder: join(world.folder, "broker"),
    clusterId,
    bootstrapControllers,
    towardsControllers: { protocol: "SASL_SSL", properties: towardsControllers },
    towardsClients: { protocol: "SASL_PLAINTEXT", properties: clientListener() },
  });
  const loggedIn: Serving["loggedIn"] = async ({ mechanism, jaas }, toolName, ...args) => {
    const properties = await world.properties("client.properties", [
      "security.protocol=SASL_PLAINTEXT",
      `sasl.mechanism=${mechanism}`,
      `sasl.jaas.config=${jaas};`,
      // Who is refused is told so at once; what is slow is a crowded machine.
      "default.api.timeout.ms=30000",
      "request.timeout.ms=15000",
    ]);
    const door = ["--bootstrap-server", `127.0.0.1:${port}`, "--command-config", properties];
    return await tool(kafka, toolName, [...door, ...args], { mayFail: true });
  };
  const as: Serving["as"] = (name, ...asked) =>
    loggedIn({ mechanism: "PLAIN", jaas: plainLogin(name) }, ...asked);
  await one.format();
  try {
    await one.start();
    await work({ as, loggedIn });
    expect(await one.shutDown(), "the broker is led through a shutdown", one.log());
  } finally {
    await one.kill();
  }
}

const creating = (topic: string): readonly string[] => [
  ..."--create --partitions 1 --replication-factor 1 --topic".split(" "),
  topic,
];

const isDenied = ({ code, tail }: ToolRun): boolean =>
  code !== 0 && /TopicAuthorizationException/.test(tail);

async function throughBroker({ quorum }: Cluster, world: Secured, { as }: Serving): Promise<void> {
  const refused = await as("mallory", "kafka-topics", ...creating("stolen"));
  expect(isDenied(refused), "who is nobody creates no topic", refused.tail);
  const created = await as("root", "kafka-topics", ...creating("owned"));
  expect(created.code === 0, "a super user creates a topic", created.tail);
  const client = clusterClient(quorum.edge, world.clusterId);
  const { body } = await client.get<{ data: readonly { topic_name: string }[] }>("topics");
  const names = body.data.map(({ topic_name: name }) => name);
  expect(names.join() === "owned", "that topic is there, and no other", names.join());
}

const trusting = ({ caFile }: Secured): readonly string[] => [
  "ssl.truststore.type=PEM",
  `ssl.truststore.location=${caFile}`,
];

/** A client of the gateway's own listener, by a token in the name of somebody. */
async function withToken(
  world: Secured,
  principal: string,
  role: "admin" | "operator",
): Promise<string> {
  const every = role === "admin" ? { cluster: "*" } : {};
  const token = await world.mint({ role, principal, ...every });
  const client = ["security.protocol=SASL_SSL", "sasl.mechanism=PLAIN", ...IMPATIENT];
  const lines = [...client, login(token), ...trusting(world)];
  return await world.properties(`${principal}-${role}.properties`, lines);
}

const SECURED = { protocol: "SASL_SSL", clientAuth: "none", settings: AUTHORIZER } as const;

const standardAuthorizer: Step = {
  title: "authorizer: a super user may, who is nobody may not",
  run: (cluster) =>
    secured(cluster, SECURED, async (world) => {
      await served(cluster, world, await withToken(world, "root", "operator"));
      // A tool that comes to a controller asks for the cluster first, which takes ALTER there. A client of 4.0 takes
      // the refusal for a controller that is not there, and tries until its time is over.
      await keptOut(cluster, world, {
        properties: await withToken(world, "mallory", "operator"),
        says: /ClusterAuthorizationException: Request DescribeCluster needs ALTER permission|Timed out waiting for a node assignment/,
      });
      await withBroker(cluster, world, (serving) => throughBroker(cluster, world, serving));
      return `${world.metrics.authenticationsSucceeded} connections authenticated`;
    }),
};

const OWN_TOPICS = "--operation Create --topic mallory- --resource-pattern-type prefixed".split(
  " ",
);
const MALLORY = ["--allow-principal", "User:mallory"];
const LISTED = /principal=User:mallory, host=\*, operation=CREATE, permissionType=ALLOW/;

/** `kafka-acls` lets somebody in and keeps him out again, through the broker and straight to the controllers. */
async function grantAndTakeBack(
  { kafka, transcript }: Cluster,
  world: Secured,
  { as }: Serving,
): Promise<void> {
  const controllers = [
    "--bootstrap-controller",
    world.bootstrapControllers,
    "--command-config",
    await withToken(world, "root", "admin"),
  ];
  const atControllers = (...args: readonly string[]): Promise<ToolRun> =>
    tool(kafka, "kafka-acls", [...controllers, ...args], { mayFail: true, transcript });
  const refused = await as("mallory", "kafka-topics", ...creating("mallory-0"));
  expect(isDenied(refused), "nobody may before he is let", refused.tail);
  const stolen = await as("mallory", "kafka-acls", "--add", ...MALLORY, ...OWN_TOPICS);
  expect(
    /ClusterAuthorizationException/.test(stolen.tail),
    "who may not alter the cluster grants himself nothing",
    stolen.tail,
  );
  const granted = await as("root", "kafka-acls", "--add", ...MALLORY, ...OWN_TOPICS);
  expect(granted.code === 0, "a super user grants it, through the broker", granted.tail);
  const listed = await atControllers("--list");
  expect(LISTED.test(listed.output), "the controllers list it", listed.tail);
  await until("the broker lets him", PATIENT, async () => {
    const { code } = await as("mallory", "kafka-topics", ...creating("mallory-1"));
    return code === 0 ? true : undefined;
  });
  const beyond = await as("mallory", "kafka-topics", ...creating("others"));
  expect(isDenied(beyond), "what it does not cover stays denied", beyond.tail);
  const takenBack = await atControllers("--remove", "--force", ...MALLORY, ...OWN_TOPICS);
  expect(takenBack.code === 0, "it is removed, straight at the controllers", takenBack.tail);
  const again = await as("mallory", "kafka-topics", ...creating("mallory-2"));
  expect(isDenied(again), "and he is denied again", again.tail);
  await until("the broker's own list is empty", PATIENT, async () => {
    const { code, output } = await as("root", "kafka-acls", "--list");
    return code === 0 && !LISTED.test(output) ? true : undefined;
  });
}

const acls: Step = {
  title: "authorizer: kafka-acls grants and takes back",
  run: (cluster) =>
    secured(cluster, SECURED, async (world) => {
      await withBroker(cluster, world, (serving) => grantAndTakeBack(cluster, world, serving));
      return "";
    }),
};

const scramLogin = (mechanism: string, password: string): Login => ({
  mechanism,
  jaas: `${SCRAM} username="ann" password="${password}"`,
});

/** `kafka-configs` gives a user passwords; he logs in with them, and with nothing else. */
async function logInAndOut({ as, loggedIn }: Serving): Promise<void> {
  const configure = async (...args: readonly string[]): Promise<ToolRun> => {
    const run = await as("root", "kafka-configs", "--entity-type", "users", ...args);
    expect(run.code === 0, `kafka-configs takes ${args.join(" ")}`, run.tail);
    return run;
  };
  const ann = ["--entity-name", "ann"];
  const described = (): Promise<ToolRun> => configure("--describe", ...ann);
  const list = (mechanism: string, password: string): Promise<ToolRun> =>
    loggedIn(scramLogin(mechanism, password), "kafka-topics", "--list");
  for (const [mechanism, iterations] of [
    ["SCRAM-SHA-256", 4_096],
    ["SCRAM-SHA-512", 8_192],
  ] as const) {
    const config = `${mechanism}=[iterations=${iterations},password=first]`;
    await configure("--alter", "--add-config", config, ...ann);
    await until(`ann logs in by ${mechanism}`, PATIENT, async () =>
      (await list(mechanism, "first")).code === 0 ? true : undefined,
    );
    const wrong = await list(mechanism, "another");
    expect(/SaslAuthenticationException/.test(wrong.tail), "and by no other password", wrong.tail);
    const says = new RegExp(`${mechanism}=iterations=${iterations}`);
    const { output, tail } = await described();
    expect(says.test(output), `the broker describes ${mechanism}`, tail);
  }
  await configure("--alter", "--delete-config", "SCRAM-SHA-256", ...ann);
  await until("the deleted password is refused", PATIENT, async () =>
    /SaslAuthenticationException/.test((await list("SCRAM-SHA-256", "first")).tail)
      ? true
      : undefined,
  );
  const other = await list("SCRAM-SHA-512", "first");
  expect(other.code === 0, "the other mechanism is as it was", other.tail);
  const again = ["--alter", "--delete-config", "SCRAM-SHA-256", ...ann];
  const missing = await as("root", "kafka-configs", "--entity-type", "users", ...again);
  expect(missing.code !== 0, "what is not there is not deleted", missing.tail);
  const forbidden = await as("mallory", "kafka-configs", "--entity-type", "users", ...again);
  expect(/ClusterAuthorizationException/.test(forbidden.tail), "nor by nobody", forbidden.tail);
}

const scram: Step = {
  title: "authorizer: kafka-configs gives users passwords for SCRAM",
  run: (cluster) =>
    secured(cluster, SECURED, async (world) => {
      await withBroker(cluster, world, logInAndOut);
      return "";
    }),
};

/** What `kafka-delegation-tokens` tells of the tokens that it lists: id, HMAC, owner. */
const tokensIn = ({ output }: ToolRun): readonly (readonly [string, string, string])[] =>
  Array.from(
    output.matchAll(/^([\w-]{22})\s+([A-Za-z0-9+/]{86}==)\s+(\S+)/gm),
    ([, id = "", hmac = "", owner = ""]) => [id, hmac, owner] as const,
  );

const tokenLogin = (id: string, hmac: string): Login => ({
  mechanism: "SCRAM-SHA-256",
  jaas: `${SCRAM} username="${id}" password="${hmac}" tokenauth="true"`,
});

const CREATION = "--create --max-life-time-period -1".split(" ");
const renewing = (hmac: string): readonly string[] => [
  ..."--renew --renew-time-period 3600000 --hmac".split(" "),
  hmac,
];
const ending = (hmac: string): readonly string[] => [
  ..."--expire --expiry-time-period -1 --hmac".split(" "),
  hmac,
];

/** That tool, in the name of somebody who may. */
async function manage({ as }: Serving, who: string, ...args: readonly string[]): Promise<ToolRun> {
  const run = await as(who, "kafka-delegation-tokens", ...args);
  expect(run.code === 0, `kafka-delegation-tokens ${args.join(" ")} for ${who}`, run.tail);
  return run;
}

/** `kafka-delegation-tokens` makes a token, somebody logs in with it, and it is worth nothing once it is ended. */
async function lifeOfToken(serving: Serving): Promise<void> {
  const { as, loggedIn } = serving;
  const made = await manage(serving, "root", ...CREATION, "--renewer-principal", "User:mallory");
  const [[id, hmac, owner] = ["", "", ""]] = tokensIn(made);
  expect(owner === "User:root", "root owns a token", made.tail);
  const byToken = tokenLogin(id, hmac);
  const list = (who: Login): Promise<ToolRun> => loggedIn(who, "kafka-topics", "--list");
  await until("a client logs in with it", PATIENT, async () =>
    (await list(byToken)).code === 0 ? true : undefined,
  );
  const other = `${hmac.startsWith("A") ? "B" : "A"}${hmac.slice(1)}`;
  const wrong = await list(tokenLogin(id, other));
  expect(/SaslAuthenticationException/.test(wrong.tail), "and by no other HMAC", wrong.tail);
  const topic = await loggedIn(byToken, "kafka-topics", ...creating("by-token"));
  expect(topic.code === 0, "it does what root may", topic.tail);
  const bred = await loggedIn(byToken, "kafka-delegation-tokens", ...CREATION);
  const isRefused = bred.code !== 0 && /not allowed/.test(bred.tail);
  expect(isRefused, "who logged in with a token gets no other", bred.tail);
  await sharedTokens(serving, hmac);
  await manage(serving, "root", ...ending(hmac));
  await until("and logs in no more", PATIENT, async () =>
    /SaslAuthenticationException/.test((await list(byToken)).tail) ? true : undefined,
  );
  await until("what is gone is not renewed", PATIENT, async () => {
    const { tail } = await as("root", "kafka-delegation-tokens", ...renewing(hmac));
    return /DelegationTokenNotFoundException/.test(tail) ? true : undefined;
  });
}

/** Tokens of others: who makes them, is shown them, renews and ends them. `hmac` is of one that mallory may renew. */
async function sharedTokens(serving: Serving, hmac: string): Promise<void> {
  const { as } = serving;
  const forRoot = ["--owner-principal", "User:root"];
  const forMallory = ["--owner-principal", "User:mallory"];
  const stolen = await as("mallory", "kafka-delegation-tokens", ...CREATION, ...forRoot);
  const isDeniedToken = /DelegationTokenAuthorizationException/.test(stolen.tail);
  expect(isDeniedToken, "nobody makes one for root", stolen.tail);
  const [[, another] = ["", ""]] = tokensIn(
    await manage(serving, "root", ...CREATION, ...forMallory),
  );
  await until("mallory is shown his own, and what he may renew", PATIENT, async () => {
    const shown = tokensIn(
      await manage(serving, "mallory", "--describe", ...forRoot, ...forMallory),
    );
    const owners = shown.map(([, , each]) => each).toSorted();
    return owners.join() === "User:mallory,User:root" ? true : undefined;
  });
  const renewed = await manage(serving, "mallory", ...renewing(hmac));
  const isRenewed = /Completed renew operation/.test(renewed.output);
  expect(isRenewed, "a renewer renews it", renewed.tail);
  const ended = await as("broker-1", "kafka-delegation-tokens", ...ending(another));
  const isMismatch = /DelegationTokenOwnerMismatchException/.test(ended.tail);
  expect(isMismatch, "a super user who is neither ends no token", ended.tail);
}

const tokens: Step = {
  title: "authorizer: kafka-delegation-tokens, from its making to its end",
  run: (cluster) =>
    secured(cluster, SECURED, async (world) => {
      await withBroker(cluster, world, lifeOfToken);
      return "";
    }),
};

export const authorizerSteps: readonly Step[] = [standardAuthorizer, acls, scram, tokens];
