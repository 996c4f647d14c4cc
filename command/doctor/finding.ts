/** What an examination has found, and how to mend it. */
export interface Finding {
  /** `ill`: it does not work so. `odd`: it works, and will not always. */
  readonly state: "well" | "odd" | "ill";
  readonly what: string;
  /** One sentence; absent where all is well. */
  readonly mend?: string;
}

export const well = (what: string): Finding => ({ state: "well", what });
export const odd = (what: string, mend: string): Finding => ({ state: "odd", what, mend });
export const ill = (what: string, mend: string): Finding => ({ state: "ill", what, mend });
