/**
 * The platform counts CPU by request and delivers what has arrived between two events of one: who has much to do does
 * it in slices, counted by what they hold, since the clock stands still while JavaScript runs.
 */
export const nextEvent = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
