// Headless Chromium, driven over two pipes by the protocol of its developer tools: no package, no port, no other host.
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { mkdtempSync, writeFileSync } = require("node:fs");
const { rm } = require("node:fs/promises");
const { createServer } = require("node:http");
const { tmpdir } = require("node:os");
const path = require("node:path");

const FLAGS = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", "--window-size=1000,900",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", // Fonts and the like of pages that others wrote.
];
/** How long a page is waited for, on a machine that has much else to do. */
const PATIENCE_MS = 45_000;

/** One page of a browser that knows nobody yet. */
class Browser {
  #profile = mkdtempSync(path.join(tmpdir(), "adieu-chromium-"));
  #asked = new Map();
  #loads = [];
  #count = 0;
  #process;
  #session;

  static async open() {
    const browser = new Browser();
    browser.#start();
    const { targetId } = await browser.#ask("Target.createTarget", { url: "about:blank" });
    browser.#session = (await browser.#ask("Target.attachToTarget", { targetId, flatten: true })).sessionId;
    await browser.#ask("Page.enable");
    return browser;
  }

  #start() {
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"];
    this.#process = spawn("chromium", [...FLAGS, `--user-data-dir=${this.#profile}`, "about:blank"], { stdio });
    process.on("exit", () => this.#process.kill()); // A scenario that fails leaves no browser behind.
    let rest = "";
    this.#process.stdio[4].setEncoding("utf8").on("data", (piece) => {
      const messages = (rest + piece).split("\0");
      rest = messages.pop();
      messages.map((text) => JSON.parse(text)).forEach((message) => this.#take(message));
    });
  }

  #take({ id, method, result, error }) {
    if (method === "Page.loadEventFired") this.#loads.splice(0).forEach((loaded) => loaded());
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (asked) error ? asked.reject(new Error(JSON.stringify(error))) : asked.resolve(result);
  }

  #ask(method, params = {}, sessionId = this.#session) {
    const id = (this.#count += 1);
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: sessionId ?? undefined })}\0`);
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
  }

  /** Does something that leads to another page, and waits until that one is there. */
  async #leads(act) {
    const loaded = new Promise((resolve) => this.#loads.push(resolve)).then(() => true);
    await act();
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    const came = await Promise.race([loaded, late]);
    clearTimeout(timer);
    if (!came) throw new Error(`no page has come, but: ${await this.text().catch(() => "none")}`);
  }

  /** Waits for a page with this text, which the present one leads to by itself. */
  async until(text) {
    const began = Date.now();
    for (;;) {
      const shown = await this.text().catch(() => ""); // Between two pages there is none.
      if (shown.includes(text)) return;
      // Whoever is killed for being late says nothing of the page that was there instead.
      if (Date.now() - began > PATIENCE_MS) throw new Error(`no page with "${text}", but: ${shown}`);
    }
  }

  goto(url) {
    return this.#leads(() => this.#ask("Page.navigate", { url }));
  }

  /** Opens another page of the same browser, which goes on by itself. */
  openTab(url) {
    return this.#ask("Target.createTarget", { url, background: true }, null);
  }

  /** Clicks what leads to another page. */
  click(selector) {
    return this.#leads(() => this.evaluate((selector) => document.querySelector(selector).click(), selector));
  }

  /** Writes into a field as a person does. */
  async type(selector, text) {
    const into = (selector) => {
      const field = document.querySelector(selector);
      field.focus();
      field.select();
    };
    await this.evaluate(into, selector);
    await this.#ask("Input.insertText", { text });
  }

  /** Runs a function in the page; gives what it, or its promise, comes to. */
  async evaluate(what, ...values) {
    const expression = `(${what})(${values.map((value) => JSON.stringify(value)).join(", ")})`;
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails: failed } = await this.#ask("Runtime.evaluate", asked);
    if (failed) throw new Error(failed.exception?.description || failed.text);
    return result.value;
  }

  /** Shows pages in this size, in light or dark. */
  async look({ width, height, dark }) {
    await this.#ask("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
    await this.#ask("Emulation.setEmulatedMedia", { features });
  }

  address() {
    return this.evaluate(() => location.href);
  }

  text() {
    return this.evaluate(() => document.body.innerText);
  }

  async screenshot(file, whole = false) {
    const { data } = await this.#ask("Page.captureScreenshot", { captureBeyondViewport: whole });
    writeFileSync(file, Buffer.from(data, "base64"));
  }

  async close() {
    const gone = once(this.#process, "exit");
    this.#session = undefined; // It is said to the browser, not to its page.
    this.#ask("Browser.close");
    await gone;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** Serves texts by their paths, each with its media type. */
function serve(address, texts) {
  const [host, port] = address.split(":");
  const server = createServer((request, response) => {
    const [type, text] = texts[request.url] || ["text/plain", ""];
    response.setHeader("Content-Type", type);
    response.end(text);
  });
  return new Promise((resolve) => server.listen(Number(port), host, () => resolve(server)));
}

module.exports = { Browser, serve };
