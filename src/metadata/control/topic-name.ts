/**
 * What may be a topic's name (KIP-4). Whether two names collide is known where topics are kept.
 */

/** File names take 255 bytes, and a partition's directory adds its number to the topic's name. */
const TOPIC_NAME_CHARS_MAX = 249;

/** Topics that the quorum keeps for itself. */
export const CLUSTER_METADATA_TOPIC = "__cluster_metadata";

/** Why this is no name of a topic, in Kafka's words; null when it is one. */
export function topicNameRefusal(name: string): string | null {
  const reason = topicNameFault(name);
  return reason === null ? null : `Topic name is invalid: ${reason}`;
}

function topicNameFault(name: string): string | null {
  if (name === "") return "the empty string is not allowed";
  if (name === "." || name === "..") return `'${name}' is not allowed`;
  if (name.length > TOPIC_NAME_CHARS_MAX) {
    return `the length of '${name}' is longer than the max allowed length ${TOPIC_NAME_CHARS_MAX}`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return (
      `'${name}' contains one or more characters other than ASCII alphanumerics, ` +
      "'.', '_' and '-'"
    );
  }
  return null;
}
