/** How long a call to a peer is waited for: as long as the core waits, within bounds. */
import { expect, test } from "vitest";
import { patienceMs } from "../../durable-objects/replica/patience.ts";

test.each([
  { when: "the core waits for 2 s", deadline: 102_000, patience: 2_000 },
  { when: "the core waits for longer than a call may take", deadline: 160_000, patience: 5_000 },
  { when: "the clock has jumped ahead of the deadline", deadline: 40_000, patience: 100 },
])("a call ends after $patience ms when $when", ({ deadline, patience }) => {
  expect(patienceMs({ deadline }, 100_000)).toBe(patience);
});
