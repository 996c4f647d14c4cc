/**
 * An action that asks before it is done: what will happen in a sentence, the fields it takes, and what came of it. It
 * stays open until the deployment has answered, and a refusal is read where the answer was expected.
 */
import { RefusedError } from "../client/refused-error.ts";
import { h, say } from "./element.ts";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly hint?: string;
  readonly type?: "text" | "number";
  readonly isRequired?: boolean;
}

export interface Question {
  readonly title: string;
  /** What will happen. */
  readonly sentence: string;
  readonly fields?: readonly Field[];
  /** On the button, as `Create`. */
  readonly verb: string;
  readonly isDangerous?: boolean;
  /** Resolves with what is to be said of it; null closes the dialog without a word. */
  readonly act: (values: Readonly<Record<string, string>>) => Promise<string | null>;
}

let counter = 0;

/** Opens it; resolves when it is closed. Focus goes back to where it was. */
export function ask(question: Question): Promise<void> {
  const { title, sentence, fields = [], verb, isDangerous = false } = question;
  counter += 1;
  const id = `dialog-${counter}`;
  const inputs = fields.map((field) => fieldOf(field, id));
  const answer = h("p", { class: "answer", role: "status" });
  const confirm = h("button", { class: isDangerous ? "danger" : "primary", type: "submit" }, verb);
  const close = h("button", { type: "button" }, "Cancel");
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", { id: `${id}-title` }, title),
    h("p", { id: `${id}-sentence` }, sentence),
    ...inputs.map(({ row }) => row),
    answer,
    h("div", { class: "buttons" }, close, confirm),
  );
  const dialog = h(
    "dialog",
    { "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-sentence` },
    form,
  );
  close.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (confirm.disabled) return;
    void run();
  });
  const run = async (): Promise<void> => {
    const values = Object.fromEntries(inputs.map(({ name, input }) => [name, input.value.trim()]));
    confirm.disabled = true;
    answer.dataset["tone"] = "plain";
    say(answer, "Waiting for the answer…");
    try {
      const said = await question.act(values);
      if (said === null) {
        dialog.close();
        return;
      }
      answer.dataset["tone"] = "good";
      say(answer, said);
      confirm.remove();
      say(close, "Close");
      close.focus();
    } catch (error) {
      confirm.disabled = false;
      answer.dataset["tone"] = "bad";
      say(answer, refusalIn(error));
    }
  };
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
}

function fieldOf(
  { name, label, value, hint, type = "text", isRequired = true }: Field,
  id: string,
) {
  const input = h("input", {
    id: `${id}-${name}`,
    name,
    type,
    value,
    required: isRequired,
    min: type === "number" ? 1 : undefined,
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": hint === undefined ? undefined : `${id}-${name}-hint`,
  });
  const row = h(
    "div",
    { class: "field" },
    h("label", { for: `${id}-${name}` }, label),
    input,
    hint === undefined ? null : h("small", { id: `${id}-${name}-hint` }, hint),
  );
  return { name, input, row };
}

/** In words, without what was asked for. */
export function refusalIn(error: unknown): string {
  if (error instanceof RefusedError) {
    if (error.errorCode === 50_302)
      return `No word came in time: it may or may not have been done. (${error.refusal.message})`;
    return error.refusal.message;
  }
  return error instanceof Error ? error.message : String(error);
}
