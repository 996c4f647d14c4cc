/**
 * The client principal that a broker forwards inside an Envelope (KIP-590), in the form of Kafka's default builder: an
 * int16 version, then `DefaultPrincipalData`.
 */
import { DecodeError, inMessage, within } from "./bytes/errors.ts";
import { Reader } from "./bytes/reader.ts";
import { Writer } from "./bytes/writer.ts";
import { DefaultPrincipalData } from "./messages/default-principal-data.ts";

export type Principal = DefaultPrincipalData;

/** The principal of a connection without authentication. */
export const ANONYMOUS: Principal = { type: "User", name: "ANONYMOUS", tokenAuthenticated: false };

export function encodePrincipal(principal: Principal): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.int16(0);
  DefaultPrincipalData.at(0).write(writer, principal);
  return writer.bytes();
}

/** A `DecodeError` here is answered with PRINCIPAL_DESERIALIZATION_FAILURE. */
export function decodePrincipal(bytes: Uint8Array): Principal {
  const reader = new Reader(bytes);
  readVersion(reader);
  return DefaultPrincipalData.at(0).read(reader);
}

function readVersion(reader: Reader): void {
  try {
    const version = reader.int16();
    if (version !== 0) throw new DecodeError(`there is no version ${version}`, 0);
  } catch (error) {
    throw inMessage(within(error, "version"), DefaultPrincipalData.name, 0);
  }
}
