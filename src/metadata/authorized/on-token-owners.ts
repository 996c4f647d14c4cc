/**
 * CreateDelegationToken, which asks who would make a token for another owner (KIP-373). Everybody may for himself.
 */
import type { Apis } from "../../protocol/index.ts";
import { DENIED } from "../access/demands.ts";
import { ownerOf, refused } from "../control/create-delegation-token.ts";
import { inWords, isSamePrincipal, mayAskForTokens } from "../control/delegation-token-request.ts";
import type { Guard } from "./guard.ts";

export const createDelegationToken: Guard<Apis["CreateDelegationToken"], "another-owner"> = (
  { operation: { run }, view, request, context },
  { operation },
  judge,
) => {
  const { caller } = context;
  const owner = ownerOf(request, caller.principal);
  // Who may have no token at all is told that, and not asked for more.
  const isFree = !mayAskForTokens(caller) || isSamePrincipal(owner, caller.principal);
  const resource = { resourceType: "USER", resourceName: inWords(owner) } as const;
  return isFree || judge.grants({ operation, ...resource })
    ? run(view, request, context)
    : refused(request, context, DENIED.USER.error);
};
