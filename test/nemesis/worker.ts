/**
 * The product's Worker and its objects, spread over processes. A controller whose place is another process is called
 * over HTTP, through the binding of that place, behind which the fault proxy stands; that process hands the call to its
 * own object of the name. What an object throws keeps the properties by which the platform's errors are told apart. The
 * object that lists the clusters is in one of the Workers' processes, and its methods are called from the other one as
 * JSON. Nothing else is added, and the product's code knows nothing of it.
 */
import { ClusterDirectory as Directory } from "../../durable-objects/cluster-directory.ts";
import { ControllerNode as Controller } from "../../durable-objects/controller-node.ts";
import worker from "../../worker/index.ts";
import { DIRECTORY_SERVER, placeName, placeOf } from "./places.ts";

type Controllers = Cloudflare.Env["CONTROLLERS"];
type Directories = Cloudflare.Env["DIRECTORY"];

/** Names the object that is called, on the way between processes. */
const OBJECT = "Nemesis-Object";
/** Names the method of the directory that is called. */
const METHOD = "Nemesis-Method";
/** What the object's error says of itself, as JSON, in place of its answer. */
const THROWN = "Nemesis-Thrown";

export class ControllerNode extends Controller {
  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, spread(env));
  }
}

export class ClusterDirectory extends Directory {
  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, spread(env));
  }
}

// oxlint-disable-next-line import/no-default-export -- the platform calls the default export
export default {
  async fetch(request: Request, env: Cloudflare.Env, context: ExecutionContext): Promise<Response> {
    const object = request.headers.get(OBJECT);
    const method = request.headers.get(METHOD);
    if (object === null && method === null) return worker.fetch(request, spread(env), context);
    try {
      if (object === null) return await callDirectory(env, method ?? "", await request.json());
      const { signal } = request;
      return await env.CONTROLLERS.getByName(object).fetch(new Request(request, { signal }));
    } catch (error) {
      const headers = { [THROWN]: JSON.stringify(propertiesOf(error)) };
      return new Response(String(error), { status: 500, headers });
    }
  },
};

function propertiesOf(error: unknown): object {
  if (!(error instanceof Error)) return {};
  const names = ["overloaded", "retryable", "remote", "durableObjectReset"];
  return Object.fromEntries(
    names.flatMap((name) => (name in error ? [[name, Reflect.get(error, name)]] : [])),
  );
}

/** The environment, in which the controllers of other processes are found, too. */
function spread(env: Cloudflare.Env): Cloudflare.Env {
  const { CONTROLLERS: own } = env;
  const get: Controllers["get"] = (id, options) => {
    const stub = own.get(id, options);
    const server = serverOf(env, id.name ?? "");
    if (server === undefined) return stub;
    const fetch: typeof stub.fetch = (input, init) => {
      const request = new Request(input, init);
      request.headers.set(OBJECT, id.name ?? "");
      return ask(server, request);
    };
    return new Proxy(stub, {
      get: (target, name) => (name === "fetch" ? fetch : member(target, name)),
    });
  };
  const getByName: Controllers["getByName"] = (name, options) => get(own.idFromName(name), options);
  const controllers = new Proxy(own, {
    get: (target, name) => {
      if (name === "get") return get;
      return name === "getByName" ? getByName : member(target, name);
    },
  });
  return { ...env, CONTROLLERS: controllers, DIRECTORY: directoriesOf(env) };
}

/** The object that lists the clusters, in whichever process it is. */
function directoriesOf(env: Cloudflare.Env): Directories {
  const server: Server | undefined = Reflect.get(env, DIRECTORY_SERVER);
  if (server === undefined) return env.DIRECTORY;
  const getByName: Directories["getByName"] = (name) =>
    new Proxy(env.DIRECTORY.getByName(name), {
      get:
        (_, method) =>
        async (...words: readonly unknown[]): Promise<unknown> => {
          const headers = { [METHOD]: String(method) };
          const request = { method: "POST", headers, body: JSON.stringify(words) };
          return (await ask(server, new Request("https://directory", request))).json();
        },
    });
  return new Proxy(env.DIRECTORY, {
    get: (target, name) => (name === "getByName" ? getByName : member(target, name)),
  });
}

async function callDirectory(
  env: Cloudflare.Env,
  method: string,
  words: readonly unknown[],
): Promise<Response> {
  const directory = env.DIRECTORY.getByName("directory");
  const answer: unknown = await Reflect.get(directory, method).apply(directory, words);
  return Response.json(answer ?? null);
}

/** Another process, behind the proxy. */
interface Server {
  fetch(request: Request): Promise<Response>;
}

/** Through which the process of that controller is reached; undefined when it is this one. */
function serverOf(env: Cloudflare.Env, object: string): Server | undefined {
  const nodeId = Number(object.split("/")[1]);
  const server: Server | undefined = Reflect.get(env, placeName(placeOf(nodeId)));
  return server;
}

async function ask(server: Server, request: Request): Promise<Response> {
  const response = await server.fetch(request);
  const thrown = response.headers.get(THROWN);
  if (thrown === null) return response;
  const properties: object = JSON.parse(thrown);
  throw Object.assign(new Error(await response.text()), properties);
}

/** The platform's own methods want their own object for `this`. */
function member(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}
