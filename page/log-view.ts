/** The log scrolling by in words, newest first. It stands still while it is read, and says how much has come since. */
import { h, rows, say } from "./element.ts";
import { counted, time, whole } from "./numbers.ts";
import type { Sentence } from "./record-words.ts";

export interface LogView {
  readonly element: HTMLElement;
  /** Newest first; from `liveFrom` on they came while one was looking. */
  readonly show: (sentences: readonly Sentence[], liveFrom: number) => void;
}

const SHOWN_MAX = 150;

export function logView(): LogView {
  const list = h("ol", {});
  const scroll = h(
    "div",
    {
      class: "lines",
      tabindex: "0",
      role: "log",
      "aria-live": "off",
      "aria-label": "The metadata log, newest first",
    },
    list,
  );
  const hold = h("button", { type: "button", class: "small", "aria-pressed": "false" }, "Hold");
  const title = h("div", { class: "title" }, h("h2", {}, "Log"), hold);
  let isHeld = false;
  let shownTo = -1;
  let latest: { readonly sentences: readonly Sentence[]; readonly liveFrom: number } = {
    sentences: [],
    liveFrom: Number.POSITIVE_INFINITY,
  };
  const show = rows<Sentence & { readonly isFresh: boolean }>(
    list,
    ({ offset }) => String(offset),
    lineRow,
  );
  const draw = (): void => {
    const { sentences, liveFrom } = latest;
    show(
      sentences
        .slice(0, SHOWN_MAX)
        .map((each) => ({ ...each, isFresh: each.offset >= liveFrom && each.offset > shownTo })),
    );
    shownTo = Math.max(shownTo, sentences[0]?.offset ?? -1);
  };
  hold.addEventListener("click", () => {
    isHeld = !isHeld;
    hold.setAttribute("aria-pressed", String(isHeld));
    say(hold, isHeld ? "Go on" : "Hold");
    if (!isHeld) draw();
  });
  return {
    element: h("section", { class: "log", "aria-label": "Log" }, title, scroll),
    show: (sentences, liveFrom) => {
      latest = { sentences, liveFrom };
      if (!isHeld) {
        draw();
        return;
      }
      const waiting = sentences.filter(({ offset }) => offset > shownTo).length;
      say(hold, waiting === 0 ? "Go on" : `Go on: ${counted(waiting, "line")} more`);
    },
  };
}

function lineRow({ isFresh }: { readonly isFresh: boolean }) {
  const when = h("time", {});
  const offset = h("span", { title: "offset" });
  const text = h("span", { class: "text" });
  const element = h("li", { class: isFresh ? "line fresh" : "line" }, when, text);
  let shown: Sentence | null = null;
  return {
    element,
    show: (sentence: Sentence) => {
      // Of one offset nothing changes but how many records say it together.
      if (shown?.text === sentence.text && shown.about === sentence.about) return;
      shown = sentence;
      element.dataset["tone"] = sentence.tone;
      say(offset, whole(sentence.offset));
      const at = new Date(sentence.timestampMs);
      when.dateTime = Number.isNaN(at.valueOf()) ? "" : at.toISOString();
      when.replaceChildren(time(sentence.timestampMs), offset);
      text.replaceChildren(
        ...(sentence.about === "" ? [] : [h("b", {}, sentence.about), " "]),
        sentence.text,
        ...(sentence.who === "" ? [] : [h("span", { class: "by" }, ` — ${sentence.who}`)]),
      );
    },
  };
}
