/** The table of options: flags, variables and `--help` say the same. */
import { describe, expect, test } from "vitest";
import { readCommand } from "../../gateway/command-line.ts";
import { Settings, usage, VARIABLES, variableOf, type OptionName } from "../../gateway/options.ts";
import { CLUSTER_ID } from "./harness.ts";

/** The flags that `--help` shows. */
const FLAGS = [...usage().matchAll(/^ {2}--([a-z-]+) /gm)].map(([, name]) => name ?? "");
const SECRETS = ["KEDGE_TOKEN", "KEDGE_HEADERS"];

const isOption = (name: string): name is OptionName => VARIABLES.includes(variableOf(name));

const valueOf = (settings: Settings, name: string): string | undefined =>
  isOption(name) ? settings.of(name) : undefined;

test("--help shows every option under both names, and no secret as a flag", () => {
  const shown = [...usage().matchAll(/ (KEDGE_[A-Z_]+)$/gm)].map(([, name = ""]) => name);
  expect(shown.toSorted()).toEqual(VARIABLES.toSorted());
  expect(FLAGS.map(variableOf).toSorted()).toEqual(
    VARIABLES.filter((name) => !SECRETS.includes(name)).toSorted(),
  );
  expect(
    Math.max(
      ...usage()
        .split("\n")
        .map(({ length }) => length),
    ),
  ).toBeLessThanOrEqual(106);
});

describe.each(FLAGS)("--%s", (name) => {
  test("is what its variable is, and wins over it", () => {
    const variable = variableOf(name);
    expect(valueOf(new Settings([], { [variable]: "said" }), name)).toBe("said");
    expect(valueOf(new Settings([`--${name}`, "said"], {}), name)).toBe("said");
    const both = new Settings([`--${name}=flag`], { [variable]: "variable" });
    expect(valueOf(both, name)).toBe("flag");
    expect(isOption(name) && both.called(name)).toBe(`--${name}`);
  });

  test("is not given by a variable that is empty", () => {
    const unsaid = valueOf(new Settings([], {}), name);
    expect(valueOf(new Settings([], { [variableOf(name)]: "" }), name)).toBe(unsaid);
  });
});

test("a gateway can be told all of it by variables", () => {
  const command = readCommand([], {
    KEDGE_CLUSTER: CLUSTER_ID,
    KEDGE_EDGE: "https://kedge.example",
    KEDGE_LISTEN: "[::1]:9093",
    KEDGE_HTTP: "0.0.0.0:80",
    KEDGE_TRANSPORT: "http",
    KEDGE_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
    KEDGE_TOKEN: "secret",
    KEDGE_HEADERS: "CF-Access-Client-Id: one",
    KEDGE_LOG_LEVEL: "debug",
    KEDGE_LOG_FORMAT: "json",
  });
  expect(command).toMatchObject({
    edge: "https://kedge.example",
    clusterId: CLUSTER_ID,
    listen: { host: "::1", port: 9093 },
    http: { host: "0.0.0.0", port: 80 },
    transport: "http",
    listener: { protocol: "SASL_PLAINTEXT" },
    credentials: { token: "secret", headers: { "cf-access-client-id": "one" } },
    log: { level: "debug", format: "json" },
    unknown: [],
  });
});

test.each([
  [{ KEDGE_TRANSPORT: "tcp" }, "KEDGE_TRANSPORT is link or http"],
  [{ KEDGE_LOG_LEVEL: "loud" }, "KEDGE_LOG_LEVEL is debug, info, warn or error"],
  [{ KEDGE_SSL_KEY: "a.key" }, "KEDGE_SSL_KEY means nothing to PLAINTEXT"],
  [{ KEDGE_TOKEN_FILE: "/nowhere/token" }, "/nowhere/token cannot be read (ENOENT)"],
])("%j is refused under the name of the variable", (env, sentence) => {
  expect(() => readCommand(["--cluster", CLUSTER_ID], env)).toThrow(sentence);
});

test("variables of others are named, twenty at most, and change nothing", () => {
  const env = { KEDGE_PORT: "tcp://10.0.0.1:9093", KEDGE_SERVICE_HOST: "10.0.0.1", OTHER: "1" };
  const command = readCommand(["--cluster", CLUSTER_ID], env);
  expect(command).toMatchObject({ unknown: ["KEDGE_PORT", "KEDGE_SERVICE_HOST"] });
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`KEDGE_N${at}`, "1"]));
  expect(new Settings([], many).unknown).toHaveLength(20);
});
