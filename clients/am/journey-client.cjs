// @forgerock/journey-client in headless Chromium: it is told one address, that of a discovery document, and finds the rest by it.
// A page of another origin signs on and off, cookies and CORS included.
const esbuild = require("esbuild");
const { Browser, serve } = require("../browser.cjs");
const { assert, vars, scenario } = require("../steps.cjs");

const { am } = vars;
const page = process.env.PAGE;

/** What runs in the page. It only drives the package. */
async function inPage(am, realm) {
  const wellknown = `${am.public}/oauth2/${realm}/.well-known/openid-configuration`;
  const client = await sdk.journey({ config: { serverConfig: { wellknown } } });
  const signOn = async (password) => {
    const step = await client.start({ journey: "Login" });
    step.getCallbackOfType("NameCallback").setName(am.user);
    step.getCallbackOfType("PasswordCallback").setPassword(password);
    return client.next(step);
  };
  const wrong = await signOn("not the password");
  const right = await signOn(am.password);
  const validate = async (tokenId) => {
    const headers = { "Accept-API-Version": "resource=4.0", "Content-Type": "application/json" };
    const address = `${am.public}/json/realms/root/realms/alpha/sessions?_action=validate`;
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify({ tokenId }), credentials: "omit" });
    return (await answer.json()).valid;
  };
  const token = right.getSessionToken();
  const before = await validate(token);
  const first = await client.terminate();
  const after = await validate(token);
  const second = await client.terminate();
  return {
    wrong: [wrong.type, wrong.getCode(), wrong.getMessage()], right: right.type, realm: right.getRealm(),
    before, after, first: first === undefined, second: second.message, readable: document.cookie,
  };
}

/** What the package says of an address that it cannot begin with. */
async function refused(wellknown) {
  return sdk.journey({ config: { serverConfig: { wellknown } } }).then(() => "it began", (error) => error.message);
}

const bundle = esbuild.buildSync({
  stdin: { contents: 'export * from "@forgerock/journey-client";', resolveDir: process.env.NODE_PATH },
  bundle: true, format: "iife", globalName: "sdk", platform: "browser", write: false, logLevel: "error",
}).outputFiles[0].text;

let browser;

scenario({
  "a page of another origin begins": async () => {
    await serve(page, {
      "/": ["text/html", '<!doctype html><title>shop</title><script src="/sdk.js"></script>'],
      "/sdk.js": ["text/javascript", bundle],
    });
    browser = await Browser.open();
    await browser.goto(`http://${page}/`);
  },
  "by the long address of a realm, it signs on and off": () => signsOnAndOff("realms/root/realms/alpha"),
  "by the short one, too": () => signsOnAndOff("alpha"),
  "an unknown realm is refused when it begins": async () => {
    const unknown = `${am.public}/oauth2/nowhere/.well-known/openid-configuration`;
    assert.match(await browser.evaluate(refused, unknown), /Well-known configuration fetch failed/);
  },
})
  .then(() => browser.close())
  .then(() => process.exit()); // The server of the page goes along.

async function signsOnAndOff(realm) {
  const told = await browser.evaluate(inPage, am, realm);
  assert.deepEqual(told.wrong, ["LoginFailure", 401, "Login failure"]);
  assert.deepEqual([told.right, told.realm], ["LoginSuccess", "/alpha"]);
  assert.deepEqual([told.before, told.after], [true, false]);
  assert.equal(told.first, true);
  assert.equal(told.second, "Failed to terminate session: 401");
  assert.ok(!told.readable.includes(am.cookie), "no script reads the session cookie");
}
