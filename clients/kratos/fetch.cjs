// @ory/client-fetch against adieu. It sends `Accept: */*`, which Kratos takes for a browser: redirects are followed.
const { Configuration, FrontendApi, IdentityApi } = require("@ory/client-fetch");
const { assert, vars, refused, scenario } = require("../steps.cjs");

const { public: publicBase, admin, alice, alice_password: alicePassword, bob, bob_password: bobPassword } = vars.kratos;
const base = publicBase + (process.env.BELOW || "");
const json = { headers: { Accept: "application/json" } };
const frontend = new FrontendApi(new Configuration({ basePath: base }));
const jsonFrontend = new FrontendApi(new Configuration({ basePath: base, headers: json.headers }));
const identities = new IdentityApi(new Configuration({ basePath: admin }));

async function signOnNatively(identifier, password) {
  const flow = await frontend.createNativeLoginFlow();
  const updateLoginFlowBody = { method: "password", identifier, password };
  return frontend.updateLoginFlow({ flow: flow.id, updateLoginFlowBody });
}

scenario({
  "a wrong password is refused": async () => {
    assert.equal(await refused(() => signOnNatively(alice, "not the password")), 400);
  },
  "a native session lives from sign-on to logout": async () => {
    const { session_token: token, session } = await signOnNatively(alice, alicePassword);
    assert.equal((await frontend.toSession({ xSessionToken: token })).id, session.id);
    const performNativeLogoutBody = { session_token: token };
    await frontend.performNativeLogout({ performNativeLogoutBody });
    assert.equal(await refused(() => frontend.toSession({ xSessionToken: token })), 401);
    await frontend.performNativeLogout({ performNativeLogoutBody });
  },
  "a logout by token and its address ends that session": async () => {
    const { session_token: token } = await signOnNatively(alice, alicePassword);
    const own = { headers: { "X-Session-Token": token, Accept: "application/json" } };
    const { logout_token: logoutToken } = await jsonFrontend.createBrowserLogoutFlow({}, own);
    await jsonFrontend.updateLogoutFlow({ token: logoutToken }, own);
    assert.equal(await refused(() => frontend.toSession({ xSessionToken: token })), 401);
    assert.equal(await refused(() => jsonFrontend.updateLogoutFlow({ token: logoutToken }, own)), 401);
  },
  "sessions are listed for their user and for administrators": async () => {
    const { session_token: token } = await signOnNatively(alice, alicePassword);
    const other = await signOnNatively(alice, alicePassword);
    const bobs = await signOnNatively(bob, bobPassword);
    const listed = await frontend.listMySessions({ xSessionToken: token });
    assert.equal(listed[0].id, other.session.id);
    assert.ok(!listed.some((one) => one.id === bobs.session.id));
    await frontend.disableMySession({ id: bobs.session.id, xSessionToken: token });
    assert.equal((await frontend.toSession({ xSessionToken: bobs.session_token })).active, true);
    const all = await identities.listSessions({ pageSize: 500, active: true });
    assert.deepEqual([other, bobs].map((one) => all.some((seen) => seen.id === one.session.id)), [true, true]);
    const read = await identities.getSession({ id: other.session.id });
    assert.equal(read.active, true);
    await identities.disableSession({ id: other.session.id });
    assert.equal((await identities.getSession({ id: other.session.id })).active, false);
    assert.equal(await refused(() => frontend.toSession({ xSessionToken: other.session_token })), 401);
  },
  "an administrator makes an identity, ends its session and deletes it": async () => {
    const email = `made-by-fetch-${process.pid}@example.test`;
    const password = "correct-horse-battery-9";
    const createIdentityBody = { schema_id: "person", traits: { email }, credentials: { password: { config: { password } } } };
    const made = await identities.createIdentity({ createIdentityBody });
    assert.equal(await refused(() => identities.createIdentity({ createIdentityBody })), 409);
    const { session_token: token } = await signOnNatively(email, password);
    assert.equal((await identities.listIdentitySessions({ id: made.id })).length, 1);
    await identities.deleteIdentitySessions({ id: made.id });
    assert.equal(await refused(() => frontend.toSession({ xSessionToken: token })), 401);
    await identities.deleteIdentity({ id: made.id });
    assert.equal(await refused(() => identities.getIdentity({ id: made.id })), 404);
  },
});
