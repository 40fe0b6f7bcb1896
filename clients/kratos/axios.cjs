// @ory/client or @ory/kratos-client (both on axios) against adieu: only the base path is ours.
const { Configuration, FrontendApi, IdentityApi } = require(process.env.PACKAGE || "@ory/client");
const { assert, vars, refused, Jar, scenario } = require("../steps.cjs");

const { public: publicBase, admin, alice, alice_password: alicePassword, bob, bob_password: bobPassword } = vars.kratos;
// The same is served below `/auth`.
const base = publicBase + (process.env.BELOW || "");
const frontend = new FrontendApi(new Configuration({ basePath: base }));
const identities = new IdentityApi(new Configuration({ basePath: admin }));

async function signOnNatively(identifier, password) {
  const flow = (await frontend.createNativeLoginFlow()).data;
  const updateLoginFlowBody = { method: "password", identifier, password };
  return (await frontend.updateLoginFlow({ flow: flow.id, updateLoginFlowBody })).data;
}

async function signOnInBrowser(jar, identifier, password, csrf) {
  const begun = await frontend.createBrowserLoginFlow({}, { headers: { Cookie: jar.header } });
  jar.take(begun.headers["set-cookie"]);
  const node = begun.data.ui.nodes.find((one) => one.attributes.name === "csrf_token");
  const updateLoginFlowBody = { method: "password", identifier, password, csrf_token: csrf || node.attributes.value };
  const done = await frontend.updateLoginFlow(
    { flow: begun.data.id, updateLoginFlowBody, cookie: jar.header },
    { headers: { Cookie: jar.header } },
  );
  jar.take(done.headers["set-cookie"]);
  return done.data;
}

const whoami = (xSessionToken) => frontend.toSession({ xSessionToken });

scenario({
  "a wrong password is refused": async () => {
    assert.equal(await refused(() => signOnNatively(alice, "not the password")), 400);
  },
  "a native session lives from sign-on to logout": async () => {
    const { session_token: token, session } = await signOnNatively(alice, alicePassword);
    assert.match(token, /^ory_st_/);
    const seen = (await whoami(token)).data;
    assert.equal(seen.id, session.id);
    assert.equal(seen.identity.traits.email, alice);
    const performNativeLogoutBody = { session_token: token };
    assert.equal((await frontend.performNativeLogout({ performNativeLogoutBody })).status, 204);
    assert.equal(await refused(() => whoami(token)), 401);
    assert.equal((await frontend.performNativeLogout({ performNativeLogoutBody })).status, 204);
    const forged = { session_token: `${token.slice(0, -4)}AAAA` };
    assert.equal(await refused(() => frontend.performNativeLogout({ performNativeLogoutBody: forged })), 403);
  },
  "other sessions are listed and ended": async () => {
    const mine = (await signOnNatively(alice, alicePassword)).session_token;
    const second = await signOnNatively(alice, alicePassword);
    const third = await signOnNatively(alice, alicePassword);
    const ids = (await frontend.listMySessions({ xSessionToken: mine })).data.map((one) => one.id);
    assert.deepEqual(ids.slice(0, 2).sort(), [second.session.id, third.session.id].sort());
    await frontend.disableMySession({ id: second.session.id, xSessionToken: mine });
    assert.equal(await refused(() => whoami(second.session_token)), 401);
    const count = (await frontend.disableMyOtherSessions({ xSessionToken: mine })).data.count;
    assert.ok(count >= 1);
    assert.equal(await refused(() => whoami(third.session_token)), 401);
    assert.equal((await whoami(mine)).status, 200);
  },
  "another user's session is not ended": async () => {
    const hers = await signOnNatively(alice, alicePassword);
    const his = await signOnNatively(bob, bobPassword);
    await frontend.disableMySession({ id: his.session.id, xSessionToken: hers.session_token });
    assert.equal((await whoami(his.session_token)).status, 200);
  },
  "a browser signs on and off": async () => {
    const jar = new Jar();
    const { session } = await signOnInBrowser(jar, alice, alicePassword);
    assert.equal((await frontend.toSession({ cookie: jar.header }, { headers: { Cookie: jar.header } })).data.id, session.id);
    const cookie = { headers: { Cookie: jar.header } };
    const { logout_token: token, logout_url: url } = (await frontend.createBrowserLogoutFlow({}, cookie)).data;
    assert.ok(url.startsWith(`${base}/self-service/logout?token=`));
    const other = new Jar();
    await signOnInBrowser(other, bob, bobPassword);
    const stolen = { headers: { Cookie: other.header } };
    assert.equal(await refused(() => frontend.updateLogoutFlow({ token }, stolen)), 403);
    assert.equal((await frontend.updateLogoutFlow({ token }, cookie)).status, 204);
    assert.equal(await refused(() => frontend.toSession({}, cookie)), 401);
    assert.equal(await refused(() => frontend.updateLogoutFlow({ token }, cookie)), 401);
  },
  "a wrong anti-forgery token is refused": async () => {
    assert.equal(await refused(() => signOnInBrowser(new Jar(), alice, alicePassword, "bm90IGl0")), 403);
  },
  "a check that races an ending never says live afterwards": async () => {
    for (let round = 0; round < 20; round += 1) {
      const { session_token: token } = await signOnNatively(alice, alicePassword);
      let ended = false;
      const check = async () => {
        while (true) {
          const before = ended;
          const live = await whoami(token).then(() => true, () => false);
          assert.ok(!(before && live), "live after the answer to the ending");
          if (before) return;
        }
      };
      const checks = [check(), check(), check(), check()];
      await frontend.performNativeLogout({ performNativeLogoutBody: { session_token: token } });
      ended = true;
      await Promise.all(checks);
    }
  },
  "an administrator makes, reads, disables and deletes an identity": async () => {
    const email = `made-${process.pid}@example.test`;
    const password = "correct-horse-battery-9";
    const createIdentityBody = { schema_id: "person", traits: { email }, credentials: { password: { config: { password } } } };
    const made = (await identities.createIdentity({ createIdentityBody })).data;
    assert.equal((await identities.getIdentity({ id: made.id })).data.traits.email, email);
    assert.equal((await identities.listIdentities({ credentialsIdentifier: email })).data.length, 1);
    assert.equal(await refused(() => identities.createIdentity({ createIdentityBody })), 409);
    const { session_token: token, session } = await signOnNatively(email, password);
    assert.equal((await identities.getSession({ id: session.id, expand: ["identity"] })).data.identity.id, made.id);
    assert.equal((await identities.listIdentitySessions({ id: made.id })).data.length, 1);
    assert.equal((await identities.extendSession({ id: session.id })).status, 200);
    const jsonPatch = [{ op: "replace", path: "/state", value: "inactive" }];
    await identities.patchIdentity({ id: made.id, jsonPatch });
    assert.equal(await refused(() => whoami(token)), 401);
    assert.equal(await refused(() => signOnNatively(email, password)), 401);
    await identities.patchIdentity({ id: made.id, jsonPatch: [{ op: "replace", path: "/state", value: "active" }] });
    assert.equal(await refused(() => whoami(token)), 401, "it does not come back");
    const again = await signOnNatively(email, password);
    assert.equal((await identities.deleteIdentitySessions({ id: made.id })).status, 204);
    assert.equal(await refused(() => whoami(again.session_token)), 401);
    assert.equal((await identities.deleteIdentity({ id: made.id })).status, 204);
    assert.equal(await refused(() => identities.getIdentity({ id: made.id })), 404);
  },
  "all sessions are paged through": async () => {
    const first = await identities.listSessions({ pageSize: 2, active: true });
    assert.ok(first.data.length <= 2);
    assert.match(first.headers.link, /rel="first"/);
  },
});
