// An application at both issuers that asks for its answer in a form: headless Chromium carries it there (F-26).
const { createServer } = require("node:http");
const { Browser } = require("./browser.cjs");
const { assert, vars, scenario } = require("./steps.cjs");

const { pingone, kratos } = vars;
const callback = `http://${process.env.PAGE}/callback`;
const issuers = [`${kratos.public}/${pingone.env_id}/as`, `${kratos.public}/am/oauth2/realms/root/realms/alpha`];

/** The application: keeps what was posted, and sends the browser on to a page of its own. */
function application() {
  const posted = [];
  const server = createServer(async (request, response) => {
    if (request.url !== "/callback" || request.method !== "POST") return response.end("the application");
    let body = "";
    for await (const piece of request) body += piece;
    posted.push(new URLSearchParams(body));
    response.writeHead(303, { Location: "/" }).end();
  });
  const [host, port] = process.env.PAGE.split(":");
  return new Promise((resolve) => server.listen(Number(port), host, () => resolve(posted)));
}

/** A client that may be answered at this address, made over the native API. */
async function client() {
  const { origin } = new URL(kratos.admin);
  const realms = await (await fetch(`${origin}/v1/realms`)).json();
  const realm = realms.items.find(({ path }) => path === "/alpha");
  const body = JSON.stringify({ client_name: "Forms", redirect_uris: [callback], pkce_required: false });
  const headers = { "Content-Type": "application/json" };
  const made = await fetch(`${origin}/v1/realms/${realm.id}/clients`, { method: "POST", headers, body });
  assert.equal(made.status, 201, await made.clone().text());
  return (await made.json()).client_id;
}

let browser, posted, id;

const asking = (issuer, more) =>
  `${issuer}/authorize?response_type=code&response_mode=form_post&client_id=${id}&scope=openid&state=s%26t` +
  `&redirect_uri=${encodeURIComponent(callback)}${more}`;

scenario({
  "a sign-on ends with a form that posts itself": async () => {
    posted = await application();
    id = await client();
    browser = await Browser.open();
    await browser.goto(asking(issuers[0], ""));
    await browser.type("input[name=username]", pingone.user);
    await browser.type("input[name=password]", pingone.password);
    await browser.click("button[type=submit]");
    await browser.until("the application");
    assert.equal(posted.length, 1);
    assert.ok(posted[0].get("code") && posted[0].get("state") === "s&t", posted[0].toString());
    assert.equal(posted[0].get("iss"), issuers[0]);
  },
  "errors come by the same way from both": async () => {
    for (const issuer of issuers) {
      const before = posted.length;
      await browser.goto(asking(issuer, "&prompt=none&max_age=0"));
      await browser.until("the application");
      assert.equal(posted.length, before + 1);
      assert.equal(posted[before].get("error"), "login_required");
      assert.equal(posted[before].get("iss"), issuer);
    }
  },
})
  .then(() => browser.close())
  .then(() => process.exit());
