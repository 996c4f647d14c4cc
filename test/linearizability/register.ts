/** A register under each key: read, written, exchanged, and set where it holds what is expected. */
import type { Model } from "./model.ts";

export type RegisterInput =
  | { readonly kind: "read"; readonly key: string }
  | { readonly kind: "write"; readonly key: string; readonly value: string }
  /** Writes, and tells what was there before. */
  | { readonly kind: "exchange"; readonly key: string; readonly value: string }
  | {
      readonly kind: "compare-and-set";
      readonly key: string;
      readonly expected: string | null;
      readonly value: string;
    };

export type RegisterOutput =
  /** What was read, or was there before an exchange; null where nothing had been written. */
  | { readonly kind: "value"; readonly value: string | null }
  | { readonly kind: "written" }
  /** Whether it held what was expected, and so was set. */
  | { readonly kind: "compared"; readonly isSet: boolean };

/** Null while nothing has been written. */
export interface RegisterState {
  readonly value: string | null;
}

export const register: Model<RegisterState, RegisterInput, RegisterOutput> = {
  init: { value: null },
  step: (state, input, output) => {
    switch (input.kind) {
      case "read":
        return isValue(state, output) ? state : null;
      case "write":
        return output === null || output.kind === "written" ? { value: input.value } : null;
      case "exchange":
        return isValue(state, output) ? { value: input.value } : null;
      case "compare-and-set": {
        const isSet = state.value === input.expected;
        const canBe = output === null || (output.kind === "compared" && output.isSet === isSet);
        if (!canBe) return null;
        return isSet ? { value: input.value } : state;
      }
    }
  },
  keyOf: ({ key }) => key,
  isRead: ({ kind }) => kind === "read",
  fingerprint: ({ value }) => JSON.stringify(value),
};

const isValue = ({ value }: RegisterState, output: RegisterOutput | null): boolean =>
  output === null || (output.kind === "value" && output.value === value);
