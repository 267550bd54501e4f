"""Compares the requests of our sign-ins with those of Microsoft's own library, field by field.

compare.py REQUESTS KEY.pem CERTIFICATE.pem

REQUESTS is what the example `requests` of kusto-auth prints. MSAL is given an HTTP client that records what it sends
and answers like the identity provider, so nothing leaves the process.
"""

import base64
import json
import os
import sys
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import msal

AUTHORITY = "https://login.microsoftonline.com/contoso.com"
RESOURCE = "https://kusto.kusto.windows.net"
SCOPE = [RESOURCE + "/.default"]
# Of managed identities, as `requests` has it.
ENDPOINT = "https://localhost:2377/token"

# What MSAL sends and we do not, or we and not MSAL, with the reason.
ONLY_MSAL = {
    "client_info": "asks for the ids of the account, under which MSAL keeps it; we keep one identity a credential",
    "code": "in the question for a device code, a second copy for providers of an older version",
}
ONLY_OURS = {
    "prompt": "the person chooses the account; MSAL leaves that to its caller",
    "response_mode": "says what the provider does anyway: the answer comes as a query",
}
# Requests of MSAL's that we do not make: the endpoints are known by rule, and federated accounts are not supported.
NOT_MADE = ("/.well-known/openid-configuration", "/common/userrealm/", "/discovery/instance")


class Answer:
    def __init__(self, body):
        self.status_code, self.text, self.headers = 200, json.dumps(body), {}

    def raise_for_status(self):
        pass


class Recorder:
    """Remembers what is sent, and answers."""

    def __init__(self):
        self.seen, self.nonce = [], None

    def get(self, url, params=None, **kwargs):
        if url.endswith("openid-configuration"):
            return Answer(
                {
                    "issuer": AUTHORITY + "/v2.0",
                    "authorization_endpoint": AUTHORITY + "/oauth2/v2.0/authorize",
                    "token_endpoint": AUTHORITY + "/oauth2/v2.0/token",
                    "device_authorization_endpoint": AUTHORITY + "/oauth2/v2.0/devicecode",
                }
            )
        if "userrealm" in url:
            return Answer({"account_type": "Managed"})
        parts = urlsplit(url)
        fields = dict(parse_qsl(parts.query)) | (params or {})
        # A managed identity shows itself in the headers.
        for name, value in (kwargs.get("headers") or {}).items():
            if not name.lower().startswith(("x-client-", "x-ms-client-")):
                fields[f"header {name.lower()}"] = value
        self.seen.append(("GET", f"{parts.scheme}://{parts.netloc}{parts.path}", fields))
        return Answer({"access_token": "t", "expires_in": "3600", "resource": RESOURCE, "token_type": "Bearer"})

    def post(self, url, data=None, **kwargs):
        assert not any(part in url for part in NOT_MADE), url
        self.seen.append(("POST", url, {name: value for name, value in data.items() if value is not None}))
        if url.endswith("devicecode"):
            code = {"device_code": "the device code", "user_code": "ABCD", "verification_uri": "https://l"}
            return Answer(code | {"expires_in": 900, "interval": 0})
        return Answer({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})

    def close(self):
        pass

    def last(self):
        return self.seen[-1]


def application(credential):
    recorder = Recorder()
    return recorder, msal.ConfidentialClientApplication(
        "app", authority=AUTHORITY, client_credential=credential, http_client=recorder, instance_discovery=False
    )


def person():
    recorder = Recorder()
    return recorder, msal.PublicClientApplication(
        "app", authority=AUTHORITY, http_client=recorder, instance_discovery=False
    )


def msal_requests(key, certificate):
    for name, credential in [
        ("client_secret", "the secret"),
        ("client_assertion", {"client_assertion": "the assertion"}),
        ("client_certificate", {"private_key": key, "public_certificate": certificate}),
    ]:
        recorder, client = application(credential)
        client.acquire_token_for_client(SCOPE)
        yield name, recorder.last()

    recorder, client = application("the secret")
    client.acquire_token_on_behalf_of("the user's token", SCOPE)
    yield "on_behalf_of", recorder.last()

    recorder, client = person()
    client.acquire_token_by_refresh_token("the refresh token", SCOPE)
    yield "refresh_token", recorder.last()

    recorder, client = person()
    client.acquire_token_by_username_password("someone@contoso.com", "the password", SCOPE)
    yield "username_password", recorder.last()

    recorder, client = person()
    flow = client.initiate_device_flow(SCOPE)
    yield "device_code", recorder.last()
    client.acquire_token_by_device_flow(flow)
    yield "device_code_poll", recorder.last()

    recorder, client = person()
    flow = client.initiate_auth_code_flow(SCOPE, redirect_uri="http://localhost:1234")
    parts = urlsplit(flow["auth_uri"])
    yield "authorize", ("GET", f"{parts.scheme}://{parts.netloc}{parts.path}", dict(parse_qsl(parts.query)))
    client.acquire_token_by_auth_code_flow(flow, {"code": "the code", "state": flow["state"]})
    yield "authorization_code", recorder.last()

    for name, identity in [
        ("managed_identity", msal.SystemAssignedManagedIdentity()),
        ("managed_identity_client_id", msal.UserAssignedManagedIdentity(client_id="1")),
        ("managed_identity_object_id", msal.UserAssignedManagedIdentity(object_id="1")),
        ("managed_identity_resource_id", msal.UserAssignedManagedIdentity(resource_id="1")),
    ]:
        recorder = Recorder()
        msal.ManagedIdentityClient(identity, http_client=recorder).acquire_token_for_client(resource=RESOURCE)
        yield name, recorder.last()

    identity = {"IDENTITY_ENDPOINT": ENDPOINT, "IDENTITY_HEADER": "the secret"}
    for name, variables in [
        ("app_service", identity),
        ("machine_learning", {"MSI_ENDPOINT": ENDPOINT, "MSI_SECRET": "the secret"}),
        ("arc", {"IDENTITY_ENDPOINT": ENDPOINT, "IMDS_ENDPOINT": ENDPOINT}),
        ("service_fabric", identity | {"IDENTITY_SERVER_THUMBPRINT": "00" * 20}),
    ]:
        recorder = Recorder()
        # It makes a client of its own, which knows the certificate.
        with mock.patch.dict(os.environ, variables), mock.patch.object(
            msal.managed_identity, "_create_service_fabric_http_client", lambda *_: recorder
        ):
            client = msal.ManagedIdentityClient(msal.UserAssignedManagedIdentity(client_id="1"), http_client=recorder)
            client.acquire_token_for_client(resource=RESOURCE)
        yield f"managed_identity_{name}", recorder.last()


def opened(assertion):
    """Header and claims of a token that an application signed: their names, and what must be equal."""

    def part(text):
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))

    header, claims = (part(text) for text in assertion.split(".")[:2])
    # MSAL leaves the padding of the digest, and the line breaks of the PEM text in the chain.
    if "x5t#S256" in header:
        header["x5t#S256"] = header["x5t#S256"].rstrip("=")
    header["x5c"] = [certificate.replace("\n", "") for certificate in header.get("x5c", [])]
    # We also say from when on it is good (`nbf`), as the identity platform's documentation has it.
    lifetime = claims["exp"] - claims["iat"]
    return header, {name: claims[name] for name in ("aud", "iss", "sub")} | {"lifetime": lifetime}


# Made anew for each sign-in.
RANDOM = {"state", "nonce", "code_challenge", "code_verifier"}


def compare(name, ours, theirs):
    method, address, fields = theirs
    assert (ours["method"], ours["address"]) == (method, address), f"{name}: {ours['address']}, MSAL {address}"
    found = ours["fields"]
    missing = set(fields) - set(found) - set(ONLY_MSAL)
    assert not missing, f"{name}: MSAL sends {missing}"
    more = set(found) - set(fields) - set(ONLY_OURS)
    assert not more, f"{name}: only ours sends {more}"
    for field in set(fields) & set(found) - RANDOM:
        mine, other = found[field], fields[field]
        if field == "scope":
            other = other if isinstance(other, str) else " ".join(other)
            mine, other = set(mine.split()), set(other.split())
        elif name == "client_certificate" and field == "client_assertion":
            other = other.decode() if isinstance(other, bytes) else other
            (mine_header, mine), (other_header, other) = opened(mine), opened(other)
            assert mine_header == other_header, f"{name}: {mine_header}, MSAL {other_header}"
        assert mine == other, f"{name}: {field}: {mine!r}, MSAL {other!r}"
    return len(fields), set(fields) - set(found), set(found) - set(fields)


def main():
    requests, key, certificate = (Path(path).read_text(encoding="utf-8") for path in sys.argv[1:4])
    ours = {request["flow"]: request for request in map(json.loads, requests.splitlines())}
    count, fields, dropped, added = 0, 0, set(), set()
    for name, theirs in msal_requests(key, certificate):
        compared, missing, more = compare(name, ours.pop(name), theirs)
        count, fields, dropped, added = count + 1, fields + compared, dropped | missing, added | more
    assert not ours, f"not compared: {', '.join(ours)}"
    assert dropped == set(ONLY_MSAL), f"no longer a difference: {set(ONLY_MSAL) - dropped}"
    assert added == set(ONLY_OURS), f"no longer a difference: {set(ONLY_OURS) - added}"
    print(f"msal {msal.__version__}: {count} requests, {fields} fields compared; differences with a reason:")
    for field, reason in sorted((ONLY_MSAL | ONLY_OURS).items()):
        print(f"  {field}: {'not sent' if field in ONLY_MSAL else 'sent by us'}; {reason}")


if __name__ == "__main__":
    main()
