/**
 * What holds for every path: methods, slashes, parameters, types of bodies, tags, origins, and what browsers are told.
 */
import { describe, expect, test } from "vitest";
import { app } from "../../worker/app.ts";
import { isHeld } from "../../worker/http/entity-tag.ts";
import { PARAMETERS } from "../../worker/routes/parameters.ts";
import { edgeWith, type Edge } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";

const PAGE = "https://dashboard.example";

/** Nobody is to be asked: what is refused here is refused before. */
const edge = edgeWith([3000], () => {
  throw new Error("a controller was asked");
});

/** The Worker of a deployment that names two origins. */
const named = edgeWith(
  [3000],
  () => new Response("", { status: 503 }),
  {},
  {
    KEDGE_ORIGINS: `https://other.example, ${PAGE}/ , *, null`,
  },
);

const from = (origin: string): RequestInit => ({ headers: { Origin: origin } });
const preflight = (origin: string): RequestInit => ({
  method: "OPTIONS",
  headers: { Origin: origin, "Access-Control-Request-Method": "POST" },
});

describe("a method that a path does not have", () => {
  test.each([
    ["PUT", "topics", "GET, HEAD, POST"],
    ["POST", "topics/orders", "GET, HEAD, PATCH, DELETE"],
    ["PUT", "", "GET, HEAD, PATCH, DELETE"],
    ["GET", "rpc/CreateTopics", "POST"],
    ["GET", "controllers/3000/frames", "POST"],
    ["GET", "controllers/3000:stop", "POST"],
    ["GET", "brokers/2:fence", "POST"],
    ["OPTIONS", "brokers/2:fence", "POST"],
    ["POST", "brokers/2", "GET, HEAD"],
    ["PUT", "reads", "GET, HEAD, POST"],
    ["DELETE", "topics/orders/partitions/0", "GET, HEAD"],
    ["OPTIONS", "topics", "GET, HEAD, POST"],
  ])("%s %s is a 405 that says %s", async (method, path, allow) => {
    const response = await edge.request(path, { method });
    expect([response.status, response.headers.get("Allow")]).toEqual([405, allow]);
    expect(await response.json()).toMatchObject({ error_code: 40501 });
  });

  test.each([
    ["PUT", "nowhere"],
    ["POST", "brokers/-1:fence"],
    ["POST", "controllers/-1:stop"],
  ])("is a 404 where there is no path: %s %s", async (method, path) => {
    const nowhere = edge.request(path, { method });
    expect(await refusalOf(nowhere)).toMatchObject({ status: 404, error_code: 40406 });
  });
});

test("a slash at the end of a path changes nothing", async () => {
  expect((await app.request("/health/live/", {}, edge.env)).status).toBe(200);
  const response = await edge.request("topics/", { method: "PUT" });
  expect(response.headers.get("Allow")).toBe("GET, HEAD, POST");
});

describe("a parameter that a path does not know", () => {
  test.each([
    ["topics?linearizable=true", "known are min_offset, wait_ms, max_staleness_ms, consistency"],
    ["topics?consistency=eventual", "consistency: must be linearizable"],
    ["topics?consistency=", "consistency: must be linearizable"],
    ["topics?consistency=linearizable&at_offset=5", "consistency: cannot be asked together with"],
    ["topics/orders?page_size=5", "page_size: unknown parameter"],
    ["topics?page_size=0", "page_size: must be"],
    ["topics?at_offset=5&at_offset=9", "at_offset: may be given once"],
    ["acls?host=a&%68ost=b", "host: may be given once"],
    ["acls?page_token=!", "page_token: must be"],
    [
      "metadata-log?at_offset=5",
      "known are from_offset, from_epoch, max_bytes, wait_ms, types, topics",
    ],
    ["quorum?at_offset=5", "at_offset: unknown parameter; there are none here"],
    ["controllers?x=", "x: unknown parameter"],
    ["?at_offset=5", "at_offset: unknown parameter"],
  ])("is refused: %s", async (path, sentence) => {
    const refusal = await refusalOf(edge.request(path));
    expect(refusal).toMatchObject({ status: 400, error_code: 40002 });
    expect(refusal.message).toContain(sentence);
  });

  test.each([...PARAMETERS])("is none of those of %s", async (route, names) => {
    const [method = "", path = ""] = route.split(" ");
    const filled = path
      .replace("{cluster_id}", edge.entry.cluster_id)
      .replace("{partition_id}", "0")
      .replace("{action}", "3000:start")
      .replaceAll(/\{\w+\}/g, "x");
    // No controller answers here: what is refused for its page needs none.
    const page = names.includes("page_token") ? "&page_token=!" : "";
    for (const name of names) {
      const response = await app.request(`${filled}?${name}=!${page}`, { method }, edge.env);
      expect(await response.text()).not.toContain("unknown parameter");
    }
  });
});

const send = (to: Edge, path: string, type: string): Promise<Response> =>
  to.request(path, { method: "POST", headers: { "Content-Type": type }, body: "{}" });

describe("a body of another type than it must be", () => {
  test.each([
    ["topics", "text/plain"],
    ["rpc/CreateTopics", "application/x-www-form-urlencoded"],
    ["controllers/3000:start", "text/plain"],
    ["controllers/3000/frames", "application/json"],
  ])("is refused: %s as %s", async (path, type) => {
    const refusal = await refusalOf(send(edge, path, type));
    expect(refusal).toMatchObject({ status: 415, error_code: 41501 });
    expect(refusal.message).toContain("must be sent with Content-Type: application/");
  });
});

test("a body that says that it is packed is refused, and is told how it is taken", async () => {
  const headers = { "Content-Type": "application/json", "Content-Encoding": "gzip" };
  const packed = edge.request("topics", { method: "POST", headers, body: "{}" });
  const refusal = await refusalOf(packed);
  expect(refusal).toMatchObject({ status: 415, error_code: 41501 });
  expect(refusal.message).toContain("packed with gzip; send it as it is");
});

describe("a cluster that others run", () => {
  const observed = edgeWith(
    [9_000],
    () => {
      throw new Error("its observer was asked");
    },
    { get: async () => ({ state: "formed", cluster: { ...observed.entry, observed: true } }) },
  );

  test.each([
    ["POST", "topics"],
    ["DELETE", "topics/frames"],
    ["PUT", "topics/orders/configs/frames"],
    ["DELETE", "controllers/9000"],
    ["POST", "controllers/9000:replace"],
  ])("is not changed here: %s %s", async (method, path) => {
    const refusal = await refusalOf(observed.request(path, { method }));
    expect(refusal).toMatchObject({ status: 409, error_code: 40908 });
  });
});

describe("a tag that a client holds", () => {
  test.each(['"1:22"', 'W/"1:22"', '"x", "1:22"', 'W/"x",W/"1:22"', "*", " * "])(
    "is met by %s",
    (held) => {
      expect(isHeld(held, '"1:22"')).toBe(true);
      expect(isHeld(held, 'W/"1:22"')).toBe(true);
    },
  );

  test.each([undefined, "", '"1:2"', "1:22", '"1:22', 'W/"1:23", "x"', '"*"'])(
    "is not met by %s",
    (held) => {
      expect(isHeld(held, '"1:22"')).toBe(false);
    },
  );
});

describe("a web page", () => {
  test("of a named origin may read answers and refusals, and ask before it sends", async () => {
    const read = await named.request("nowhere", from(PAGE));
    expect(read.status).toBe(404);
    expect(read.headers.get("Access-Control-Allow-Origin")).toBe(PAGE);
    const exposed = read.headers.get("Access-Control-Expose-Headers");
    for (const name of ["Kafka-Metadata-Offset", "Kafka-Error", "Kafka-Error-Message"])
      expect(exposed).toContain(name);
    expect(read.headers.get("Vary")).toBe("Origin");
    const asked = await named.request("topics", preflight(PAGE));
    expect(asked.status).toBe(204);
    const methods = asked.headers.get("Access-Control-Allow-Methods")?.split(",");
    const served = app.routes.map(({ method }) => method).filter((method) => method !== "ALL");
    expect(methods).toEqual(expect.arrayContaining([...new Set(served), "HEAD"]));
    const headers = asked.headers.get("Access-Control-Allow-Headers");
    for (const name of ["Authorization", "If-None-Match", "Last-Event-ID"])
      expect(headers).toContain(name);
    expect(asked.headers.get("Access-Control-Allow-Credentials")).toBeNull();
  });

  test.each(["https://evil.example", "null", "*", "http://dashboard.example", `${PAGE}:8443`])(
    "of another origin may not: %s",
    async (origin) => {
      for (const init of [from(origin), preflight(origin)]) {
        const response = await named.request("quorum", init);
        expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
      }
    },
  );

  test("may not read anything where no origin is named", async () => {
    const response = await edge.request("nowhere", from(PAGE));
    expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
    expect(response.headers.get("Vary")).toBeNull();
    expect(await refusalOf(edge.request("topics", preflight(PAGE)))).toMatchObject({
      status: 403,
      error_code: 40301,
    });
  });
});

test("every answer tells browsers not to run, frame, guess or keep it", async () => {
  for (const path of ["quorum", "nowhere", "topics?x=1"]) {
    const { headers } = await edge.request(path);
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("Content-Security-Policy")).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expect(headers.get("Cache-Control")).toBe("no-store");
  }
});
