// @ory/kratos-selfservice-ui-node, the user interface that Kratos' authors publish, in front of adieu: a person in Chromium signs
// on and off through its pages. Only the addresses are ours: it is told where Kratos is, and Kratos where it is.
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");
const { Browser } = require("../browser.cjs");
const { assert, vars, scenario } = require("../steps.cjs");

const { public: kratos, alice, alice_password: password } = vars.kratos;
const port = process.env.PAGE.split(":")[1];
const ui = `http://${process.env.PAGE}`;
const app = path.join(process.env.UI, "node_modules/@ory/kratos-selfservice-ui-node");

/** Starts the application and waits until it listens. */
async function start() {
  const env = { ...process.env, PORT: port, KRATOS_PUBLIC_URL: kratos, KRATOS_BROWSER_URL: kratos };
  const onLoopback = ["--require", path.join(__dirname, "../loopback.cjs")];
  const child = spawn("node", [...onLoopback, "lib/index.js"], { cwd: app, env, stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill());
  await once(child.stdout, "data");
  child.stdout.resume();
}

const picture = (name) => process.env.PICTURES && path.join(process.env.PICTURES, `${name}.png`);

async function signOn(browser, secret) {
  await browser.type("input[name=identifier]", alice);
  await browser.type("input[name=password]", secret);
  if (picture("sign-on")) await browser.screenshot(picture("sign-on"));
  await browser.click("button[name=method]");
}

let browser, logout;

scenario({
  "the application shows a sign-on page": async () => {
    await start();
    browser = await Browser.open();
    await browser.goto(`${ui}/welcome`);
    assert.match(await browser.text(), /No valid Ory Session was found/);
    await browser.goto(`${ui}/login`);
    assert.ok((await browser.address()).startsWith(`${ui}/login?flow=`), await browser.address());
  },
  "a wrong password is said there": async () => {
    await signOn(browser, "not the password");
    assert.ok((await browser.address()).startsWith(`${ui}/login?flow=`), await browser.address());
    assert.match(await browser.text(), /Name or password is wrong/);
    if (picture("refused")) await browser.screenshot(picture("refused"));
  },
  "the right one signs on": async () => {
    await signOn(browser, password);
    assert.equal(await browser.address(), `${ui}/welcome`);
    const session = JSON.parse(await browser.evaluate(() => document.querySelector("pre").innerText));
    assert.equal(session.active, true);
    assert.equal(session.identity.traits.email, alice);
    if (picture("signed-on")) await browser.screenshot(picture("signed-on"));
  },
  "its sign-off ends the session": async () => {
    logout = await browser.evaluate(() => document.querySelector("[data-testid=logout]").href);
    assert.ok(logout.startsWith(`${kratos}/self-service/logout?token=ory_lo_`), logout);
    await browser.click("[data-testid=logout]");
    assert.equal(await browser.address(), `${ui}/welcome`);
    assert.match(await browser.text(), /No valid Ory Session was found/);
    if (picture("signed-off")) await browser.screenshot(picture("signed-off"));
  },
  "the same sign-off once more ends on its error page": async () => {
    await browser.goto(logout);
    assert.ok((await browser.address()).startsWith(`${ui}/error?id=`), await browser.address());
    if (picture("error")) await browser.screenshot(picture("error"));
  },
})
  .then(() => browser.close())
  .then(() => process.exit()); // The application goes along.
