/** The door: asks for a token, and says in words why one is asked for again. */
import { anchor } from "./anchor.ts";
import { h, say } from "./element.ts";

export interface Door {
  /** Why the page asks; null for the first time. */
  readonly reason: string | null;
  /** Resolves with why the token does not let in; null when it does, and the page goes on by itself. */
  readonly enter: (token: string) => Promise<string | null>;
}

export function loginView({ reason, enter }: Door): HTMLElement {
  const answer = h("p", { class: "answer", role: "alert", data: { tone: "bad" } }, reason ?? "");
  const input = h("input", {
    id: "token",
    name: "token",
    type: "password",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "token-hint",
  });
  const button = h("button", { class: "primary", type: "submit" }, "Enter");
  const form = h(
    "form",
    {},
    h("h1", { class: "brand" }, anchor(), "kedge"),
    h(
      "p",
      { id: "token-hint" },
      "A token of this deployment. It is kept in this tab alone, and says by itself what you may do.",
    ),
    h("div", { class: "field" }, h("label", { for: "token" }, "Token"), input),
    button,
    answer,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) void submit();
  });
  const submit = async (): Promise<void> => {
    button.disabled = true;
    say(answer, "");
    const refused = await enter(input.value.trim());
    button.disabled = false;
    if (refused === null) return;
    say(answer, refused);
    input.select();
  };
  queueMicrotask(() => input.focus());
  return h("div", { class: "login" }, h("main", { id: "main" }, form));
}
