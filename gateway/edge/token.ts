/** The form of a token, judged before it is put into a header: whatever has it cannot break out of one. */

/** As long as the edge accepts. */
export const TOKEN_LENGTH_MAX = 3_072;

/** What RFC 6750 allows behind `Bearer`. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

export const isToken = (text: string): boolean =>
  text.length <= TOKEN_LENGTH_MAX && TOKEN.test(text);
