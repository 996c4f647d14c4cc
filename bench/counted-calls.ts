/** The Worker's own calls of controllers, counted: what its readers cost them. Calls among controllers are not in it. */

let calls = 0;

/** How many there were since this was asked last. */
export function takeCalls(): number {
  const taken = calls;
  calls = 0;
  return taken;
}

/** The same bindings, whose controllers are counted. */
export const counted = <Env extends Pick<Cloudflare.Env, "CONTROLLERS">>(env: Env): Env => ({
  ...env,
  CONTROLLERS: new Proxy(env.CONTROLLERS, {
    get: (target, name) => (name === "getByName" ? named(target) : member(target, name)),
  }),
});

type Controllers = Cloudflare.Env["CONTROLLERS"];

const named =
  (namespace: Controllers): Controllers["getByName"] =>
  (...place) => {
    const stub = namespace.getByName(...place);
    const fetch: typeof stub.fetch = (input, init) => {
      calls += 1;
      return stub.fetch(input, init);
    };
    return new Proxy(stub, {
      get: (target, name) => (name === "fetch" ? fetch : member(target, name)),
    });
  };

/** The platform's own methods want their own object for `this`. */
function member(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}
