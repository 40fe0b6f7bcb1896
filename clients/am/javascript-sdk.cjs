// @forgerock/javascript-sdk in headless Chromium: a page of another origin signs on and off, cookies and CORS included.
const { spawn } = require("node:child_process");
const { mkdtempSync, rmSync } = require("node:fs");
const { createServer } = require("node:http");
const { tmpdir } = require("node:os");
const path = require("node:path");
const esbuild = require("esbuild");
const { assert, vars, scenario } = require("../steps.cjs");

const { am } = vars;
const [host, port] = process.env.PAGE.split(":");

/** What runs in the page. It only drives the package; what came of it is told to the server of the page. */
async function inPage(sdk, am) {
  const { CallbackType, Config, FRAuth, SessionManager } = sdk;
  Config.set({ serverConfig: { baseUrl: `${am.public}/`, timeout: 5000 }, realmPath: "alpha" });
  const signOn = async (password) => {
    const step = await FRAuth.start();
    step.getCallbackOfType(CallbackType.NameCallback).setName(am.user);
    step.getCallbackOfType(CallbackType.PasswordCallback).setPassword(password);
    return FRAuth.next(step);
  };
  const wrong = await signOn("not the password");
  const right = await signOn(am.password);
  const validate = async (tokenId) => {
    const headers = { "Accept-API-Version": "resource=4.0", "Content-Type": "application/json" };
    const body = JSON.stringify({ tokenId });
    const address = `${am.public}/json/realms/root/realms/alpha/sessions?_action=validate`;
    const answer = await fetch(address, { method: "POST", headers, body, credentials: "omit" });
    return (await answer.json()).valid;
  };
  const token = right.getSessionToken();
  const before = await validate(token);
  const first = await SessionManager.logout();
  const after = await validate(token);
  const second = await SessionManager.logout();
  return {
    wrong: wrong.type, right: right.type, before, after,
    first: first.status, second: second.status,
    readable: document.cookie,
  };
}

const bundle = esbuild.buildSync({
  stdin: { contents: 'export * from "@forgerock/javascript-sdk";', resolveDir: process.env.NODE_PATH },
  bundle: true, format: "iife", globalName: "sdk", platform: "browser", write: false, logLevel: "error",
}).outputFiles[0].text;

const page = `<!doctype html><title>shop</title><script src="/sdk.js"></script><script>
${inPage}
inPage(sdk, ${JSON.stringify(am)}).catch((error) => ({ error: String(error && error.stack || error) }))
  .then((result) => fetch("/result", { method: "POST", body: JSON.stringify(result) }));
</script>`;

/** Serves the page until it has told its result. */
function result() {
  const profile = mkdtempSync(path.join(tmpdir(), "adieu-chromium-"));
  return new Promise((resolve, reject) => {
    let browser;
    const server = createServer((request, response) => {
      if (request.url === "/result") {
        let body = "";
        request.on("data", (piece) => (body += piece));
        request.on("end", () => {
          response.end();
          browser.kill();
          server.close();
          resolve(JSON.parse(body));
        });
        return;
      }
      const [type, text] = request.url === "/sdk.js" ? ["text/javascript", bundle] : ["text/html", page];
      response.setHeader("Content-Type", type);
      response.end(text);
    });
    server.listen(Number(port), host, () => {
      const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
      browser = spawn("chromium", [...flags, `http://${host}:${port}/`], { stdio: "ignore" });
      browser.on("error", reject);
      browser.on("exit", () => rmSync(profile, { recursive: true, force: true }));
    });
  });
}

scenario({
  "a page of another origin signs on and off": async () => {
    const told = await result();
    assert.equal(told.error, undefined);
    assert.equal(told.wrong, "LoginFailure");
    assert.equal(told.right, "LoginSuccess");
    assert.deepEqual([told.before, told.after], [true, false]);
    assert.deepEqual([told.first, told.second], [200, 401]);
    assert.ok(!told.readable.includes(am.cookie), "no script reads the session cookie");
  },
});
