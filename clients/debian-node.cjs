// F-39: hides what newer Nodes have and Debian's (18) has not, so that every machine runs a scenario as a fresh one does.
Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true, writable: true });
delete Headers.prototype.getSetCookie;
