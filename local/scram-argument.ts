/**
 * What `kafka-storage format --add-scram` takes, as a user of `POST /clusters` (KIP-900):
 * `SCRAM-SHA-256=[name=alice,iterations=8192,salt="…",password=…]`, or with `saltedpassword` and the salt in place of the
 * password. Kafka splits at every comma and at the first equals sign of each part, so neither name nor password may have
 * a comma. What it means is the Worker's to judge.
 */

/** One of `scram_users`. */
export type ScramUser = Readonly<Record<string, string | number>>;

/** Kafka's words for the fields of the HTTP interface. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ["name", "user"],
  ["iterations", "iterations"],
  ["salt", "salt"],
  ["password", "password"],
  ["saltedpassword", "salted_password"],
]);

/** Throws a sentence that repeats nothing of the argument, which holds a password. */
export function scramUserIn(argument: string): ScramUser {
  const [, mechanism, list] = /^([^=]*)=\[([^]*)\]$/.exec(argument.trim()) ?? [];
  if (mechanism === undefined || list === undefined)
    throw new Error("--add-scram must be given as 'SCRAM-SHA-256=[name=alice,password=…]'");
  const user: Record<string, string | number> = { mechanism };
  for (const part of list.split(",")) {
    const [, name = "", value = ""] = /^([^=]*)=([^]*)$/.exec(part) ?? [];
    const field = FIELDS.get(name);
    if (field === undefined)
      throw new Error(`--add-scram: each part must be one of ${[...FIELDS.keys()].join("=, ")}=`);
    if (field in user) throw new Error(`--add-scram: ${name} is given twice`);
    const text = /^"[^]*"$/.test(value) ? value.slice(1, -1) : value;
    user[field] = field === "iterations" ? numberIn(text) : text;
  }
  return user;
}

function numberIn(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error("--add-scram: iterations must be a whole number");
}
