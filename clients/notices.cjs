// A person in headless Chromium at two applications of docs/notices.md, which ask adieu every five minutes at most: signs off at one, is ended from outside.
const { execFileSync } = require("node:child_process");
const os = require("node:os");
const { Browser } = require("./browser.cjs");
const { assert, vars, scenario } = require("./steps.cjs");

const { sites, user, password } = vars;
/**
 * In this time an application has to know: a bell that is broken, or a lease that has to run out, takes longer. Telling has the lowest priority, and
 * waits where other programs leave it no processor: there it has more, and it is said. `cargo xtask bench notify` has the figures of a quiet machine.
 */
const QUIET_MS = 5_000;
const BUSY_MS = 30_000;
const isBusy = os.loadavg()[0] > 2 * os.cpus().length;
const KNOWS_MS = isBusy ? BUSY_MS : QUIET_MS;
if (isBusy) console.log(`    this machine is busy (${os.loadavg()[0]}): ${KNOWS_MS} ms instead of ${QUIET_MS}`);

let browser;

async function says(site, text) {
  await browser.goto(`${site}/`);
  assert.match(await browser.text(), text, site);
}

const NOBODY = /^Nobody is signed on\./;
const SOMEBODY = new RegExp(`^Hello, ${user}\\.`);

/** Signs on at both applications, with a password at the first. */
async function signOn() {
  const [first, ...others] = sites;
  await browser.goto(`${first}/`);
  await browser.click("a[href='/login']");
  await browser.type("input[name=username]", user);
  await browser.type("input[name=password]", password);
  await browser.click("button[type=submit]");
  await browser.until(`Hello, ${user}.`);
  for (const site of others) {
    await browser.goto(`${site}/`);
    await browser.click("a[href='/login']");
    await browser.until(`Hello, ${user}.`);
  }
  for (const site of sites) await says(site, SOMEBODY);
}

/** Whether everybody is out, at each of the applications, though no cookie was taken away. */
async function areOut(places) {
  const began = Date.now();
  for (const site of places) {
    for (;;) {
      await browser.goto(`${site}/`);
      if (NOBODY.test(await browser.text())) break;
      assert.ok(Date.now() - began < KNOWS_MS, `${site} knows nothing yet`);
    }
  }
  console.log(`    out after ${Date.now() - began} ms`);
}

scenario({
  "a person signs on at both, with one password": async () => {
    browser = await Browser.open();
    for (const site of sites) await says(site, NOBODY);
    await signOn();
  },
  "who signs off at one is out at the other": async () => {
    await browser.goto(`${sites[0]}/`);
    await browser.click("a[href='/logout']");
    await browser.until("Nobody is signed on.");
    await areOut(sites);
  },
  "what is ended from outside is over at both, and both have confirmed": async () => {
    await signOn();
    const said = execFileSync("adieu", ["end", "--user", user, "--wait", `${KNOWS_MS / 1_000}s`], { encoding: "utf8" });
    assert.match(said, new RegExp(`told: ${sites.length} confirmed`));
    await areOut(sites);
  },
  "and the person can sign on again": signOn,
})
  .then(() => browser.close())
  .then(() => process.exit());
