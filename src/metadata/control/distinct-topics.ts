/**
 * Topics as CreateTopics and CreatePartitions take them: a name that a request gives twice is refused, and what was
 * asked for under it is not looked at.
 */

/** Topics by name, in the order of the request; null where a name occurs more than once. */
export function distinctTopics<Topic extends { readonly name: string }>(
  topics: readonly Topic[],
): ReadonlyMap<string, Topic | null> {
  const byName = new Map<string, Topic | null>();
  for (const topic of topics) byName.set(topic.name, byName.has(topic.name) ? null : topic);
  return byName;
}
