// npm oidc-provider as the upstream provider of a realm: sign-on through it in a browser without script, and its back-channel logout,
// which ends our session (S-BCL-23).
const { createServer } = require("node:http");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { assert, vars, Jar, setCookies, scenario } = require("./steps.cjs");

const { public: base, admin } = vars.kratos;
const issuer = `http://${process.env.PAGE}`;
const here = (endpoint) => `${base}/o/alpha/upstream/node/${endpoint}`;
const jars = new Map();
let server, token;

async function provider() {
  const folder = path.dirname(require.resolve("oidc-provider/package.json"));
  const { Provider } = await import(pathToFileURL(path.join(folder, "lib/index.js")).href);
  const told = new Provider(issuer, {
    clients: [
      {
        client_id: "adieu",
        client_secret: "a:secret%of letters",
        redirect_uris: [here("callback")],
        backchannel_logout_uri: here("backchannel-logout"),
        backchannel_logout_session_required: true,
      },
    ],
    claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
    features: { backchannelLogout: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, email: `${id}@node.test`, email_verified: true }),
    }),
  });
  for (const what of ["server_error", "grant.error"]) told.on(what, (_, error) => console.error(`${what}:`, error));
  told.on("backchannel.error", (_, error) => console.error("back-channel logout:", error));
  server = createServer(told.callback());
  const { hostname, port } = new URL(issuer);
  await new Promise((resolve) => server.listen(Number(port), hostname, resolve));
}

async function once(address, form) {
  const { origin } = new URL(address);
  if (!jars.has(origin)) jars.set(origin, new Jar());
  const jar = jars.get(origin);
  const body = form && new URLSearchParams(form);
  const reply = await fetch(address, {
    method: form ? "POST" : "GET",
    headers: { cookie: jar.header, accept: "text/html" },
    body,
    redirect: "manual",
  });
  jar.take(setCookies(reply.headers));
  const location = reply.headers.get("location");
  return { status: reply.status, text: await reply.text(), to: location && new URL(location, address).href };
}

/** Follows redirects to a page or to the end of the way. */
async function go(address, form, end) {
  let reply = await once(address, form);
  while (reply.to) {
    address = reply.to;
    if (end && address === end) return { address, ...reply };
    reply = await once(address);
  }
  return { address, ...reply };
}

const action = (page) => new URL(/action="([^"]+)"/.exec(page.text)[1], page.address).href;
const whoami = async () => (await fetch(`${base}/sessions/whoami`, { headers: { "X-Session-Token": token } })).status;

async function native(method, path, body) {
  const reply = await fetch(`${admin}${path}`, {
    method,
    headers: body && { "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await reply.text();
  assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

scenario({
  "a realm gets the provider": async () => {
    await provider();
    const realm = (await native("GET", "/v1/realms?path=/alpha")).items[0].id;
    await native("POST", `/v1/realms/${realm}/upstreams`, {
      name: "node", issuer, client_id: "adieu", client_secret: "a:secret%of letters", creates_users: true,
    });
  },
  "a browser signs on through it": async () => {
    const end = `${base}/after`;
    let page = await go(`${here("begin")}?return_to=/after`);
    page = await go(action(page), { prompt: "login", login: "nora", password: "any" });
    page = await go(action(page), { prompt: "consent" }, end);
    assert.equal(page.address, end, `${page.status} ${page.text}`);
    token = jars.get(new URL(base).origin).cookies.get("adieu_session");
    assert.equal(await whoami(), 200);
  },
  "its sign-off ends our session": async () => {
    const page = await go(`${issuer}/session/end`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)[1];
    await go(`${issuer}/session/end/confirm`, { xsrf, logout: "yes" });
    assert.equal(await whoami(), 401);
    const ending = (await native("GET", "/v1/endings?limit=1")).items[0];
    assert.equal(JSON.stringify(ending).includes('"upstream node"'), true, JSON.stringify(ending));
    server.closeAllConnections();
    server.close();
  },
});
