// Small helpers of the scenarios: variables, refusals, and cookies of one browser.
const assert = require("node:assert/strict");

const vars = JSON.parse(process.env.VARS);

/** The status of a call that must be refused. Axios and fetch clients put it in different places. */
async function refused(call) {
  try {
    await call();
  } catch (error) {
    const status = error.response && error.response.status;
    assert.ok(status, `an answer, not: ${error}`);
    return status;
  }
  assert.fail("the call was not refused");
}

/** The `Set-Cookie` lines of an answer of `fetch`, which gives them as one text, joined by commas. Debian's Node has no `getSetCookie`. */
function setCookies(headers) {
  // A comma in a date is followed by no name.
  return (headers.get("set-cookie") ?? "").split(/,\s*(?=[^;,=\s]+=)/).filter((line) => line !== "");
}

/** The cookies of one browser, by name. */
class Jar {
  cookies = new Map();

  take(setCookies) {
    for (const line of setCookies || []) {
      const [pair, ...attributes] = line.split(";");
      const [name, ...value] = pair.split("=");
      const gone = attributes.some((attribute) => attribute.trim().toLowerCase() === "max-age=0");
      if (gone) this.cookies.delete(name);
      else this.cookies.set(name, value.join("="));
    }
  }

  get header() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

/** Runs the steps of a scenario one after the other, and says which one failed. */
async function scenario(steps) {
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step();
      console.log(`ok  ${name}`);
    } catch (error) {
      console.error(`FAILED  ${name}\n`, error);
      process.exit(1);
    }
  }
}

module.exports = { assert, vars, refused, Jar, setCookies, scenario };
