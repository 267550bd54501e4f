// An OpenID provider with the paths of Microsoft Entra ID, on a free port of 127.0.0.1.
//
//   node provider.mjs CERTIFICATE.pem
//
// It prints its address, then serves until its standard input ends. What it does unlike Entra, and what is done about
// it here:
//   - a refresh token is given only with prompt=consent, and only then may offline_access be asked for again: Entra
//     needs no such prompt, so it is set here;
//   - tokens on behalf of a user are an extension of Entra's: a grant of their own, below;
//   - passwords are not taken by any current provider: the grant is a rule of one line, below.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { errors, Provider } from 'oidc-provider';

const TENANT = 'contoso.com';
const RESOURCE = 'https://kusto.kusto.windows.net';
const SCOPE = `${RESOURCE}/.default`;
const ON_BEHALF_OF = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const certificate = new X509Certificate(readFileSync(process.argv[2]));
const jwk = { ...certificate.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'PS256' };

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const person = { client_id: 'person', token_endpoint_auth_method: 'none', application_type: 'native' };
const application = { redirect_uris: [], response_types: [] };
const provider = new Provider(issuer, {
  clients: [
    {
      ...person,
      redirect_uris: ['http://localhost'],
      grant_types: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
        'password',
      ],
    },
    {
      ...application,
      client_id: 'application',
      client_secret: 'the secret of the application',
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials', ON_BEHALF_OF],
    },
    {
      ...application,
      client_id: 'certified',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'PS256',
      jwks: { keys: [jwk] },
      grant_types: ['client_credentials'],
    },
  ],
  clientAuthMethods: ['none', 'client_secret_post', 'private_key_jwt'],
  cookies: { keys: ['only for tests'] },
  enabledJWA: { clientAuthSigningAlgValues: ['PS256', 'RS256'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: SCOPE,
        audience: RESOURCE,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  routes: {
    authorization: `/${TENANT}/oauth2/v2.0/authorize`,
    device_authorization: `/${TENANT}/oauth2/v2.0/devicecode`,
    token: `/${TENANT}/oauth2/v2.0/token`,
  },
  scopes: ['openid', 'profile', 'offline_access', SCOPE],
  ttl: {
    AccessToken: 3600,
    AuthorizationCode: 60,
    ClientCredentials: 3600,
    DeviceCode: 60,
    Grant: 3600,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 3600,
    Session: 3600,
  },
});

// A token for `account`, in the name of the client that asks.
async function give(ctx, account) {
  const { client } = ctx.oidc;
  const grant = new provider.Grant({ accountId: account, clientId: client.clientId });
  grant.addResourceScope(RESOURCE, SCOPE);
  const token = new provider.AccessToken({ accountId: account, client, grantId: await grant.save(), gty: 'x' });
  token.resourceServer = new provider.ResourceServer(RESOURCE, {
    scope: SCOPE,
    audience: RESOURCE,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'RS256' } },
  });
  token.scope = SCOPE;
  ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: 'Bearer', scope: SCOPE };
}

provider.registerGrantType(
  ON_BEHALF_OF,
  async (ctx) => {
    const { assertion, requested_token_use: use } = ctx.oidc.params;
    if (use !== 'on_behalf_of' || assertion !== 'the token of a user') {
      throw new errors.InvalidGrant('assertion not recognised');
    }
    await give(ctx, 'user');
  },
  ['assertion', 'requested_token_use', 'scope'],
);
provider.registerGrantType(
  'password',
  async (ctx) => {
    const { username, password } = ctx.oidc.params;
    if (username !== 'someone@contoso.com' || password !== 'the password') {
      throw new errors.CustomOIDCProviderError('invalid_grant', 'AADSTS50126: Error validating credentials due to invalid username or password.');
    }
    await give(ctx, username);
  },
  ['username', 'password', 'scope'],
);

const LOGIN = `<!doctype html><title>Sign in</title><h1>Sign in</h1>
<form method="post"><input name="login" placeholder="account"><button id="yes" name="answer" value="yes">Sign in</button>
<button id="no" name="answer" value="no">Cancel</button></form>`;

// The provider asks who it is, then whether they agree: whoever has signed in has agreed.
async function interaction(req, res) {
  const finish = (result, merge) =>
    provider.interactionFinished(req, res, result, { mergeWithLastSubmission: merge });
  const { params, prompt, session } = await provider.interactionDetails(req, res);
  if (prompt.name === 'consent') {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(`openid profile offline_access ${SCOPE}`);
    grant.addResourceScope(RESOURCE, SCOPE);
    return finish({ consent: { grantId: await grant.save() } }, true);
  }
  if (req.method === 'GET') {
    res.setHeader('content-type', 'text/html');
    return res.end(LOGIN);
  }
  let body = '';
  for await (const chunk of req) body += chunk;
  const form = new URLSearchParams(body);
  if (form.get('answer') === 'yes') {
    return finish({ login: { accountId: form.get('login') } }, false);
  }
  return finish(
    { error: 'access_denied', error_description: 'AADSTS65004: The resource owner denied the request.' },
    false,
  );
}

const serve = provider.callback();
server.on('request', (req, res) => {
  if (req.url.startsWith('/interaction/')) {
    interaction(req, res).catch((error) => {
      console.error(error);
      res.statusCode = 500;
      res.end(String(error));
    });
    return;
  }
  if (req.url.includes('/authorize?')) req.url = req.url.replace(/prompt=[^&]*/, 'prompt=consent');
  serve(req, res);
});
provider.on('server_error', (_, error) => console.error(error));

console.log(issuer);
process.stdin.resume().on('end', () => process.exit(0));
