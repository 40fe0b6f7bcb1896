// Applications that are told of a sign-off by frames, in headless Chromium: each gets its cookie along, the page goes on when all are
// there, and not later than after three seconds where one never answers (S-FCL-3, S-FCL-5).
const { createServer } = require("node:http");
const { Browser } = require("./browser.cjs");
const { assert, vars, scenario } = require("./steps.cjs");

const { pingone, kratos } = vars;
const site = `http://${process.env.PAGE}`;
const issuer = `${kratos.public}/o/alpha`;
const told = [];
let hangs = false;

function application() {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, site);
    if (pathname === "/out") {
      told.push({ query: searchParams, cookie: request.headers.cookie ?? "", into: request.headers["sec-fetch-dest"] });
      return hangs ? undefined : response.setHeader("Cache-Control", "no-store").end("out");
    }
    if (pathname === "/callback") response.setHeader("Set-Cookie", "app=signed-on; Path=/");
    response.setHeader("Content-Type", "text/html").end(`the application ${pathname}`);
  });
  const [host, port] = process.env.PAGE.split(":");
  return new Promise((resolve) => server.listen(Number(port), host, resolve));
}

async function client() {
  const { origin } = new URL(kratos.admin);
  const realms = await (await fetch(`${origin}/v1/realms`)).json();
  const realm = realms.items.find(({ path }) => path === "/alpha");
  const body = JSON.stringify({
    client_name: "Framed", redirect_uris: [`${site}/callback`], post_logout_redirect_uris: [`${site}/bye`], pkce_required: false,
    frontchannel_logout_uri: `${site}/out`, frontchannel_logout_session_required: true,
  });
  const headers = { "Content-Type": "application/json" };
  const made = await fetch(`${origin}/v1/realms/${realm.id}/clients`, { method: "POST", headers, body });
  assert.equal(made.status, 201, await made.clone().text());
  return (await made.json()).client_id;
}

let browser, id;

async function signedOn() {
  const callback = encodeURIComponent(`${site}/callback`);
  await browser.goto(`${issuer}/authorize?response_type=code&client_id=${id}&scope=openid&redirect_uri=${callback}`);
  await browser.type("#identifier", pingone.user);
  await browser.type("#password", pingone.password);
  await browser.click("button[type=submit]");
  await browser.until("the application /callback");
}

/** Signs off; says how long the page after it stayed. */
async function signedOff() {
  const back = encodeURIComponent(`${site}/bye`);
  await browser.goto(`${issuer}/logout?client_id=${id}&post_logout_redirect_uri=${back}&state=x`);
  assert.match(await browser.text(), /Everywhere: these applications\s+Framed/);
  await browser.evaluate(() => document.querySelector("button[value=everywhere]").click());
  const from = Date.now();
  await browser.until("the application /bye");
  assert.equal(await browser.address(), `${site}/bye?state=x`);
  return Date.now() - from;
}

scenario({
  "a frame tells the application, with its cookie, and the page goes on": async () => {
    await application();
    id = await client();
    browser = await Browser.open();
    await signedOn();
    await signedOff();
    assert.equal(told.length, 1);
    const [{ query, cookie, into }] = told;
    assert.equal(into, "iframe");
    assert.match(cookie, /app=signed-on/);
    assert.equal(query.get("iss"), issuer);
    assert.ok(query.get("sid"));
  },
  "an application that never answers holds it up for three seconds": async () => {
    hangs = true;
    await signedOn();
    const waited = await signedOff();
    assert.ok(waited > 2000 && waited < 30000, `${waited} ms`);
    assert.equal(told.length, 2);
  },
  "only one application can be left, and the session lives": async () => {
    await signedOn();
    const back = encodeURIComponent(`${site}/bye`);
    await browser.goto(`${issuer}/logout?client_id=${id}&post_logout_redirect_uri=${back}`);
    await browser.click("button[value=here]");
    await browser.until("the application /bye");
    const callback = encodeURIComponent(`${site}/callback`);
    await browser.goto(`${issuer}/authorize?response_type=code&client_id=${id}&scope=openid&prompt=none&redirect_uri=${callback}`);
    assert.match(await browser.address(), /[?&]code=/);
  },
})
  .then(() => browser.close())
  .then(() => process.exit());
