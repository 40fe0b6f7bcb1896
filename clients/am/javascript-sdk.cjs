// @forgerock/javascript-sdk in headless Chromium: a page of another origin signs on and off, cookies and CORS included.
const esbuild = require("esbuild");
const { Browser, serve } = require("../browser.cjs");
const { assert, vars, scenario } = require("../steps.cjs");

const { am } = vars;
const page = process.env.PAGE;

/** What runs in the page. It only drives the package. */
async function inPage(am) {
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

let browser;

scenario({
  "a page of another origin signs on and off": async () => {
    await serve(page, {
      "/": ["text/html", '<!doctype html><title>shop</title><script src="/sdk.js"></script>'],
      "/sdk.js": ["text/javascript", bundle],
    });
    browser = await Browser.open();
    await browser.goto(`http://${page}/`);
    const told = await browser.evaluate(inPage, am);
    assert.equal(told.wrong, "LoginFailure");
    assert.equal(told.right, "LoginSuccess");
    assert.deepEqual([told.before, told.after], [true, false]);
    assert.deepEqual([told.first, told.second], [200, 401]);
    assert.ok(!told.readable.includes(am.cookie), "no script reads the session cookie");
  },
})
  .then(() => browser.close())
  .then(() => process.exit()); // The server of the page goes along.
