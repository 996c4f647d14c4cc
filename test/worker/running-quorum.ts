/** A real quorum for a test file: a cluster of its own in a workerd of its own, gone when the file is done. */
import { formCluster } from "../../client/cluster-client.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";

export type RunningQuorum = Quorum;

export const runningQuorum = (voters: 1 | 3 | 5 = 3): Promise<RunningQuorum> =>
  startQuorum({ form: (edge) => formCluster(edge, { voters }) });

/** What `request` was refused with; fails when it was not. */
export async function refusalOf(
  request: Promise<Response>,
): Promise<{ readonly status: number; readonly error_code: number; readonly message: string }> {
  const response = await request;
  const text = await response.text();
  if (response.ok) throw new Error(`not refused: ${response.status} ${text.slice(0, 200)}`);
  const body: { readonly error_code: number; readonly message: string } = JSON.parse(text);
  return { status: response.status, ...body };
}
