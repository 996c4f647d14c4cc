/** What `--add-scram` takes, in the syntax of `kafka-storage format`. */
import { expect, test } from "vitest";
import { scramUserIn } from "../../local/scram-argument.ts";

const SHA_256 = { mechanism: "SCRAM-SHA-256", user: "alice" };

test.each([
  ["SCRAM-SHA-256=[name=alice,password=pw]", { ...SHA_256, password: "pw" }],
  [' SCRAM-SHA-256=[name="alice",password="p=w]"] ', { ...SHA_256, password: "p=w]" }],
  ['SCRAM-SHA-256=[name=alice,password="]', { ...SHA_256, password: '"' }],
  [
    'SCRAM-SHA-512=[name=alice,iterations=8192,salt="MWx0",saltedpassword="mT0yyUUx"]',
    {
      mechanism: "SCRAM-SHA-512",
      user: "alice",
      iterations: 8_192,
      salt: "MWx0",
      salted_password: "mT0yyUUx",
    },
  ],
])("%s is a user", (argument, user) => {
  expect(scramUserIn(argument)).toEqual(user);
});

const FORM = "--add-scram must be given as 'SCRAM-SHA-256=[name=alice,password=…]'";
const PART = "--add-scram: each part must be one of name=, iterations=, salt=, password=, ";
test.each([
  ["", FORM],
  ["s3cret", FORM],
  ["SCRAM-SHA-256=name=alice,password=s3cret", FORM],
  ["SCRAM-SHA-256=[name=alice,password=s3cret", FORM],
  ["SCRAM-SHA-256=[]", PART],
  ["SCRAM-SHA-256=[name=alice,s3cret]", PART],
  ["SCRAM-SHA-256=[name=alice,password=s3cret,s3cret]", PART],
  ["SCRAM-SHA-256=[name=alice, password=s3cret]", PART],
  ["SCRAM-SHA-256=[name=alice,mechanism=s3cret]", PART],
  [
    "SCRAM-SHA-256=[name=a,password=s3cret,password=s3cret]",
    "--add-scram: password is given twice",
  ],
  ["SCRAM-SHA-256=[name=a,iterations=s3cret]", "--add-scram: iterations must be a whole number"],
])("%j is none, and is not repeated", (argument, message) => {
  const parsed = (): unknown => scramUserIn(argument);
  expect(parsed).toThrow(message);
  expect(parsed).not.toThrow("s3cret");
});
