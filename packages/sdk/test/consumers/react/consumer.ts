// Opens the page that Vite built and waits until it shows its result.
import { pathToFileURL } from "node:url";
import { Window } from "happy-dom";

const window = new Window({ url: "http://localhost/" });
window.document.body.innerHTML = '<div id="root"></div>';
const page: Record<string, unknown> = {
  window,
  document: window.document,
  Event: window.Event,
  CustomEvent: window.CustomEvent,
  HTMLElement: window.HTMLElement,
  HTMLIFrameElement: window.HTMLIFrameElement,
  localStorage: window.localStorage,
};
for (const [name, value] of Object.entries(page))
  Object.defineProperty(globalThis, name, { value, configurable: true });
await import(pathToFileURL("dist/app.js").href);

/** What a part of the page says once it has all, or after half a minute. */
async function said(tag: string): Promise<Record<string, unknown>> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const text = window.document.querySelector(tag)?.textContent ?? "";
    const result = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    if (("revert" in result && result.event !== "") || "trouble" in result || Date.now() > deadline) return result;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
console.log(JSON.stringify({ ...(await said("output")), market: await said("aside") }));
process.exit(0);
