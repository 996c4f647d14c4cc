/**
 * The page: finds out who asks, and shows the place that the address names. A token that does not let in any more is
 * forgotten, and the door says why.
 */
import { kedge, type Kedge } from "../client/kedge.ts";
import { RefusedError } from "../client/refused-error.ts";
import { bar } from "./bar.ts";
import { clusterView } from "./cluster-view.ts";
import { clustersView } from "./clusters-view.ts";
import { refusalIn } from "./dialog.ts";
import { h } from "./element.ts";
import { loginView } from "./login-view.ts";
import { clusterHref, placeIn, type Place } from "./place.ts";
import { forgetToken, keepToken, keptToken, sessionOf, UNLOCKED, type Session } from "./session.ts";
import { topicView } from "./topic-view.ts";

const { origin } = location;
const root = document.querySelector("#page") ?? document.body;

/** Ends what the place that is shown has begun. */
let leaving = new AbortController();
let session: Session | null = null;

const clientOf = ({ token }: Session): Kedge =>
  kedge({ url: origin, token }, { attempts: 2, forMs: 1_500 });

await begin();

async function begin(): Promise<void> {
  document.querySelector(".skip")?.addEventListener("click", skip);
  addEventListener("hashchange", show);
  const kept = keptToken();
  const asked = kept === null ? UNLOCKED : (sessionOf(kept) ?? UNLOCKED);
  const refused = await refusalFor(asked);
  if (refused === null) enter(asked);
  else door(asked.token === null && refused.status === 401 ? null : wordsFor(refused));
}

/** Why a session is not let in; null when it is. A token of one cluster is let in like any. */
async function refusalFor(wanted: Session): Promise<RefusedError | null> {
  try {
    await clientOf(wanted).clusters.list();
    return null;
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
}

function enter(entered: Session): void {
  session = entered;
  if (entered.cluster !== "*" && placeIn(location.hash).kind === "clusters")
    history.replaceState(null, "", clusterHref(entered.cluster));
  show();
}

function door(reason: string | null): void {
  leaving.abort();
  session = null;
  document.title = "kedge";
  root.replaceChildren(loginView({ reason, enter: tryToken }));
}

async function tryToken(token: string): Promise<string | null> {
  const wanted = sessionOf(token);
  if (wanted === null)
    return 'This is no token of kedge: one begins with "kedge." and has four parts.';
  const refused = await refusalFor(wanted);
  if (refused !== null) return wordsFor(refused);
  keepToken(token);
  enter(wanted);
  return null;
}

function wordsFor(refused: RefusedError): string {
  const { status, message } = { status: refused.status, message: refused.refusal.message };
  if (status === 0) return `The deployment does not answer: ${message}.`;
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}

/** What time does not mend: the door, or a sentence in place of what was to be shown. */
function onRefused(error: RefusedError): void {
  if (error.status === 401) {
    forgetToken();
    door(`${wordsFor(error)} Enter another one to go on.`);
    return;
  }
  leaving.abort();
  document
    .querySelector("main")
    ?.replaceChildren(
      h("h1", {}, "Not here"),
      h("p", { class: "notice", data: { tone: "bad" }, role: "alert" }, refusalIn(error)),
      h("p", {}, h("a", { href: "#/" }, "All clusters")),
    );
}

function show(): void {
  if (session === null) return;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const place = placeIn(location.hash);
  const top = bar(session, place, () => {
    forgetToken();
    door(null);
  });
  const surroundings = { session, signal, heard: top.heard, refused: onRefused };
  document.title = titleOf(place);
  root.replaceChildren(top.element, viewOf(place, clientOf(session), surroundings));
  scrollTo(0, 0);
}

function viewOf(
  place: Place,
  client: Kedge,
  surroundings: Parameters<typeof clusterView>[2],
): HTMLElement {
  switch (place.kind) {
    case "clusters":
      return clustersView(client, surroundings);
    case "cluster":
      return clusterView(client, place.clusterId, surroundings);
    case "topic":
      return topicView(client, place, surroundings);
  }
}

function titleOf(place: Place): string {
  switch (place.kind) {
    case "clusters":
      return "Clusters · kedge";
    case "cluster":
      return `${place.clusterId} · kedge`;
    case "topic":
      return `${place.topic} · kedge`;
  }
}

/** The hash is the place, so the link may not change it. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}
