/** The proxy that the environment asks for: a real one on loopback, and a host that only it can find. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { proxyFor } from "../../gateway/edge/proxy.ts";
import { certificate, commonName } from "./certificates.ts";
import { echo } from "./edge.ts";
import { atEnd, client, edge, gateway } from "./harness.ts";
import { linkingEdge } from "./linking-edge.ts";

interface Proxy {
  readonly url: string;
  readonly asked: { readonly what: string; readonly headers: IncomingHttpHeaders }[];
}

/** A proxy that leads every tunnel to `port` of this machine. */
async function startProxy(port: number, answer = "200 OK"): Promise<Proxy> {
  const asked: Proxy["asked"] = [];
  const server = createServer();
  server.on("connect", ({ url = "", headers }, socket) => {
    asked.push({ what: url, headers });
    socket.on("error", () => undefined);
    const beyond = connect(port, "127.0.0.1");
    beyond.on("error", () => socket.destroy());
    atEnd(() => void beyond.destroy());
    socket.write(`HTTP/1.1 ${answer}\r\n\r\n`);
    if (answer === "200 OK") beyond.pipe(socket).pipe(beyond);
    else socket.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://user:word@127.0.0.1:${own}`, asked };
}

/** An edge with TLS, that only a proxy finds under the name `localhost.example`. */
async function hiddenEdge() {
  const tls = certificate({ subject: commonName("localhost") });
  const started = await edge(echo, { tls });
  const ca = Buffer.from(tls.cert);
  return { ...started, url: `https://localhost.example:${started.port}`, ca };
}

test("frames go through HTTPS_PROXY, encrypted to the edge itself, with the proxy's password", async () => {
  const { url, port, ca, heard } = await hiddenEdge();
  const proxy = await startProxy(port);
  const { ports, lines } = await gateway(url, {
    credentials: { tls: { ca } },
    env: { HTTPS_PROXY: proxy.url },
  });
  const kafka = await client(ports[0]);
  kafka.send("frame 01");
  await kafka.text();
  expect(proxy.asked).toHaveLength(1);
  expect(proxy.asked[0]?.what).toBe(`localhost.example:${port}`);
  expect(proxy.asked[0]?.headers["proxy-authorization"]).toBe(`Basic ${btoa("user:word")}`);
  // The edge's certificate has another name: it was seen, through the tunnel, and not believed.
  expect(heard).toEqual([]);
  expect(lines.join()).toContain("does not match certificate's altnames");
});

test("a proxy that refuses is told from an edge that does", async () => {
  const { url, port, ca } = await hiddenEdge();
  const proxy = await startProxy(port, "407 Proxy Authentication Required");
  const { ports, lines } = await gateway(url, {
    credentials: { tls: { ca } },
    env: { https_proxy: proxy.url },
  });
  const kafka = await client(ports[0]);
  kafka.send("frame 01");
  expect(await kafka.text()).toBeUndefined();
  expect(lines.join()).toContain("407 Proxy Authentication Required");
  expect(lines.join()).not.toContain("word@");
});

test("a link goes through the proxy too, encrypted, with a client certificate and more headers", async () => {
  const authority = certificate({ subject: commonName("authority"), isAuthority: true });
  const serving = certificate({ subject: commonName("edge"), signedBy: authority });
  const own = certificate({ subject: commonName("gateway"), signedBy: authority });
  const { port, links, posted } = await linkingEdge({ tls: { ...serving, ca: authority.cert } });
  const proxy = await startProxy(port);
  const { ports, metrics } = await gateway(`https://edge.example:${port}`, {
    transport: "link",
    credentials: {
      token: "own",
      headers: { "cf-access-client-id": "kedge" },
      tls: {
        ca: Buffer.from(authority.cert),
        cert: Buffer.from(own.cert),
        key: Buffer.from(own.key),
      },
    },
    env: { HTTPS_PROXY: proxy.url },
  });
  const kafka = await client(ports[0]);
  await expect
    .poll(async () => {
      kafka.send("frame 01");
      expect(await kafka.text()).toBe("frame 01");
      return metrics.framesLinked;
    })
    .toBeGreaterThan(0);
  expect(links[0]?.headers).toMatchObject({
    authorization: "Bearer own",
    "cf-access-client-id": "kedge",
  });
  expect(links[0]?.clientName).toBe("gateway");
  expect(new Set(proxy.asked.map(({ what }) => what))).toEqual(new Set([`edge.example:${port}`]));
  expect(posted.length).toBeGreaterThan(0);
});

test("loopback and NO_PROXY are reached without it", async () => {
  const { url, port, heard } = await edge();
  const proxy = await startProxy(port);
  const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: "localhost.example" };
  const near = await gateway(url, { env });
  const kafka = await client(near.ports[0]);
  kafka.send("frame 01");
  expect(await kafka.text()).toBe("frame 01");
  expect(heard).toHaveLength(1);
  const far = await gateway(`https://localhost.example:${port}`, { env });
  const other = await client(far.ports[0]);
  other.send("frame 02");
  expect(await other.text()).toBeUndefined();
  expect(proxy.asked).toEqual([]);
});

test("a Node that knows no proxies is refused, and only where one is asked for", () => {
  const edgeUrl = new URL("https://kedge.example");
  const env = { HTTPS_PROXY: "http://proxy.example:3128" };
  for (const old of ["22.18.0", "22.20.1", "23.11.0", "24.4.1"])
    expect(() => proxyFor(edgeUrl, env, old)).toThrow(`HTTPS_PROXY is set, and Node ${old}`);
  for (const able of ["22.21.0", "24.5.0", "25.0.0"])
    expect(proxyFor(edgeUrl, env, able)).toMatchObject(env);
  expect(proxyFor(edgeUrl, { HTTP_PROXY: "http://proxy.example" }, "22.18.0")).toBeUndefined();
  expect(proxyFor(new URL("https://127.0.0.1:8787"), env, "22.18.0")).toBeUndefined();
});
