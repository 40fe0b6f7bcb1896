// What npm openid-client expects of a newer Node than Debian's (18): globals that this one has by other names. To be loaded before it.
const { webcrypto } = require("node:crypto");

globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;
