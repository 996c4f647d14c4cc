/**
 * What a TLS listener shows and believes: certificate chain and key, and the authorities that sign its clients'
 * certificates, all of them PEM. Read as a whole: files that do not fit together are refused as one.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

export interface ServerTlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Whom clients may have their certificates from; none when no client is asked for one. */
  readonly clientCa?: string | undefined;
}

/** As `node:tls` takes it. */
export interface ServerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

/** Throws a sentence that names the files. */
export function readServerTls({ certificate, key, clientCa }: ServerTlsFiles): ServerTls {
  const files = [certificate, key, ...(clientCa === undefined ? [] : [clientCa])];
  try {
    const tls = {
      cert: readFileSync(certificate),
      key: readFileSync(key),
      ...(clientCa === undefined ? {} : { ca: readFileSync(clientCa) }),
    };
    createSecureContext(tls);
    if (tls.ca !== undefined) firstOf(tls.ca);
    return tls;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${files.join(", ")} cannot be used: ${reason}`, { cause });
  }
}

/** The first certificate of a file. A context takes a file without one for an empty list, and lets nobody in. */
const firstOf = (pem: Buffer): X509Certificate => new X509Certificate(pem);
