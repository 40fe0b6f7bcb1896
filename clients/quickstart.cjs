// A person in headless Chromium at an application of docs/quickstart.md: signs on and off, and is ended from outside meanwhile.
const { execFileSync } = require("node:child_process");
const { Browser } = require("./browser.cjs");
const { assert, vars, scenario } = require("./steps.cjs");

const { sites: [site], user, password, issuer } = vars;

let browser;

/** Follows the application's link to the sign-on page, fills it in, and comes back. */
async function signOn() {
  await browser.click("a[href='/login']");
  assert.ok((await browser.address()).startsWith(new URL(issuer).origin), await browser.address());
  await browser.type("input[name=username]", user);
  await browser.type("input[name=password]", password);
  await browser.click("button[type=submit]");
  await browser.until(`Hello, ${user}.`);
  assert.equal(new URL(await browser.address()).origin, site);
}

async function isNobody() {
  await browser.goto(`${site}/`);
  assert.match(await browser.text(), /^Nobody is signed on\./);
}

scenario({
  "nobody is signed on at first": async () => {
    browser = await Browser.open();
    await isNobody();
  },
  "a person signs on and is known by name": async () => {
    await signOn();
    await browser.goto(`${site}/`);
    assert.match(await browser.text(), new RegExp(`^Hello, ${user}\\.`));
  },
  "what was ended from outside is over at the next request": async () => {
    execFileSync("adieu", ["end", "--user", user, "--reason", "A stolen laptop"], { stdio: "pipe" });
    await isNobody();
  },
  "the person signs on again, with a password, and off by the application": async () => {
    await signOn();
    await browser.click("a[href='/logout']");
    await browser.until("Nobody is signed on.");
    assert.equal(new URL(await browser.address()).origin, site);
    await isNobody();
  },
  "signed off there is signed off at adieu: a password is asked for": async () => {
    await signOn();
  },
})
  .then(() => browser.close())
  .then(() => process.exit());
