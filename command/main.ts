/**
 * `kedge`: one command for what an operator or a developer does with a quorum. In a checkout, `npm run kedge -- …`; in
 * a package, its `bin`.
 */
import { complain } from "./complaint.ts";
import { kedge } from "./table.ts";

kedge().parseAsync(process.argv).catch(complain);
