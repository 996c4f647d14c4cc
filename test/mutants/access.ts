/**
 * Mistakes in who may do what.
 */
import type { Mutant } from "./mutant.ts";

export const ACCESS_MUTANTS: readonly Mutant[] = [
  {
    name: "what is denied is allowed when another entry allows it",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: '      if (result === "DENIED") return { result, rule: { kind: "acl", acl } };\n',
        replace: "",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "of prefixes of each other only the longest counts",
    breaks: "KIP-290",
    edits: [
      {
        file: "src/metadata/access/matching-patterns.ts",
        find: "      longest = resourceName.slice(0, common - 1);",
        replace: "      return;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a prefix that is left out hides the shorter ones",
    breaks: "KIP-290",
    edits: [
      {
        file: "src/metadata/access/matching-patterns.ts",
        find: "      longest = resourceName.slice(0, common);",
        replace: "      return;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "the wildcard is a name like any other",
    breaks: "KIP-290",
    edits: [
      {
        file: "src/metadata/access/matching-patterns.ts",
        find: "isLikeWildcard ? [resourceName] : [resourceName, WILDCARD]",
        replace: "[resourceName]",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "an operation brings none with it",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "return isMeant || isImplied ?",
        replace: "return isMeant ?",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "an entry for one host is for all",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "(acl) => acl.host === one && isTheirs(acl)",
        replace: "isTheirs",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "whoever hides the address has that of every entry",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "  if (host === null && acl.host !== WILDCARD) return null;\n",
        replace: "",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "whoever hides the address is denied nothing",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "const { host } = asker;",
        replace: 'const host = asker.host ?? "";',
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a super user's name may be written in capitals",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "superUsers.has(`${type}:${name}`)",
        replace: "superUsers.has(`${type}:${name.toLowerCase()}`)",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "any type of principal may be a super user",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "superUsers.has(`${type}:${name}`)",
        replace: "superUsers.has(`User:${name}`)",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "entries for everyone are for nobody",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "[`${type}:${name}`, EVERYONE]",
        replace: "[`${type}:${name}`]",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a principal is told by its text, not by type and name",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: 'type.includes(":") ?',
        replace: 'type === ":" ?',
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a resource with entries is everybody's when none fits",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "isUnmentioned && settings.allowEveryoneIfNoAclFound",
        replace: "settings.allowEveryoneIfNoAclFound",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a permission of no meaning allows",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "acl.permissionType !== ACL_PERMISSION.ALLOW",
        replace: "acl.permissionType === ACL_PERMISSION.DENY",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "an entry that was removed still counts",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/image/acls-image.ts",
        find: "byPattern: acls.byPattern.delete(record) };",
        replace: "byPattern: acls.byPattern };",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "an entry that was replaced still counts",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/image/acls-image.ts",
        find: "before === undefined ? acls.byPattern : acls.byPattern.delete(before)",
        replace: "acls.byPattern",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a denied prefix leaves the longer ones",
    breaks: "KIP-679",
    edits: [
      {
        file: "src/metadata/access/authorize-by-resource-type.ts",
        find: "    [...allowedPrefixes].some((prefix) => !isDenied(prefix));",
        replace: "    [...allowedPrefixes].some((prefix) => !deniedPrefixes.has(prefix));",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "what is denied of a deletion reaches it all the same",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/authorized/on-topics.ts",
        find: "topics: allowed.map((entry) => ({ ...entry })), topicNames: [] }",
        replace: "topics: asked.map((entry) => ({ ...entry })), topicNames: [] }",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a deletion by name says that there is no topic to who may not know",
    breaks: "KIP-516",
    edits: [
      {
        file: "src/metadata/authorized/on-topics.ts",
        find: "const mayKnow = isTold || judge.grants(onTopic(disclosure.operation, name));",
        replace: "const mayKnow = true;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "an API without a rule is open to everybody",
    breaks: "KIP-801",
    edits: [
      {
        file: "src/metadata/authorized/run-authorized.ts",
        find: 'if (demand?.on !== "cluster") return undecided(name);',
        replace: 'if (demand?.on !== "cluster") return null;',
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "an envelope is believed from whoever sends it",
    breaks: "KIP-590",
    edits: [
      {
        file: "durable-objects/listener/dispatch.ts",
        find: "return refusal === null ?",
        replace: 'return refusal === null || frame.name === "Envelope" ?',
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "a node that has not replayed its log takes no ACLs for none",
    breaks: "KIP-801",
    edits: [
      {
        file: "durable-objects/listener/authorization.ts",
        find: "superUsersAlone(settings)) === null",
        replace: "settings) === null",
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "an entry for a range of addresses denies nobody in it",
    breaks: "KIP-1276",
    edits: [
      {
        file: "src/metadata/access/standard-authorizer.ts",
        find: "if (isInHostRange(host, acl.host)) yield acl;",
        replace: "if (acl.permissionType === ACL_PERMISSION.ALLOW) yield acl;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a range of addresses is written below the level that has them",
    breaks: "KIP-1276",
    edits: [
      {
        file: "src/metadata/control/create-acls.ts",
        find: "metadataVersion < MV_HOST_RANGES",
        replace: "metadataVersion < MV_HOST_RANGES - 1",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
];
