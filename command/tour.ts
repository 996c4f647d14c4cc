/** `kedge tour` (`npm run tour`); what it shows is in `guided-tour.ts`, which is loaded when it is wanted. */
import { Command } from "commander";

export const tour = (): Command =>
  new Command("tour")
    .summary("a guided tour of a quorum on this machine, which checks what it shows")
    .description(
      "Forms a cluster in a temporary folder, on free ports, and takes it through its life. Nothing is left behind.",
    )
    .action(async () => {
      const { takeTour } = await import("./guided-tour.ts");
      await takeTour();
    });
