// A person in headless Chromium at an application behind nginx, which asks adieu: led to the sign-on and back (F-29).
const { Browser } = require("./browser.cjs");
const { assert, vars, scenario } = require("./steps.cjs");

const { public: kratos, alice, alice_password: password } = vars.kratos;
const site = process.env.SITE;

let browser;

/** Goes to a page of the application, is asked to sign on, and does. */
async function ledBackTo(path) {
  await browser.goto(`${site}${path}`);
  assert.ok((await browser.address()).startsWith(`${kratos}/self-service/ui/login?flow=`), await browser.address());
  await browser.type("input[name=identifier]", alice);
  await browser.type("input[name=password]", password);
  await browser.click("button[type=submit]");
  assert.equal(await browser.address(), `${site}${path}`);
}

/** The address that signs off. */
async function signOff() {
  await browser.goto(`${kratos}/self-service/logout/browser`);
  return JSON.parse(await browser.text()).logout_url;
}

/** What scripts of the application are told once its page's user has signed off. */
async function afterwards(logout) {
  // Nobody serves the page that the sign-off leads to.
  await fetch(logout, { mode: "no-cors", credentials: "include" }).catch(() => {});
  const statuses = [];
  const asked = { headers: { Accept: "text/html" } };
  for (const init of [asked, { method: "POST", body: "x" }]) {
    const answer = await fetch("/secret", init);
    statuses.push([answer.status, answer.redirected]);
  }
  return statuses;
}

/** Posts a form of the page. */
function posts() {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/secret";
  const button = document.createElement("button");
  button.id = "post";
  form.append(button);
  document.body.append(form);
}

scenario({
  "a page with two parameters": async () => {
    browser = await Browser.open();
    await ledBackTo("/secret?x=1&y=2");
    assert.match(await browser.text(), /alice/);
  },
  "a page whose parameters are named like those of the sign-on": async () => {
    await browser.goto(await signOff());
    await ledBackTo("/secret?q=1&aal=aal2&refresh=true&return_to=https%3A%2F%2Fevil.example%2F");
  },
  "scripts and forms are told 401": async () => {
    const logout = await signOff();
    await browser.goto(`${site}/secret`);
    assert.deepEqual(await browser.evaluate(afterwards, logout), [[401, false], [401, false]]);
    await browser.evaluate(posts);
    await browser.click("#post");
    assert.equal(await browser.address(), `${site}/secret`);
    assert.match(await browser.text(), /401/);
  },
})
  .then(() => browser.close())
  .then(() => process.exit());
