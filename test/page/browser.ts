/** Chromium for tests of the page: one process, a context for each visit, and what a visit has asked for and said. */
import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

/** What the browser itself says of an answer that is a refusal, or of none. */
const OF_NETWORK = /^(Failed to load resource|WebSocket connection to '[^']*' failed)/;

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export function startBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? PLACES.find((path) => existsSync(path));
  if (executablePath === undefined)
    throw new Error("no Chromium: apt-get install chromium, or name one in CHROMIUM");
  // A container's root may not make the namespaces of the sandbox.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

export interface Visit {
  readonly page: Page;
  /** The origins that the page asked. */
  readonly origins: ReadonlySet<string>;
  /** Addresses of the WebSockets that it opened. */
  readonly sockets: readonly string[];
  /** What the browser held against the page: errors, and breaches of its policy. Refused requests are none. */
  readonly complaints: readonly string[];
  readonly end: () => Promise<void>;
}

export interface Visitor extends BrowserContextOptions {
  readonly url: string;
  /** Kept for the tab, as after a login; null: none. */
  readonly token?: string | null;
  /** As `#/clusters/…`. */
  readonly hash?: string;
  /** Runs in the page before anything else. */
  readonly before?: () => void;
}

export async function visit(browser: Browser, visitor: Visitor): Promise<Visit> {
  const { url, token = null, hash = "", before, ...options } = visitor;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  if (before !== undefined) await context.addInitScript(before);
  if (token !== null) {
    await context.addInitScript((kept) => {
      if (sessionStorage.getItem("kedge.token") === null)
        sessionStorage.setItem("kedge.token", kept);
    }, token);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const origins = new Set<string>();
  const complaints: string[] = [];
  const sockets: string[] = [];
  page.on("request", (request) => origins.add(new URL(request.url()).origin));
  page.on("websocket", (socket) => sockets.push(socket.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !OF_NETWORK.test(text)) complaints.push(text);
  });
  await page.goto(`${url}/${hash}`);
  return { page, origins, sockets, complaints, end: () => context.close() };
}
