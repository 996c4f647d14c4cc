/**
 * What somebody may have meant by a word that is none of those there are: the ones that are fewest letters away from it
 * (Damerau's distance, of adjacent letters that changed places as one), whatever their case. The rule for what is near
 * is that of the commands' parser.
 */

/** What is further away is another word. */
const DISTANCE_MAX = 3;
/** So much of the longer one has to be right. */
const SIMILARITY_MIN = 0.4;

/** The nearest of `words`, several where they are equally near, in their order; none that is far. */
export function nearestWords(word: string, words: readonly string[]): readonly string[] {
  const near = words.flatMap((each) => {
    if (Math.abs(each.length - word.length) > DISTANCE_MAX) return [];
    const distance = distanceBetween(word.toLowerCase(), each.toLowerCase());
    const similarity = 1 - distance / Math.max(word.length, each.length);
    return distance <= DISTANCE_MAX && similarity > SIMILARITY_MIN ? [{ each, distance }] : [];
  });
  const least = Math.min(...near.map(({ distance }) => distance));
  return near.filter(({ distance }) => distance === least).map(({ each }) => each);
}

/** Row by row of the table in which each cell is the distance of two beginnings. */
function distanceBetween(one: string, other: string): number {
  let before: readonly number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let at = 1; at <= other.length; at += 1) {
      const isSame = one[row - 1] === other[at - 1];
      const isSwapped = one[row - 1] === other[at - 2] && one[row - 2] === other[at - 1];
      const ways = [
        cell(current, at - 1) + 1,
        cell(last, at) + 1,
        cell(last, at - 1) + (isSame ? 0 : 1),
        ...(isSwapped ? [cell(before, at - 2) + 1] : []),
      ];
      current.push(Math.min(...ways));
    }
    [before, last] = [last, current];
  }
  return cell(last, other.length);
}

const cell = (row: readonly number[], at: number): number => row[at] ?? Number.POSITIVE_INFINITY;
