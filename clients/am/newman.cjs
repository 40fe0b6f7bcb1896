// The Postman item of founding document 003, by newman: a logout, and what the same token gets afterwards.
const newman = require("newman");
const { assert, vars, scenario } = require("../steps.cjs");

const { am } = vars;

/** The item as the document prints it, with its variables and the tenant's address filled in. */
function item(tests) {
  return {
    name: "Step 4: Logout",
    event: [{ listen: "test", script: { type: "text/javascript", exec: tests } }],
    protocolProfileBehavior: { disableCookies: true },
    request: {
      method: "POST",
      header: [
        { key: "{{cookieName}}", value: "{{demoSSOToken}}", type: "text" },
        { key: "Accept-API-Version", value: "resource=3.1, protocol=1.0", type: "text" },
      ],
      url: {
        raw: "{{amUrl}}/json{{realm}}/sessions/?_action=logout",
        host: ["{{amUrl}}"],
        path: ["json{{realm}}", "sessions", ""],
        query: [{ key: "_action", value: "logout" }],
      },
    },
  };
}

const FOUNDING = [
  "postman.setNextRequest(null);",
  'pm.globals.unset("authId");',
  'pm.globals.unset("demoSSOToken");',
  'pm.test("Status code is 200.", () => { pm.expect(pm.response.code).to.eql(200); });',
  'pm.test("Logged out.", () => { pm.expect(pm.response.json().result).to.eql("Successfully logged out"); });',
  'pm.test("36 bytes.", () => { pm.expect(pm.response.text().length).to.eql(36); });',
];
const AGAIN = ['pm.test("Status code is 401.", () => { pm.expect(pm.response.code).to.eql(401); });'];

function run(tests, globals) {
  const collection = { info: { name: "ForgeRock Identity Cloud Collection" }, item: [item(tests)] };
  const values = Object.entries(globals).map(([key, value]) => ({ key, value }));
  return new Promise((resolve, reject) => {
    newman.run({ collection, globals: { values }, reporters: [], timeout: 20000 }, (error, summary) =>
      error ? reject(error) : resolve(summary.run),
    );
  });
}

scenario({
  "the item ends the session, and then there is none": async () => {
    const headers = { "X-OpenAM-Username": am.user, "X-OpenAM-Password": am.password, "Accept-API-Version": "resource=2.0, protocol=1.0" };
    const answer = await fetch(`${am.public}/json/realms/root/realms/alpha/authenticate`, { method: "POST", headers });
    const { tokenId } = await answer.json();
    const globals = { amUrl: am.public, realm: "/realms/root/realms/alpha", cookieName: am.cookie, demoSSOToken: tokenId };
    for (const tests of [FOUNDING, AGAIN]) {
      const { failures, stats } = await run(tests, globals);
      assert.deepEqual(failures.map((one) => one.error.message), []);
      assert.equal(stats.assertions.total, tests.filter((line) => line.startsWith("pm.test")).length);
    }
  },
});
