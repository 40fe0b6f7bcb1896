// A person in headless Chromium walks through every page; npm axe-core judges each of them in light, in dark and on a phone.
// To see the pages, give the scenario a folder: PICTURES=FOLDER.
const { mkdirSync, readFileSync } = require("node:fs");
const path = require("node:path");
const { Browser } = require("./browser.cjs");
const { assert, vars, scenario } = require("./steps.cjs");

const { pingone, kratos } = vars;
const site = kratos.public;
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = {
  light: { width: 1000, height: 900, dark: false },
  dark: { width: 1000, height: 900, dark: true },
  phone: { width: 360, height: 780, dark: false },
};
const pictures = process.env.PICTURES;
const seen = [];

let browser;

/** Runs in the page: what axe finds, and whether the page is wider than its window. */
const found = `async function () {
  ${axe};
  document.querySelectorAll("details").forEach((one) => (one.open = true));
  const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
  const wide = document.documentElement.scrollWidth > window.innerWidth;
  const said = violations.map((one) => one.id + ": " + one.nodes.map((node) => node.html + " " + node.failureSummary).join(" | "));
  return wide ? [...said, "the page is wider than its window"] : said;
}`;

/** Judges the page that is shown, in every look. */
async function judged(name) {
  for (const [look, size] of Object.entries(LOOKS)) {
    await browser.look(size);
    assert.deepEqual(await browser.evaluate(found), [], `${name}, ${look}`);
    if (pictures) {
      mkdirSync(pictures, { recursive: true });
      await browser.screenshot(path.join(pictures, `${name}-${look}.png`), true);
    }
  }
  await browser.look(LOOKS.light);
  seen.push(name);
}

async function goto(address, name, text) {
  await browser.goto(address.startsWith("http") ? address : site + address);
  assert.match(await browser.text(), text, name);
  await judged(name);
}

async function signOn(identifier, password) {
  await browser.type("#identifier", identifier);
  await browser.type("#password", password);
  await browser.click("button[type=submit]");
}

/** Clicks the link with these words. */
const follow = async (words) => {
  const mark = (words) => {
    const link = [...document.querySelectorAll("a")].find((one) => one.textContent === words);
    link.id = "followed";
  };
  await browser.evaluate(mark, words);
  await browser.click("#followed");
};

const press = (name) => browser.click(`button[name=${name}]`);
const labels = () => browser.evaluate(() => [...document.querySelectorAll("label")].map((one) => one.textContent));
const verdicts = () => browser.evaluate(() => [...document.querySelectorAll(".verdict")].map((one) => one.textContent));

const authorize = `/${pingone.env_id}/as/authorize?response_type=code&scope=openid&client_id=${pingone.app_client_id}` +
  `&redirect_uri=${encodeURIComponent(pingone.app_redirect_uri)}`;
const openid = authorize.replace(`/${pingone.env_id}/as/`, "/o/alpha/");
const signOns = ["/self-service/login/browser", "/am/UI/Login?realm=/alpha", authorize];

/** Makes something of a realm over the native API. */
async function made(kind, what, at = "/alpha") {
  const { origin } = new URL(kratos.admin);
  const realms = await (await fetch(`${origin}/v1/realms`)).json();
  const realm = realms.items.find(({ path }) => path === at);
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${origin}/v1/realms/${realm.id}/${kind}`, { method: "POST", headers, body: JSON.stringify(what) });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}

/** A client of somebody else's that the browser tells of a sign-off by a frame. */
const framed = async () => (await made("clients", {
  client_name: "Framed", frontchannel_logout_uri: `${site}/health/alive`, pkce_required: false, require_consent: true,
  redirect_uris: [`${site}/`, "https://a-rather-long-name-of-a-host.shop.example.com/callback", "com.example.shop:/callback"],
})).client_id;
/** A request of it. */
const framedAt = (id) => `response_type=code&scope=openid&client_id=${id}&redirect_uri=${encodeURIComponent(`${site}/`)}`;

const newcomersPassword = "plum lantern 7 orbits";
let codes;

scenario({
  "signed on, seen in all dialects, signed off everywhere: three clicks": async () => {
    browser = await Browser.open();
    await goto("/", "welcome", /Nobody is signed on/);
    await follow("Sign on");
    await judged("kratos-sign-on");
    await signOn(pingone.user, pingone.password);
    assert.equal(await browser.address(), `${site}/`);
    assert.deepEqual(await verdicts(), ["live", "live", "live"]);
    await judged("signed-on");
    await browser.click("form button[type=submit]");
    assert.deepEqual(await verdicts(), ["not live", "not live", "not live"]);
    await judged("signed-off");
    await follow("Sign on again");
    assert.match(await browser.text(), /Username or e-mail address/);
  },
  "one field has one label on every sign-on page, and a wrong password is said there": async () => {
    for (const [n, address] of signOns.entries()) {
      const name = ["kratos", "am", "pingone"][n];
      await goto(address, `${name}-sign-on`, /Sign on/);
      assert.deepEqual(await labels(), ["Username or e-mail address", "Password"]);
      await signOn(pingone.user, "not-her-password");
      assert.equal(await browser.evaluate(() => document.querySelectorAll("[role=alert]").length), 1);
      await judged(`${name}-sign-on-failed`);
    }
  },
  "every sign-on page leads to other providers": async () => {
    for (const title of ["Example University", "Rijksdienst voor ondernemerschap en een heel lange naam"]) {
      await made("upstreams", { name: title.split(" ")[0].toLowerCase(), title, issuer: "https://idp.example.com", client_id: "adieu" });
    }
    for (const [name, address] of [...signOns.entries(), ["openid", openid]]) {
      await goto(address, `${["kratos", "am", "pingone"][name] ?? name}-sign-on-with-others`, /Sign on with Example University/);
    }
  },
  "somebody is asked whether to sign off, and sees who is told": async () => {
    const id = await framed();
    const query = framedAt(id);
    const asking = (scopes) => query.replace("scope=openid", `scope=openid%20${scopes}`);
    await goto(`/o/alpha/authorize?${query}&prompt=login`, "openid-sign-on", /Framed/);
    await signOn(pingone.user, pingone.password);
    const consents = [
      ["openid", "/o/alpha/authorize?", "email%20phone"], ["am", "/am/oauth2/realms/root/realms/alpha/authorize?", "profile"],
      ["pingone", `/${pingone.env_id}/as/authorize?`, "address%20offline_access"],
    ];
    for (const [name, at, scopes] of consents) {
      await goto(at + asking(scopes), `${name}-consent`, /Allow Framed\?/);
      await browser.click("button[value=allow]");
      assert.match(await browser.address(), /[?]code=/, name);
      await browser.goto(site + at + asking(scopes));
      assert.match(await browser.address(), /[?]code=/, `${name} asks once`);
    }
    await goto(`/o/alpha/authorize?${query}&prompt=select_account`, "openid-account", /Go on to Framed/);
    await goto("/o/alpha/applications", "applications", /Framed/);
    await browser.click("button[name=application]");
    assert.match(await browser.text(), /It is withdrawn/);
    await judged("applications-none");
    await goto(`/o/alpha/logout?client_id=${id}`, "sign-off-question", /Everywhere: these applications\s+Framed/);
    await browser.click("button[value=everywhere]");
    assert.match(await browser.text(), /Framed\s+told by your browser/);
    await judged("signed-off-told");
    await goto("/o/alpha/logout", "openid-signed-off", /Sign on again/);
  },
  "pages of one who is signed on lead on and off": async () => {
    await browser.goto(`${site}/self-service/login/browser`);
    await signOn(pingone.user, pingone.password);
    await goto("/self-service/ui/status", "kratos-signed-on", /signed on as alice/);
    await goto("/am/console", "am-signed-on", /signed on as alice/);
    await goto("/am/UI/Logout", "am-sign-off", /Sign off\?/);
    await follow("Stay signed on");
    await follow("This session in every dialect");
    assert.deepEqual(await verdicts(), ["live", "live", "live"]);
  },
  "recovery codes are read off paper without a mistake, copied and printed": async () => {
    await follow("Settings");
    await judged("settings");
    await press("lookup_secret_regenerate");
    await judged("codes");
    codes = await browser.evaluate(() => [...document.querySelectorAll("#codes li")].map((one) => one.textContent));
    assert.ok(codes.length === 12 && codes.every((code) => /^[a-hjkmnp-z2-9]{8}$/.test(code)), codes.join());
    const buttons = () => ["copy", "print"].map((id) => document.getElementById(id)?.checkVisibility());
    assert.deepEqual(await browser.evaluate(buttons), [true, true]);
    await press("lookup_secret_confirm");
    assert.match(await browser.text(), /Your codes count from now on/);
    await judged("codes-kept");
    await follow("Enter a code");
    await browser.type("#code", codes[1]);
    await browser.click("button[type=submit]");
    await browser.goto(`${site}/self-service/settings/browser`);
    await browser.click("button[value=profile]");
    assert.match(await browser.text(), /Your changes are saved/);
    await judged("settings-saved");
  },
  "the second step is asked on every sign-on page": async () => {
    await browser.goto(`${site}/`);
    await browser.click("form button[type=submit]");
    for (const [n, address] of [...signOns, openid].entries()) {
      const name = ["kratos", "am", "pingone", "openid"][n];
      await browser.goto(site + (n >= 2 ? address + "&prompt=login" : address));
      await signOn(pingone.user, pingone.password);
      assert.match(await browser.text(), /Codes lost\? Ask your administrator/, name);
      await judged(`${name}-second-step`);
      await browser.type("#code", "x");
      await browser.click("button[type=submit]");
      assert.equal(await browser.evaluate(() => document.querySelectorAll("[role=alert]").length), 1, name);
      await judged(`${name}-second-step-failed`);
      // Kratos' page has "Sign off" instead: there is a session already, which the pages below go on with.
      if (name === "kratos") assert.match(await browser.text(), /Sign off/);
      else await (name === "am" ? follow("Use another account") : browser.click(".leave button"));
      if (name !== "kratos") assert.deepEqual(await labels(), ["Username or e-mail address", "Password"], name);
    }
    await goto("/", "half-signed-on", /One more step/);
    await follow("Give the second factor");
    await browser.type("#code", codes[0].toUpperCase());
    await browser.click("button[type=submit]");
    assert.deepEqual(await verdicts(), ["live", "live", "live"]);
  },
  "errors speak to people and lead back": async () => {
    await goto("/self-service/logout?token=x", "kratos-error", /That is not allowed/);
    await goto("/self-service/ui/error?id=x", "kratos-no-error", /no such error/);
    await goto("/am/nothing", "am-error", /no such page/);
    await goto("/nowhere", "nowhere", /There is nothing here/);
    await goto("/o/alpha", "openid-nowhere", /Not found/);
    await goto("/o/alpha/authorize", "openid-error", /This link does not work/);
    await goto(`/${pingone.env_id}/as/authorize?client_id=nobody`, "pingone-error", /This link does not work/);
    await goto(`/${pingone.env_id}/signon/?flowId=${pingone.env_id}`, "pingone-gone", /no longer there/);
    await follow("Front page");
    assert.equal(await browser.address(), `${site}/`);
  },
  "the checker finds what is wrong": async () => {
    await browser.evaluate(() => document.querySelector("main").append(new Image(9, 9)));
    assert.match((await browser.evaluate(found)).join(), /image-alt/);
    await browser.goto(`${site}/`);
  },
  "whoever is signed off finds the way back": async () => {
    await browser.goto(`${site}/am/UI/Logout`);
    await browser.click("button[value=everywhere]");
    assert.match(await browser.text(), /Sign on again/);
    await judged("am-signed-off-everywhere");
    await goto("/self-service/ui/status", "kratos-signed-off", /Sign on again/);
    await goto("/am/UI/Logout", "am-signed-off", /Front page/);
    await goto(`/${pingone.env_id}/signon/`, "pingone-signed-off", /Sign on again/);
  },
  "somebody signs up": async () => {
    await goto("/self-service/registration/browser", "sign-up", /Sign up/);
    await browser.type("[name='traits.email']", "newcomer@example.test");
    await browser.type("[name='traits.username']", "newcomer");
    await press("method");
    await judged("sign-up-password");
    await browser.type("#password", "newcomer");
    await press("method");
    assert.equal(await browser.evaluate(() => document.querySelectorAll("[aria-invalid]").length), 1);
    await judged("sign-up-password-refused");
    await browser.type("#password", newcomersPassword);
    await press("method");
    await browser.goto(`${site}/`);
    await follow("Sign on");
    await signOn("newcomer", newcomersPassword);
    assert.deepEqual(await verdicts(), ["live", "live", "live"]);
    await browser.click("form button[type=submit]");
  },
  "somebody signs up on the way to an application, and goes on to it": async () => {
    const id = await framed();
    await goto(`/o/alpha/authorize?${framedAt(id)}`, "openid-sign-on-or-up", /Sign up/);
    await follow("Sign up");
    await browser.type("[name='traits.email']", "stranger@example.test");
    await press("method");
    await browser.type("#password", newcomersPassword);
    await press("method");
    // A registration opens no session here: a page says so, and leads to the one where it began.
    assert.match(await browser.text(), /You have an account/);
    await judged("signed-up");
    await follow("Sign on");
    assert.match(await browser.text(), /to continue to Framed/);
    await signOn("stranger@example.test", newcomersPassword);
    assert.match(await browser.text(), /Allow Framed\?/);
    await judged("openid-consent-after-sign-up");
    await browser.click("button[value=allow]");
    assert.match(await browser.address(), /[?]code=/);
    await browser.goto(`${site}/`);
    await browser.click("form button[type=submit]");
  },
  "somebody whom another provider knows and nobody here does finds a way on": async () => {
    const callback = `${site}/o/alpha/upstream/root/callback`;
    const client = { client_name: "Alpha", redirect_uris: [callback] };
    const { client_id, client_secret } = await made("clients", client, "/");
    const ursula = await made("users", { username: "ursula", password: newcomersPassword }, "/");
    const provider = { name: "root", title: "Head Office", issuer: `${site}/o/_`, client_id, client_secret };
    const upstream = await made("upstreams", provider);
    await goto("/o/alpha/upstream/root/begin?return_to=/", "at-the-provider", /Sign on/);
    await signOn("ursula", newcomersPassword);
    assert.match(await browser.text(), /You are not known here/);
    await judged("after-provider");
    await follow("Use another account there");
    await judged("at-the-provider-account");
    // As somebody who has recovery codes here: one is asked for, whatever the provider did.
    const body = JSON.stringify({ sub: ursula.id, user: pingone.user_id });
    const headers = { "Content-Type": "application/json" };
    const linked = await fetch(`${new URL(kratos.admin).origin}/v1/upstreams/${upstream.id}/links`, { method: "POST", headers, body });
    assert.ok(linked.ok, await linked.text());
    await goto("/o/alpha/upstream/root/begin?return_to=/", "second-step-after-provider", /Second step/);
    await browser.goto(`${site}/`);
    await browser.click("form button[type=submit]");
  },
  "somebody who lost a password gets in with an administrator's code": async () => {
    await goto("/self-service/ui/recovery", "recovery-gone", /not valid any more/);
    const body = JSON.stringify({ identity_id: pingone.user_id });
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${kratos.admin}/admin/recovery/code`, { method: "POST", headers, body });
    const { recovery_link, recovery_code } = await answer.json();
    await goto(recovery_link, "recovery", /Get in again/);
    await browser.type("#code", "000000");
    await browser.click("button[type=submit]");
    assert.equal(await browser.evaluate(() => document.querySelectorAll("[role=alert]").length), 1);
    await judged("recovery-failed");
    await browser.type("#code", recovery_code);
    await browser.click("button[type=submit]");
    await judged("recovered");
    await goto(recovery_link, "recovery-done", /This code was used/);
    console.log(`ok  ${seen.length} pages, ${Object.keys(LOOKS).length} looks each`);
  },
})
  .then(() => browser.close())
  .then(() => process.exit());
