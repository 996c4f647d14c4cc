/**
 * A controller of Kafka's own: one voter in one Java process, with an authorizer, that is asked frames over TCP and
 * whose log is read from its folder.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kafka } from "../../local/kafka-release.ts";
import { freePort } from "../../local/ports.ts";
import {
  apis,
  decodeMetadataRecord,
  decodeRecordBatch,
  decodeResponseFrame,
  encodePrincipal,
  recordBatches,
  requestFrame,
  type Api,
  type ApiName,
  type MetadataRecord,
  type Principal,
} from "../../src/protocol/index.ts";
import { Client } from "../gateway/client.ts";
import { startJvm, type Jvm } from "../../local/jvm.ts";

const HEAP_MB = 256;
const START_MS = 120_000;
const CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg";

export class JvmController {
  readonly #folder: string;
  readonly #jvm: Jvm;
  readonly #client: Client;
  #asked = 0;

  private constructor(folder: string, jvm: Jvm, client: Client) {
    this.#folder = folder;
    this.#jvm = jvm;
    this.#client = client;
  }

  /** `settings`: further lines of its properties. */
  static async start(kafka: Kafka, settings: readonly string[] = []): Promise<JvmController> {
    const folder = await mkdtemp(join(tmpdir(), "kedge-controller-"));
    const port = await freePort();
    const properties = join(folder, "server.properties");
    await writeFile(properties, propertiesOf(port, folder, settings));
    const format = startJvm(kafka, {
      mainClass: "kafka.tools.StorageTool",
      args: ["format", "-t", CLUSTER_ID, "-c", properties, "--standalone"],
      heapMb: HEAP_MB,
      level: "WARN",
    });
    if ((await format.exited) !== 0) throw new Error(`it is not formatted:\n${format.tail()}`);
    const jvm = startJvm(kafka, {
      mainClass: "kafka.Kafka",
      args: [properties],
      heapMb: HEAP_MB,
      logOn: "stdout",
    });
    await jvm.line(/Kafka Server started/, START_MS);
    return new JvmController(folder, jvm, await Client.connect(port));
  }

  /** Its response, as the version says it. */
  async ask(name: ApiName, apiVersion: number, body: object): Promise<object> {
    const api: Api = apis[name];
    this.#asked += 1;
    const header = { apiVersion, correlationId: this.#asked, clientId: "differential" };
    this.#client.send(Buffer.from(requestFrame(api, header, api.request.fill(body))));
    const frame = await this.#client.frame();
    if (frame === undefined) throw new Error(`it hung up on ${name}:\n${this.#jvm.tail()}`);
    return decodeResponseFrame(api, apiVersion, new Uint8Array(frame)).body;
  }

  /** The same as a broker asks it, in an envelope, in the name of somebody whom it has authenticated. */
  async askForwarded(
    name: ApiName,
    apiVersion: number,
    { body, principal }: { readonly body: object; readonly principal: Principal },
  ): Promise<object> {
    const api: Api = apis[name];
    const header = { apiVersion, correlationId: 1, clientId: "differential" };
    const answer = await this.ask("Envelope", 0, {
      requestData: requestFrame(api, header, api.request.fill(body)),
      requestPrincipal: encodePrincipal(principal),
      clientHostAddress: Uint8Array.of(10, 0, 0, 9),
    });
    if (!("responseData" in answer) || !(answer.responseData instanceof Uint8Array))
      throw new Error(`it does not open the envelope: ${JSON.stringify(answer)}`);
    return decodeResponseFrame(api, apiVersion, answer.responseData).body;
  }

  /** Everything in its log but control records. It answers when what it wrote is committed. */
  async records(): Promise<readonly MetadataRecord[]> {
    const log = join(this.#folder, "log", "__cluster_metadata-0", `${"0".repeat(20)}.log`);
    const bytes = new Uint8Array(await readFile(log));
    return Array.from(recordBatches(bytes)).flatMap((row) => {
      const batch = decodeRecordBatch(row.bytes);
      return batch.isControl ? [] : batch.values.map((value) => decodeMetadataRecord(value));
    });
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.#jvm.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const propertiesOf = (port: number, folder: string, settings: readonly string[]): string =>
  [
    "process.roles=controller",
    "node.id=3000",
    `listeners=CONTROLLER://127.0.0.1:${port}`,
    `controller.quorum.bootstrap.servers=127.0.0.1:${port}`,
    "controller.listener.names=CONTROLLER",
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT",
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users=User:ANONYMOUS",
    "controller.quorum.append.linger.ms=0",
    `log.dirs=${join(folder, "log")}`,
    ...settings,
    "",
  ].join("\n");
