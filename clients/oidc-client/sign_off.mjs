// A published browser client, unchanged, against our discovery document: it gets a code with the session of a browser,
// buys tokens, asks who it is, and signs off. Contract pingone.md 7, P-36.
//
// Node has neither the browser's storage nor its cookies, so both are handed in; before Node 20 it keeps the browser's `crypto` in a
// module, too. Prints what each step answered, as JSON.

import { webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [wellknown, clientId, redirectUri, cookie] = process.argv.slice(2);

globalThis.crypto ??= webcrypto;
const session = new Map();
globalThis.localStorage = globalThis.sessionStorage = {
  getItem: (key) => session.get(key) ?? null,
  setItem: (key, value) => void session.set(key, value),
  removeItem: (key) => void session.delete(key),
};

const entry = join(process.env.NODE_PATH, '@forgerock/oidc-client/dist/src/index.js');
const { oidc } = await import(pathToFileURL(entry).href);

const withCookie = (request, _action, next) => {
  const headers = new Headers(request.headers);
  headers.set('cookie', cookie);
  request.headers = headers;
  next();
};

const client = await oidc({
  config: { clientId, redirectUri, scope: 'openid profile', serverConfig: { wellknown } },
  requestMiddleware: [withCookie],
  storage: { type: 'sessionStorage', name: 'tokens' },
});
const authorized = client.authorize ? await client.authorize.background() : client;
const tokens = authorized.code ? await client.token.exchange(authorized.code, authorized.state) : authorized;
const info = tokens.accessToken ? await client.user.info() : tokens;
const logout = tokens.accessToken ? await client.user.logout() : tokens;
console.log(JSON.stringify({ authorized, tokens, info, logout }));
