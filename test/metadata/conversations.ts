/**
 * The recorded exchanges as conversations: what was asked of a JVM controller, in which version, what it said, and
 * what ours says to the same. Envelopes are opened; one without an answer inside, as of a controller that has just lost
 * its office, is left out.
 */
import { controllerApis } from "../../src/metadata/control/apis.ts";
import type { ControlContext } from "../../src/metadata/control/operation.ts";
import type { MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import {
  apiByName,
  decodeRequestFrame,
  decodeResponseFrame,
  Envelope,
  isApiName,
  type ApiName,
} from "../../src/protocol/index.ts";
import { exchanges, fromHex } from "../protocol/fixtures.ts";
import { contextFor, lawfullyReplayed } from "./world.ts";

export interface Conversation {
  readonly name: ApiName;
  readonly version: number;
  readonly request: Readonly<Record<string, unknown>>;
  readonly response: unknown;
}

/** The conversations of one release over the APIs `names`, in the order in which they were recorded. */
export function conversationsOf(
  kafka: string,
  names: ReadonlySet<string>,
): readonly Conversation[] {
  return exchanges
    .filter((exchange) => exchange.kafka === kafka)
    .flatMap((exchange): readonly Conversation[] => {
      const outer = decodeRequestFrame(fromHex(exchange.request));
      const isEnvelope = outer.name === "Envelope";
      const frame = isEnvelope ? decodeRequestFrame(bytesIn(outer.body, "requestData")) : outer;
      const { name, apiVersion: version } = frame;
      if (name === null || !isApiName(name) || !names.has(name)) return [];
      const answered = fromHex(exchange.response);
      const bytes = isEnvelope ? answerInside(outer.apiVersion, answered) : answered;
      const api = apiByName(name);
      if (api === undefined || bytes === null) return [];
      const { body } = decodeResponseFrame(api, version, bytes);
      return [{ name, version, request: { ...frame.body }, response: body }];
    });
}

function answerInside(version: number, envelope: Uint8Array): Uint8Array | null {
  return decodeResponseFrame(Envelope, version, envelope).body.responseData;
}

function bytesIn(body: object, field: string): Uint8Array {
  const bytes: unknown = new Map(Object.entries(body)).get(field);
  if (bytes instanceof Uint8Array) return bytes;
  throw new Error(`the envelope has no ${field}`);
}

export interface Asked {
  readonly view: MetadataImage;
  readonly response: unknown;
}

/**
 * Asks ours what was asked of Kafka, in a context filled from `parts`: the view with what it wrote, and the response
 * as a client of that version reads it. What a version lacks comes back as its default.
 */
export function ask(
  view: MetadataImage,
  { name, version, request }: Conversation,
  parts: Partial<ControlContext> = {},
): Asked {
  const operation = controllerApis[name];
  if (operation === undefined) throw new Error(`${name} is not served`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the recorded request of that very API
  const asked = request as never;
  const context = contextFor(view, { apiVersion: version, ...parts });
  const result = operation.run(view, asked, context);
  const codec = apiByName(name)?.response.at(version);
  const response = codec?.decode(codec.encode(result.response));
  return { view: lawfullyReplayed(view, result.records), response };
}
