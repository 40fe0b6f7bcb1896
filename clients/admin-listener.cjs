// A page in headless Chromium against the admin listener that has no credential: what it sends changes nothing (S-6).
const { Browser, serve } = require("./browser.cjs");
const { assert, vars, scenario } = require("./steps.cjs");

const page = process.env.PAGE;
const admin = new URL(vars.kratos.admin);
const port = admin.port;

/** What a page can send without asking the listener first. */
async function inPage(address, identity) {
  const sent = [];
  for (const body of [new Blob([identity]), identity, new URLSearchParams({ a: identity })]) {
    const asked = fetch(`${address}/admin/identities`, { method: "POST", mode: "no-cors", body });
    sent.push(await asked.then(() => "sent", () => "refused"));
  }
  const form = document.createElement("form");
  const frame = document.createElement("iframe");
  frame.name = "frame";
  form.target = "frame";
  form.method = "post";
  form.enctype = "text/plain";
  form.action = `${address}/admin/identities`;
  const field = document.createElement("input");
  field.name = identity.replace(/}$/, ', "x": "');
  field.value = '"}';
  form.append(field);
  document.body.append(frame, form);
  const answered = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  form.submit();
  await answered;
  return sent;
}

/** Whether a page of another origin reads an answer. */
async function reads(address) {
  return fetch(`${address}/admin/identities`).then((answer) => answer.text(), () => "nothing");
}

let browser;

const known = async () => (await fetch(`${admin.origin}/admin/identities?page_size=250`)).json();

scenario({
  "a page of another port of this machine makes no identity": async () => {
    await serve(page, { "/": ["text/html", "<!doctype html><title>page</title><body>"] });
    browser = await Browser.open();
    await browser.goto(`http://${page}/`);
    const before = await known();
    const identity = { schema_id: before[0].schema_id, traits: { email: "by-a-page@example.test" } };
    const address = `http://127.0.0.1:${port}`;
    const sent = await browser.evaluate(inPage, address, JSON.stringify(identity));
    assert.deepEqual(sent, ["sent", "sent", "sent"], "the browser lets the page send");
    assert.deepEqual((await known()).map(({ id }) => id), before.map(({ id }) => id));
    assert.equal(await browser.evaluate(reads, address), "nothing");
  },
  "a program makes one": async () => {
    const before = await known();
    const identity = { schema_id: before[0].schema_id, traits: { email: "by-a-program@example.test" } };
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify(identity);
    const answer = await fetch(`${admin.origin}/admin/identities`, { method: "POST", headers, body });
    assert.equal(answer.status, 201);
  },
})
  .then(() => browser.close())
  .then(() => process.exit()); // The server of the page goes along.
