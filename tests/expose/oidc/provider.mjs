// An OpenID provider: who signs in is whom the login names, an e-mail address; the programs `laptop-NAME` get JWTs of their own.

import { createRequire } from "node:module";

const { Provider } = createRequire("/app/")("oidc-provider");
const PEOPLE = ["alice@alpha.example", "eddie@alpha.example", "bob@beta.example"];
const secret = process.env.CLIENT_SECRET;

const program = (email) => ({
  client_id: `laptop-${email.split("@")[0]}`,
  client_secret: secret,
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
});

const provider = new Provider("https://id.example.com", {
  clients: [
    { client_id: "aurora-mcp", client_secret: secret, redirect_uris: ["https://mcp.example.com/oauth2/callback"] },
    ...PEOPLE.map(program),
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: true }) }),
  scopes: ["openid", "email", "mcp"],
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx) => (ctx.oidc.body?.grant_type === "client_credentials" ? "https://mcp.example.com" : undefined),
      // The audience is oauth2-proxy's client id: it takes no JWT that was made for somebody else.
      getResourceServerInfo: (_, resource) => ({
        scope: "mcp",
        audience: resource === "https://mcp.example.com" ? "aurora-mcp" : "another-service",
        accessTokenFormat: "jwt",
      }),
    },
  },
  extraTokenClaims: (_, token) => {
    const email = PEOPLE.find((one) => token.clientId === `laptop-${one.split("@")[0]}`);
    return email && { email, email_verified: true };
  },
  cookies: { keys: [secret] },
});
provider.proxy = true; // TLS ends at the ingress controller
provider.listen(3000);
