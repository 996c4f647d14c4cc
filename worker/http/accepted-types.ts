/**
 * The media types and ranges that an `Accept` names (RFC 9110, 12.5.1), in lower case, without those of weight 0. No
 * header, and an empty one, is the range of all: there is no other.
 */
export function acceptedTypes(accept: string | undefined): readonly string[] {
  if (accept === undefined || accept.trim() === "") return [ANY_TYPE];
  return accept.toLowerCase().split(",").flatMap(accepted);
}

export const ANY_TYPE = "*/*";

function accepted(range: string): readonly string[] {
  const [type = "", ...parameters] = range.split(";").map((each) => each.trim());
  const isRefused = parameters.some((each) => /^q\s*=\s*0(\.0*)?$/.test(each));
  return isRefused || type === "" ? [] : [type];
}
