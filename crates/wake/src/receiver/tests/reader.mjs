// Reads what was sent to the three kinds of push services, with Node's own cryptography (OpenSSL). It fails, and says why, if anything is
// not as RFC 8188, 8291, 8292, 7515 and 7523 have it.
import { strict as assert } from "node:assert";
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const told = JSON.parse(readFileSync(0, "utf8"));
const bytes = (text) => Buffer.from(text, "base64url");
const now = Math.floor(Date.now() / 1000);

// The message, as the device opens it.
const body = bytes(told.body);
const [salt, theirs] = [body.subarray(0, 16), body.subarray(21, 86)];
assert.equal(body.readUInt32BE(16), 4096);
assert.equal(body[20], 65);
const device = createECDH("prime256v1");
device.setPrivateKey(bytes(told.private));
const info = Buffer.concat([Buffer.from("WebPush: info\0"), bytes(told.public), theirs]);
const secret = Buffer.from(hkdfSync("sha256", device.computeSecret(theirs), bytes(told.auth), info, 32));
const drawn = (name, length) =>
  Buffer.from(hkdfSync("sha256", secret, salt, Buffer.from(`Content-Encoding: ${name}\0`), length));
const cipher = createDecipheriv("aes-128-gcm", drawn("aes128gcm", 16), drawn("nonce", 12));
cipher.setAuthTag(body.subarray(-16));
const record = Buffer.concat([cipher.update(body.subarray(86, -16)), cipher.final()]);
const filled = Buffer.alloc(64);
filled.write(told.said + "\x02", "latin1");
assert.deepEqual(record, filled);

// The signed words.
const point = (text) => {
  const raw = bytes(text);
  assert.equal(raw[0], 4);
  const part = (from) => raw.subarray(from, from + 32).toString("base64url");
  return createPublicKey({ format: "jwk", key: { kty: "EC", crv: "P-256", x: part(1), y: part(33) } });
};
const opened = (token, key) => {
  const [header, claims, signature] = token.split(".");
  assert.ok(verify("sha256", Buffer.from(`${header}.${claims}`), key, bytes(signature)), "signature");
  return [header, claims].map((part) => JSON.parse(bytes(part).toString()));
};
const ecdsa = (text) => ({ key: point(text), dsaEncoding: "ieee-p1363" });

const [, token, k] = told.authorization.match(/^vapid t=([^,]+), k=(.+)$/);
assert.equal(k, told.vapid);
const [vapidHeader, vapid] = opened(token, ecdsa(told.vapid));
assert.deepEqual(vapidHeader, { typ: "JWT", alg: "ES256" });
assert.equal(vapid.aud, told.url);
assert.equal(vapid.sub, "mailto:push@lamp.example");
assert.ok(vapid.exp > now && vapid.exp <= now + 24 * 60 * 60);

const rsa = createPublicKey({ format: "der", type: "pkcs1", key: bytes(told.google) });
const [askedHeader, asked] = opened(told.assertion, rsa);
assert.equal(askedHeader.alg, "RS256");
assert.equal(asked.aud, `${told.url}/token`);
assert.equal(asked.scope, "https://www.googleapis.com/auth/firebase.messaging");
assert.ok(asked.iat <= now && asked.exp > now && asked.exp - asked.iat <= 60 * 60);

const [providerHeader, provider] = opened(told.provider, ecdsa(told.apple));
assert.deepEqual(providerHeader, { alg: "ES256", kid: "ABC123DEFG" });
assert.deepEqual(Object.keys(provider).sort(), ["iat", "iss"]);
assert.ok(provider.iat <= now && provider.iat > now - 60 * 60);
