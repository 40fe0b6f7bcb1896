// npm openid-client at the native issuer, unchanged: code with PKCE, refresh, userinfo, introspection, revocation, logout; a refresh
// token that is used twice; then the same by a client that signs with a key of its own and is answered signed (S-CA-2, S-TOK-4).
const path = require("node:path");
const { pathToFileURL } = require("node:url");
require("./newer-node.cjs");
const { Jar, assert, setCookies, vars, scenario } = require("./steps.cjs");

const { pingone, kratos } = vars;
const issuer = `${kratos.public}/o/alpha`;
const callback = "https://shop.example.test/callback";
const bye = "https://shop.example.test/bye";
const module_ = path.join(process.env.NODE_PATH, "openid-client/build/index.js");

let oidc, browser;

/** A client, made over the native API. */
async function client(more) {
  const { origin } = new URL(kratos.admin);
  const realms = await (await fetch(`${origin}/v1/realms`)).json();
  const realm = realms.items.find((one) => one.path === "/alpha");
  const body = JSON.stringify({
    client_name: "Shop", grant_types: ["authorization_code", "refresh_token"], redirect_uris: [callback],
    post_logout_redirect_uris: [bye], ...more,
  });
  const headers = { "Content-Type": "application/json" };
  const made = await fetch(`${origin}/v1/realms/${realm.id}/clients`, { method: "POST", headers, body });
  assert.equal(made.status, 201, await made.clone().text());
  return await made.json();
}

/** A browser without scripts: it keeps cookies, fills in the form of a page, and follows nothing. */
class Pages {
  jar = new Jar();

  async send(address, options = {}) {
    const headers = { ...options.headers, Cookie: this.jar.header };
    const reply = await fetch(address, { ...options, headers, redirect: "manual" });
    this.jar.take(setCookies(reply.headers));
    return reply;
  }

  /** Where a request ends: at the client's address, with a sign-on between if there is a page. */
  async answered(address) {
    const reply = await this.send(address);
    if (reply.status === 303) return new URL(reply.headers.get("location"));
    const page = await reply.text();
    assert.equal(reply.status, 200, page);
    const decoded = (text) => text.replace(/&#(\d+);/g, (_, number) => String.fromCharCode(number));
    const fields = new URLSearchParams();
    for (const [input] of page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      fields.set(decoded(/name="([^"]*)"/.exec(input)[1]), decoded(/value="([^"]*)"/.exec(input)[1]));
    }
    fields.set("username", pingone.user);
    fields.set("password", pingone.password);
    const action = new URL(decoded(/<form[^>]*action="([^"]*)"/.exec(page)[1]), address);
    let sent = await this.send(action, { method: "POST", body: fields });
    for (let hops = 0; sent.status === 303 && hops < 4; hops += 1) {
      const to = new URL(sent.headers.get("location"), action);
      if (to.origin !== new URL(issuer).origin) return to;
      sent = await this.send(to);
    }
    assert.fail(`no way back: ${sent.status} ${await sent.text()}`);
  }
}

const configured = (id, metadata, auth) =>
  oidc.discovery(new URL(issuer), id, metadata, auth, { execute: [oidc.allowInsecureRequests] });

/** Tokens by code, with everything that the package checks by itself: state, nonce, PKCE, `iss`, the signature of the ID token. */
async function tokens(config, address = (parameters) => oidc.buildAuthorizationUrl(config, parameters)) {
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const parameters = {
    redirect_uri: callback, scope: "openid email", state, nonce, code_challenge_method: "S256",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  };
  const answer = await browser.answered(await address(parameters));
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return await oidc.authorizationCodeGrant(config, answer, checks);
}

const refused = async (call) => (await assert.rejects(call), await call().catch((error) => error));
const algorithm = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url")).alg;

let config, first, next;

const life = (name, made) => ({
  [`${name}: code, refresh, userinfo, introspection`]: async () => {
    browser = new Pages();
    config = await made();
    first = await tokens(config);
    next = await oidc.refreshTokenGrant(config, first.refresh_token);
    assert.notEqual(next.refresh_token, first.refresh_token);
    const { sub } = first.claims();
    assert.equal(next.claims().sub, sub);
    assert.equal((await oidc.fetchUserInfo(config, next.access_token, sub)).sub, sub);
    const told = await oidc.tokenIntrospection(config, next.access_token);
    assert.ok(told.active && told.sub === sub, JSON.stringify(told));
  },
  [`${name}: a refresh token that is used twice ends its grant`]: async () => {
    const error = await refused(() => oidc.refreshTokenGrant(config, first.refresh_token));
    assert.equal(error.error, "invalid_grant", String(error));
    assert.equal((await oidc.tokenIntrospection(config, next.access_token)).active, false);
    assert.equal((await refused(() => oidc.refreshTokenGrant(config, next.refresh_token))).error, "invalid_grant");
  },
  [`${name}: revocation, and logout`]: async () => {
    const again = await tokens(config);
    await oidc.tokenRevocation(config, again.refresh_token);
    assert.equal((await oidc.tokenIntrospection(config, again.access_token)).active, false);
    const last = await tokens(config);
    const out = oidc.buildEndSessionUrl(config, { id_token_hint: last.id_token, post_logout_redirect_uri: bye, state: "s" });
    assert.equal(String(await browser.answered(out)), `${bye}?state=s`);
    assert.equal((await oidc.tokenIntrospection(config, last.access_token)).active, false);
    const silent = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback, scope: "openid", prompt: "none", code_challenge_method: "S256",
      code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
    });
    assert.equal((await browser.answered(silent)).searchParams.get("error"), "login_required");
  },
});

let signing;

scenario({
  "the package": async () => {
    oidc = await import(pathToFileURL(module_).href);
  },
  ...life("client_secret_basic", async () => {
    const { client_id, client_secret } = await client({});
    return configured(client_id, undefined, oidc.ClientSecretBasic(client_secret));
  }),
  ...life("client_secret_post", async () => {
    const { client_id, client_secret } = await client({ token_endpoint_auth_method: "client_secret_post" });
    return configured(client_id, undefined, oidc.ClientSecretPost(client_secret));
  }),
  ...life("private_key_jwt and ES256", async () => {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const { client_id } = await client({
      token_endpoint_auth_method: "private_key_jwt", id_token_signed_response_alg: "ES256",
      userinfo_signed_response_alg: "ES256",
      jwks: { keys: [{ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid: "k1", alg: "ES256", use: "sig" }] },
    });
    signing = { key: pair.privateKey, kid: "k1" };
    const metadata = { id_token_signed_response_alg: "ES256", userinfo_signed_response_alg: "ES256" };
    const config = await configured(client_id, metadata, oidc.PrivateKeyJwt(signing));
    oidc.enableNonRepudiationChecks(config);
    return config;
  }),
  "a request that is signed, and one that is pushed": async () => {
    const signed = await tokens(config, (parameters) => oidc.buildAuthorizationUrlWithJAR(config, parameters, signing));
    assert.equal(algorithm(signed.id_token), "ES256");
    const pushed = await tokens(config, (parameters) => oidc.buildAuthorizationUrlWithPAR(config, parameters));
    assert.equal(pushed.claims().sub, signed.claims().sub);
    const both = await tokens(config, async (parameters) => {
      const { searchParams } = await oidc.buildAuthorizationUrlWithJAR(config, parameters, signing);
      return oidc.buildAuthorizationUrlWithPAR(config, { request: searchParams.get("request") });
    });
    assert.equal(both.claims().sub, signed.claims().sub);
  },
}).then(() => process.exit());
