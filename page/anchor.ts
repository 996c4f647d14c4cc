/** The mark of the house. */

const SVG = "http://www.w3.org/2000/svg";
const PATHS = [
  "M16 9v18M10 13h12",
  "M4.500 18.500C5.500 24 10 27.500 16 28c6-.5 10.500-4 11.500-9.500",
  "M4 22l.5-3.500 3.500.7M28 22l-.5-3.500-3.500.7",
];

export function anchor(): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = {
    viewBox: "0 0 32 32",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "2.4",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  const ring = document.createElementNS(SVG, "circle");
  for (const [name, value] of Object.entries({ cx: "16", cy: "6", r: "3" }))
    ring.setAttribute(name, value);
  svg.append(ring);
  for (const d of PATHS) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
