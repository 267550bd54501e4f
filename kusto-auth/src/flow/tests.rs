//! Tests of the sign-ins, with answers given by hand.

use azure_core::http::Url;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::*;

const LOGIN: &str = "https://login.microsoftonline.com";
const TENANT: &str = "7a0c51d4-2b5e-4a36-9f4e-3f1d0c6b8a91";

fn at(second: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(second).unwrap()
}

fn request() -> TokenRequest {
    TokenRequest::new(
        Authority::new(LOGIN, TENANT).unwrap(),
        "app",
        "https://r/.default",
    )
}

fn answer(status: u16, body: &str) -> http::Response<Bytes> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    http::Response::builder().status(status).body(body).unwrap()
}

/// The address and the decoded form of what is to be sent.
fn sent(flow: &mut TokenFlow, second: i64) -> (String, Vec<(String, String)>) {
    let Step::Send(request) = flow.step(at(second)).unwrap() else {
        panic!("nothing to send")
    };
    let body = std::str::from_utf8(request.body()).unwrap();
    let url = Url::parse(&format!("http://x/?{body}")).unwrap();
    let form = url
        .query_pairs()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    (request.uri().to_string(), form)
}

fn value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    let found = form.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

const TOKENS: &str = r#"{"access_token":"at","expires_in":3600,"refresh_token":"rt"}"#;
const PENDING: &str = r#"{"error":"authorization_pending"}"#;

fn done(flow: &mut TokenFlow, second: i64) -> Tokens {
    let Step::Done(tokens) = flow.step(at(second)).unwrap() else {
        panic!("not done")
    };
    tokens
}

#[test]
fn each_grant_posts_its_fields() {
    let client = || ClientAuthentication::Secret("hush".into());
    let user_scope = "https://r/.default openid profile offline_access";
    let bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    for (mut flow, fields) in [
        (
            TokenFlow::client_credentials(request(), client()),
            vec![
                ("grant_type", "client_credentials"),
                ("client_secret", "hush"),
                ("scope", "https://r/.default"),
            ],
        ),
        (
            TokenFlow::client_credentials(request(), ClientAuthentication::Assertion("jwt".into())),
            vec![
                ("grant_type", "client_credentials"),
                ("client_assertion_type", CLIENT_ASSERTION),
                ("client_assertion", "jwt"),
                ("scope", "https://r/.default"),
            ],
        ),
        (
            TokenFlow::on_behalf_of(request(), client(), "user"),
            vec![
                ("grant_type", bearer),
                ("client_secret", "hush"),
                ("assertion", "user"),
                ("requested_token_use", "on_behalf_of"),
                ("scope", user_scope),
            ],
        ),
        (
            TokenFlow::refresh_token(request(), None, "rt"),
            vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", "rt"),
                ("scope", user_scope),
            ],
        ),
        (
            TokenFlow::username_password(request().claims("{}"), "u@contoso.com", "p&w"),
            vec![
                ("grant_type", "password"),
                ("username", "u@contoso.com"),
                ("password", "p&w"),
                ("scope", user_scope),
                ("claims", "{}"),
            ],
        ),
    ] {
        let (address, form) = sent(&mut flow, 0);
        assert_eq!(address, format!("{LOGIN}/{TENANT}/oauth2/v2.0/token"));
        let form: Vec<_> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(form, [vec![("client_id", "app")], fields].concat());
        flow.respond(answer(200, TOKENS), at(5)).unwrap();
        assert_eq!(done(&mut flow, 9).expires_on, at(3605));
        assert!(!format!("{flow:?}").contains("hush"));
    }
}

#[test]
fn a_busy_provider_is_asked_three_times_and_no_more() {
    let mut flow = TokenFlow::refresh_token(request(), None, "rt");
    sent(&mut flow, 0);
    let mut busy = answer(429, "");
    busy.headers_mut()
        .insert("retry-after", http::HeaderValue::from_static("7"));
    flow.respond(busy, at(0)).unwrap();
    assert!(matches!(flow.step(at(3)).unwrap(), Step::Wait(time) if time == Duration::seconds(4)));
    sent(&mut flow, 7);
    let lost = || AuthError::new(AuthErrorKind::Connect, "no connection");
    flow.lost(lost(), at(7)).unwrap();
    assert!(matches!(flow.step(at(7)).unwrap(), Step::Wait(time) if time == Duration::seconds(2)));
    sent(&mut flow, 9);
    let error = flow.respond(answer(503, "<html>"), at(9)).unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Unavailable);

    let mut flow = TokenFlow::refresh_token(request(), None, "rt");
    sent(&mut flow, 0);
    let mut hours = answer(503, "");
    hours
        .headers_mut()
        .insert("retry-after", http::HeaderValue::from_static("3600"));
    assert!(flow.respond(hours, at(0)).is_err());
}

#[test]
fn a_device_code_is_shown_once_and_asked_about_at_its_pace() {
    let mut flow = TokenFlow::device_code(request());
    let (address, form) = sent(&mut flow, 0);
    assert_eq!(address, format!("{LOGIN}/{TENANT}/oauth2/v2.0/devicecode"));
    assert_eq!(
        value(&form, "scope"),
        "https://r/.default openid profile offline_access"
    );
    let code =
        r#"{"user_code":"A1B2","device_code":"BAQ","verification_uri":"https://l/d","expires_in":900}"#;
    flow.respond(answer(200, code), at(0)).unwrap();
    let Step::Prompt(prompt) = flow.step(at(0)).unwrap() else {
        panic!()
    };
    assert_eq!(
        prompt.to_string(),
        "To sign in, open https://l/d in a browser and enter the code A1B2."
    );
    // Five seconds if the provider does not say.
    assert!(matches!(flow.step(at(0)).unwrap(), Step::Wait(time) if time == Duration::seconds(5)));
    let (_, form) = sent(&mut flow, 5);
    assert_eq!(value(&form, "device_code"), "BAQ");
    flow.respond(answer(400, PENDING), at(5)).unwrap();
    sent(&mut flow, 10);
    flow.respond(answer(400, r#"{"error":"slow_down"}"#), at(10))
        .unwrap();
    assert!(matches!(flow.step(at(10)).unwrap(), Step::Wait(time) if time == Duration::seconds(10)));
    sent(&mut flow, 20);
    flow.respond(answer(200, TOKENS), at(20)).unwrap();
    assert_eq!(done(&mut flow, 20).refresh_token, Some("rt".into()));
}

#[test]
fn a_device_code_ends_with_its_time_or_with_a_no() {
    let start = || {
        let mut flow = TokenFlow::device_code(request());
        sent(&mut flow, 0);
        let code = r#"{"user_code":"A","device_code":"B","verification_uri":"https://l","message":"m","expires_in":"60","interval":1}"#;
        flow.respond(answer(200, code), at(0)).unwrap();
        assert!(matches!(flow.step(at(0)).unwrap(), Step::Prompt(_)));
        flow
    };
    assert_eq!(start().step(at(60)).unwrap_err().kind(), AuthErrorKind::Timeout);
    let mut flow = start();
    sent(&mut flow, 1);
    let no = r#"{"error":"authorization_declined","error_description":"AADSTS70015: The user declined."}"#;
    let error = flow.respond(answer(400, no), at(1)).unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (AuthErrorKind::Rejected, Some("AADSTS70015"))
    );
}

fn browser_flow() -> (TokenFlow, Url) {
    let mut options = BrowserOptions::new("http://localhost:1234");
    options.login_hint = Some("u@contoso.com".to_owned());
    let mut flow = TokenFlow::authorization_code(request(), options, std::array::from_fn(|byte| byte as u8));
    let Step::Prompt(Prompt::Browser { url }) = flow.step(at(0)).unwrap() else {
        panic!()
    };
    (flow, Url::parse(&url).unwrap())
}

fn query(url: &Url, name: &str) -> String {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .unwrap()
        .1
        .into_owned()
}

fn id_token(claims: serde_json::Value) -> String {
    let payload = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    format!(r#"{{"access_token":"at","expires_in":3600,"refresh_token":"rt","id_token":"e30.{payload}.s"}}"#)
}

#[test]
fn a_browser_comes_back_with_a_code_that_is_exchanged_with_the_verifier() {
    let (mut flow, url) = browser_flow();
    assert!(
        url.as_str()
            .starts_with(&format!("{LOGIN}/{TENANT}/oauth2/v2.0/authorize?client_id=app&"))
    );
    assert_eq!(query(&url, "code_challenge_method"), "S256");
    assert_eq!(query(&url, "login_hint"), "u@contoso.com");
    assert!(matches!(flow.step(at(1)).unwrap(), Step::Wait(time) if time == Duration::seconds(299)));
    let state = query(&url, "state");
    assert!(
        flow.returned(&format!("code=c%2F1&state={state}&session_state=x"))
            .unwrap()
    );
    // A second visit changes nothing.
    assert!(!flow.returned(&format!("code=c2&state={state}")).unwrap());
    let (_, form) = sent(&mut flow, 2);
    assert_eq!(value(&form, "code"), "c/1");
    assert_eq!(value(&form, "redirect_uri"), "http://localhost:1234");
    let verifier = value(&form, "code_verifier");
    assert_eq!(verifier.len(), 43);
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(<sha2::Sha256 as sha2::Digest>::digest(verifier));
    assert_eq!(query(&url, "code_challenge"), challenge);
    let claims = serde_json::json!({"aud": "app", "nonce": query(&url, "nonce"), "exp": 3600, "tid": TENANT});
    flow.respond(answer(200, &id_token(claims)), at(2)).unwrap();
    assert_eq!(done(&mut flow, 2).access_token.expose(), "at");
}

#[test]
fn only_who_knows_the_state_is_heard() {
    let (mut flow, url) = browser_flow();
    let state = query(&url, "state");
    for visit in [
        "",
        "code=c",
        "code=c&state=",
        "code=c&state=wrong",
        "error=access_denied",
        &format!("code=c&state={state}x"),
    ] {
        assert!(!flow.returned(visit).unwrap(), "{visit}");
    }
    assert!(matches!(flow.step(at(1)).unwrap(), Step::Wait(_)));
    let no = format!("error=access_denied&error_description=AADSTS65004%3A+User+declined.&state={state}");
    let error = flow.returned(&no).unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (AuthErrorKind::Rejected, Some("AADSTS65004"))
    );
    let (mut flow, _) = browser_flow();
    assert_eq!(flow.step(at(300)).unwrap_err().kind(), AuthErrorKind::Timeout);
}

#[test]
fn an_answer_that_is_for_somebody_else_is_refused() {
    let good = |url: &Url| serde_json::json!({"aud": ["app"], "nonce": query(url, "nonce"), "exp": "3600", "tid": TENANT});
    let refusal = |change: &dyn Fn(&mut serde_json::Value)| {
        let (mut flow, url) = browser_flow();
        flow.returned(&format!("code=c&state={}", query(&url, "state")))
            .unwrap();
        sent(&mut flow, 0);
        let mut claims = good(&url);
        change(&mut claims);
        flow.respond(answer(200, &id_token(claims)), at(400)).unwrap_err()
    };
    assert!(
        refusal(&|claims| claims["nonce"] = "other".into())
            .to_string()
            .contains("another sign-in")
    );
    assert!(
        refusal(&|claims| claims["aud"] = "other".into())
            .to_string()
            .contains("another application")
    );
    assert!(
        refusal(&|claims| claims["exp"] = 99.into())
            .to_string()
            .contains("clock")
    );
    let wrong = refusal(&|claims| claims["tid"] = "11111111-2222-3333-4444-555555555555".into());
    assert!(
        wrong.to_string().contains("belongs to tenant 11111111"),
        "{wrong}"
    );
    let (mut flow, url) = browser_flow();
    flow.returned(&format!("code=c&state={}", query(&url, "state")))
        .unwrap();
    sent(&mut flow, 0);
    assert!(
        flow.respond(answer(200, TOKENS), at(0)).is_err(),
        "nobody signed in"
    );
}

fn managed(variables: &[(&str, &str)], id: ManagedIdentityId) -> TokenFlow {
    let source = ManagedIdentitySource::detect(|name| {
        let found = variables.iter().find(|(key, _)| *key == name)?;
        Some(found.1.to_owned())
    });
    TokenFlow::managed_identity(source, id, "https://r/.default")
}

#[test]
fn each_source_of_managed_identities_is_asked_in_its_words() {
    let app_service = [
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:1/t"),
        ("IDENTITY_HEADER", "hush"),
    ];
    let fabric = [
        ("IDENTITY_ENDPOINT", "https://127.0.0.1:1/t"),
        ("IDENTITY_HEADER", "hush"),
        (
            "IDENTITY_SERVER_THUMBPRINT",
            "0123456789012345678901234567890123456789",
        ),
    ];
    let learning = [("MSI_ENDPOINT", "http://127.0.0.1:1/t"), ("MSI_SECRET", "hush")];
    let imds = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fr";
    let client = || ManagedIdentityId::ClientId("c".to_owned());
    let object = || ManagedIdentityId::ObjectId("o".to_owned());
    let resource = || ManagedIdentityId::ResourceId("/s/1".to_owned());
    let local = |rest: &str| format!("http://127.0.0.1:1/t?api-version={rest}");
    for (variables, id, address, header) in [
        (&[][..], ManagedIdentityId::System, imds.to_owned(), "metadata"),
        (&[], client(), format!("{imds}&client_id=c"), "metadata"),
        (&[], object(), format!("{imds}&object_id=o"), "metadata"),
        (&[], resource(), format!("{imds}&msi_res_id=%2Fs%2F1"), "metadata"),
        (
            &app_service,
            resource(),
            local("2019-08-01&resource=https%3A%2F%2Fr&mi_res_id=%2Fs%2F1"),
            "x-identity-header",
        ),
        (
            &learning,
            client(),
            local("2017-09-01&resource=https%3A%2F%2Fr&clientid=c"),
            "secret",
        ),
        (
            &fabric,
            ManagedIdentityId::System,
            local("2019-07-01-preview&resource=https%3A%2F%2Fr").replace("http:", "https:"),
            "secret",
        ),
    ] {
        let mut flow = managed(variables, id);
        let step = flow.step(at(0)).unwrap();
        assert!(!format!("{step:?} {flow:?}").contains("hush"));
        let Step::Send(request) = step else { panic!() };
        assert_eq!(request.uri(), address.as_str());
        assert!(request.headers().contains_key(header), "{header}");
        assert!(!format!("{:?}", request.headers()).contains("hush"));
        flow.respond(
            answer(200, r#"{"access_token":"at","expires_on":"99","resource":"r"}"#),
            at(0),
        )
        .unwrap();
        assert_eq!(done(&mut flow, 0).expires_on, at(99));
    }
    let shell = [("MSI_ENDPOINT", "http://localhost:50342/oauth2/token")];
    let (address, form) = sent(&mut managed(&shell, ManagedIdentityId::System), 0);
    assert_eq!(
        (address.as_str(), value(&form, "resource")),
        ("http://localhost:50342/oauth2/token", "https://r")
    );
    assert!(managed(&shell, client()).step(at(0)).is_err());
    assert!(managed(&learning, object()).step(at(0)).is_err());
    assert!(managed(&fabric, client()).step(at(0)).is_err());
    let unencrypted = managed(
        &[&app_service[..], &fabric[2..]].concat(),
        ManagedIdentityId::System,
    )
    .step(at(0));
    assert!(unencrypted.unwrap_err().to_string().contains("https://"));
}

#[test]
fn arc_wants_a_file_of_its_own_read_and_nothing_else() {
    let arc = [
        ("IDENTITY_ENDPOINT", "http://localhost:40342/t"),
        ("IMDS_ENDPOINT", "http://localhost:40342"),
    ];
    let challenge = |realm: &str| {
        let mut answer = answer(401, "");
        let value = format!("Basic realm={realm}").parse().unwrap();
        answer.headers_mut().insert("www-authenticate", value);
        answer
    };
    let mut flow = managed(&arc, ManagedIdentityId::System);
    assert!(matches!(flow.step(at(0)).unwrap(), Step::Send(_)));
    if cfg!(unix) {
        flow.respond(challenge("/var/opt/azcmagent/tokens/a.key"), at(0))
            .unwrap();
        assert_eq!(
            flow.wanted_file().unwrap().to_str(),
            Some("/var/opt/azcmagent/tokens/a.key")
        );
        flow.challenged("proof");
        assert!(flow.wanted_file().is_none());
        let Step::Send(request) = flow.step(at(0)).unwrap() else {
            panic!()
        };
        assert_eq!(request.headers()["authorization"], "Basic proof");
        // One proof has to do.
        assert!(
            flow.respond(challenge("/var/opt/azcmagent/tokens/b.key"), at(0))
                .is_err()
        );
    }
    for path in [
        "/etc/shadow",
        "/var/opt/azcmagent/tokens/../../x.key",
        "/var/opt/azcmagent/tokens/a.txt",
        "",
    ] {
        let mut flow = managed(&arc, ManagedIdentityId::System);
        flow.step(at(0)).unwrap();
        assert!(flow.respond(challenge(path), at(0)).is_err(), "{path}");
    }
}

#[test]
fn an_identity_that_is_not_assigned_is_refused_in_a_line() {
    let mut flow = managed(&[], ManagedIdentityId::System);
    flow.step(at(0)).unwrap();
    let body = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
    let error = flow.respond(answer(400, body), at(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the token of the managed identity of the virtual machine was refused: Identity not found (invalid_request)"
    );
}

#[test]
fn a_metadata_service_that_is_being_updated_is_asked_for_a_minute() {
    for status in [404, 410] {
        let mut flow = managed(&[], ManagedIdentityId::System);
        let mut now = 0;
        for pause in [1, 2, 4, 8, 16, 32] {
            assert!(matches!(flow.step(at(now)).unwrap(), Step::Send(_)));
            flow.respond(answer(status, ""), at(now)).unwrap();
            assert!(
                matches!(flow.step(at(now)).unwrap(), Step::Wait(time) if time == Duration::seconds(pause))
            );
            now += pause;
        }
        flow.step(at(now)).unwrap();
        let error = flow.respond(answer(status, ""), at(now)).unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Unavailable);
    }
}
