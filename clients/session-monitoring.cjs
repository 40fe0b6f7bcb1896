// npm oidc-client-ts with session monitoring, on two pages of one application in headless Chromium: a sign-off in one is noticed by
// the other, which is told nothing else (S-SES-2 to S-SES-4, S-SES-9).
const { readFileSync } = require("node:fs");
const { createServer } = require("node:http");
const path = require("node:path");
const { Browser } = require("./browser.cjs");
const { assert, vars, scenario } = require("./steps.cjs");

const { pingone, kratos } = vars;
const site = `http://${process.env.PAGE}`;
const issuers = [`${kratos.public}/o/alpha`, `${kratos.public}/am/oauth2/realms/root/realms/alpha`];
const library = path.join(path.dirname(require.resolve("oidc-client-ts/package.json")), "dist/browser/oidc-client-ts.min.js");

/** The application's page: everything that it knows it has from the library. */
const page = (id) => `<!doctype html><title>app</title><body><script src="/oidc.js"></script><script>
  const query = new URLSearchParams(location.search);
  const issuer = query.get("issuer") ?? localStorage.issuer;
  if (query.has("issuer")) localStorage.issuer = issuer; // A frame of the other tab must not put the one before back.
  const say = (what) => fetch("/said", { method: "POST", body: issuer + " " + what });
  const manager = new oidc.UserManager({
    authority: issuer, client_id: ${JSON.stringify(id)}, scope: "openid",
    redirect_uri: "${site}/callback", silent_redirect_uri: "${site}/silent", post_logout_redirect_uri: "${site}/bye",
    monitorSession: true, checkSessionIntervalInSeconds: 1, automaticSilentRenew: false,
    userStore: new oidc.WebStorageStateStore({ store: localStorage }),
  });
  const show = (text) => (document.body.append(text));
  (async () => {
    if (location.pathname === "/silent") return manager.signinSilentCallback();
    if (location.pathname === "/callback") {
      const user = await manager.signinRedirectCallback();
      await say("signed on " + Boolean(user.session_state));
      return show("signed on");
    }
    if (location.pathname === "/bye") return show("signed off");
    if (location.pathname === "/other") {
      manager.events.addUserSignedOut(() => say("noticed"));
      manager.events.addUserSessionChanged(() => say("changed"));
      await manager.getUser(true);
      return say("watching");
    }
    if (location.pathname === "/frame") {
      const frame = document.createElement("iframe");
      addEventListener("message", ({ data }) => say("the frame says " + data));
      frame.onload = () => frame.contentWindow.postMessage(${JSON.stringify(id)} + " " + "A".repeat(43) + ".salt", "*");
      frame.src = await manager.metadataService.getCheckSessionIframe();
      return document.body.append(frame);
    }
    if (query.has("off")) return manager.signoutRedirect();
    await manager.signinRedirect();
  })().catch((error) => say("failed: " + error));
</script>`;

const said = [];
let id, browser;

function application() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, site);
    if (pathname === "/said") {
      let body = "";
      for await (const piece of request) body += piece;
      said.push(body);
      return response.end();
    }
    const script = pathname === "/oidc.js";
    response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
    response.end(script ? readFileSync(library) : page(id));
  });
  const [host, port] = process.env.PAGE.split(":");
  return new Promise((resolve) => server.listen(Number(port), host, resolve));
}

/** What pages of an application at this issuer have said; those of the other one may be open still. */
const of = (issuer) => said.filter((one) => one.startsWith(issuer)).map((one) => one.slice(issuer.length + 1));

/** Waits until one of them has said something. */
async function heard(issuer, what) {
  const until = Date.now() + 60_000;
  while (!of(issuer).includes(what)) {
    assert.ok(Date.now() < until, `${what}, and not: ${said.join("; ")}`);
    assert.ok(!of(issuer).some((one) => one.startsWith("failed")), said.join("; "));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A public client, made over the native API. */
async function client() {
  const { origin } = new URL(kratos.admin);
  const realms = await (await fetch(`${origin}/v1/realms`)).json();
  const realm = realms.items.find(({ path }) => path === "/alpha");
  const body = JSON.stringify({
    client_name: "Watcher", token_endpoint_auth_method: "none", redirect_uris: [`${site}/callback`, `${site}/silent`],
    post_logout_redirect_uris: [`${site}/bye`],
  });
  const headers = { "Content-Type": "application/json" };
  const made = await fetch(`${origin}/v1/realms/${realm.id}/clients`, { method: "POST", headers, body });
  assert.equal(made.status, 201, await made.clone().text());
  return (await made.json()).client_id;
}

const steps = {
  "an application": async () => {
    id = await client();
    await application();
    browser = await Browser.open();
  },
  // What a browser does that withholds the cookie: "changed" would make the application ask again and again.
  "without a cookie the frame cannot tell": async () => {
    await browser.goto(`${site}/frame?issuer=${encodeURIComponent(issuers[0])}`);
    await heard(issuers[0], "the frame says error");
    said.length = 0;
  },
};
for (const issuer of issuers) {
  steps[`a sign-off in one page is noticed in the other: ${issuer}`] = async () => {
    await browser.goto(`${site}/?issuer=${encodeURIComponent(issuer)}`);
    await browser.until("Sign on");
    await browser.type("#identifier", pingone.user);
    await browser.type("#password", pingone.password);
    await browser.click("button[type=submit]");
    await heard(issuer, "signed on true");
    await browser.openTab(`${site}/other`);
    await heard(issuer, "watching");
    // Nothing has happened: three rounds of questions are answered with `unchanged`.
    await new Promise((resolve) => setTimeout(resolve, 3500));
    assert.deepEqual(of(issuer), ["signed on true", "watching"]);
    await browser.goto(`${site}/?off=1`);
    await browser.until("signed off");
    await heard(issuer, "noticed");
  };
}

scenario(steps)
  .then(() => browser.close())
  .then(() => process.exit());
