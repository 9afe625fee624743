// A real OpenID provider (npm's oidc-provider) on a port of its own, for tests. What it is told by POST to
// /control: {"people": {login: claims}}, {"rotate": true} (another key), {"spoil": "signature" | "audience" | ...} (of
// every ID token from then on), {"sign": claims} (a token of these, in the answer). It prints its address.

import { createServer } from "node:http";
import { generateKeyPair, exportJWK, importJWK, decodeJwt, SignJWT } from "jose";
import Provider from "oidc-provider";

const [callback, afterLogout, backchannel, port = "0"] = process.argv.slice(2);
const SHARED = "kept by both";
const people = new Map();
let spoil = "";
let serial = 0;
let key, provider, issuer;

async function newKey() {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  serial += 1;
  return { ...(await exportJWK(privateKey)), kid: `key-${serial}`, use: "sig", alg: "RS256" };
}

function newProvider() {
  const made = new Provider(issuer, {
    jwks: { keys: [key] },
    clients: [
      {
        client_id: "lightbox",
        client_secret: SHARED,
        redirect_uris: [callback],
        post_logout_redirect_uris: [afterLogout],
        backchannel_logout_uri: backchannel,
        backchannel_logout_session_required: true,
      },
    ],
    cookies: { keys: ["a key for tests"] },
    pkce: { required: () => true },
    claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email"], groups: ["groups"] },
    conformIdTokenClaims: false,
    features: {
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      devInteractions: { enabled: true },
    },
    findAccount: (_, id) => people.has(id) && { accountId: id, claims: () => ({ sub: id, ...people.get(id) }) },
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client.clientId,
        accountId: context.oidc.session.accountId,
      });
      grant.addOIDCScope("openid profile email groups");
      await grant.save();
      return grant;
    },
  });
  made.on("server_error", (_, error) => console.error(error));
  made.use(async (context, next) => {
    await next();
    if (spoil && context.oidc?.route === "token" && context.body?.id_token) {
      context.body.id_token = await spoiled(context.body.id_token);
    }
  });
  return made;
}

async function spoiled(token) {
  const claims = decodeJwt(token);
  const signing = spoil === "signature" ? await newKey() : key;
  if (spoil === "audience") claims.aud = "another-application";
  if (spoil === "issuer") claims.iss = "https://elsewhere.example";
  if (spoil === "nonce") claims.nonce = "of another sign-in";
  if (spoil === "expired") claims.exp = Math.floor(Date.now() / 1000) - 3600;
  if (spoil === "skew") claims.exp = Math.floor(Date.now() / 1000) - 30;
  if (spoil === "unsigned") {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "none" })}.${part(claims)}.`;
  }
  if (spoil === "secret") {
    const secret = new TextEncoder().encode(SHARED.padEnd(32, "."));
    return new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: key.kid }).sign(secret);
  }
  const kind = spoil === "kind" ? { typ: "logout+jwt" } : {};
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", kid: key.kid, ...kind })
    .sign(await importJWK(signing, "RS256"));
}

async function control(request, response) {
  let text = "";
  for await (const chunk of request) text += chunk;
  const told = JSON.parse(text);
  for (const [login, claims] of Object.entries(told.people || {})) people.set(login, claims);
  if ("spoil" in told) spoil = told.spoil;
  if (told.rotate) {
    key = await newKey();
    provider = newProvider();
  }
  if (told.sign) {
    const token = await new SignJWT(told.sign)
      .setProtectedHeader({ alg: "RS256", kid: key.kid })
      .sign(await importJWK(key, "RS256"));
    return response.end(token);
  }
  response.end("");
}

console.warn = console.info = () => {};
key = await newKey();
const server = createServer((request, response) =>
  request.url === "/control" ? control(request, response) : provider.callback()(request, response),
);
server.listen(Number(port), "127.0.0.1", () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  provider = newProvider();
  console.log(issuer);
});
