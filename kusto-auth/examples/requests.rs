//! Prints the requests of every sign-in as JSON, one a line: what goes to the identity provider, and where.
//!
//! Nothing is sent: the sign-ins are machines, and the answers are made up here. `cargo xtask interop msal` compares
//! the requests with those of Microsoft's own library.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use azure_core::http::Url;
use azure_core::time::OffsetDateTime;
use kusto_auth::{
    AuthError, Authority, BrowserOptions, ClientAuthentication, ManagedIdentityId, ManagedIdentitySource,
    Prompt, Step, TokenFlow, TokenRequest,
};
use serde_json::json;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn main() -> Result<(), AuthError> {
    let authority = Authority::new("https://login.microsoftonline.com", "contoso.com")?;
    let request = || {
        TokenRequest::new(
            authority.clone(),
            "app",
            "https://kusto.kusto.windows.net/.default",
        )
    };
    let secret = || ClientAuthentication::Secret("the secret".into());
    let assertion = ClientAuthentication::Assertion("the assertion".into());

    print(
        "client_secret",
        &mut TokenFlow::client_credentials(request(), secret()),
    )?;
    print(
        "client_assertion",
        &mut TokenFlow::client_credentials(request(), assertion),
    )?;
    #[cfg(feature = "client-certificate")]
    {
        let pem = concat!(
            include_str!("../tests/certificates/key.pem"),
            include_str!("../tests/certificates/certificate.pem"),
        );
        let certificate = kusto_auth::ClientCertificate::from_pem(&pem.into(), None)?.send_chain(true);
        let certificate = ClientAuthentication::Certificate(certificate);
        print(
            "client_certificate",
            &mut TokenFlow::client_credentials(request(), certificate),
        )?;
    }
    print(
        "on_behalf_of",
        &mut TokenFlow::on_behalf_of(request(), secret(), "the user's token"),
    )?;
    print(
        "refresh_token",
        &mut TokenFlow::refresh_token(request(), None, "the refresh token"),
    )?;
    let mut password = TokenFlow::username_password(request(), "someone@contoso.com", "the password");
    print("username_password", &mut password)?;

    let mut flow = TokenFlow::device_code(request());
    print("device_code", &mut flow)?;
    let code = json!({
        "device_code": "the device code", "user_code": "ABCD", "verification_uri": "https://l", "interval": 0,
    });
    flow.respond(http::Response::new(code.to_string().into()), NOW)?;
    flow.step(NOW)?;
    print("device_code_poll", &mut flow)?;

    let options = BrowserOptions::new("http://localhost:1234");
    let mut flow = TokenFlow::authorization_code(request(), options, [7; 64]);
    if let Step::Prompt(Prompt::Browser { url }) = flow.step(NOW)? {
        let url = Url::parse(&url).expect("an address");
        let state = url.query_pairs().find(|(name, _)| name == "state");
        let state = state.map(|(_, state)| state.into_owned()).unwrap_or_default();
        print_address("authorize", "GET", &url, url.query().unwrap_or_default());
        flow.returned(&format!("code=the+code&state={state}"))?;
        print("authorization_code", &mut flow)?;
    }

    let source = ManagedIdentitySource::detect(|_| None);
    let scope = "https://kusto.kusto.windows.net/.default";
    for (name, id) in [
        ("managed_identity", ManagedIdentityId::System),
        (
            "managed_identity_client_id",
            ManagedIdentityId::ClientId("1".to_owned()),
        ),
        (
            "managed_identity_object_id",
            ManagedIdentityId::ObjectId("1".to_owned()),
        ),
        (
            "managed_identity_resource_id",
            ManagedIdentityId::ResourceId("1".to_owned()),
        ),
    ] {
        print(name, &mut TokenFlow::managed_identity(source.clone(), id, scope))?;
    }
    let endpoint = "https://localhost:2377/token".to_owned();
    let thumbprint = "00".repeat(20);
    for (name, source) in [
        (
            "managed_identity_app_service",
            ManagedIdentitySource::AppService {
                endpoint: endpoint.clone(),
                header: "the secret".into(),
            },
        ),
        (
            "managed_identity_machine_learning",
            ManagedIdentitySource::MachineLearning {
                endpoint: endpoint.clone(),
                secret: "the secret".into(),
            },
        ),
        (
            "managed_identity_arc",
            ManagedIdentitySource::Arc {
                endpoint: endpoint.clone(),
                key_folder: "/".into(),
            },
        ),
        (
            "managed_identity_service_fabric",
            ManagedIdentitySource::ServiceFabric {
                endpoint: endpoint.clone(),
                header: "the secret".into(),
                thumbprint,
            },
        ),
    ] {
        let id = match name {
            // Which identity it is, is said where the service is deployed.
            "managed_identity_service_fabric" => ManagedIdentityId::System,
            _ => ManagedIdentityId::ClientId("1".to_owned()),
        };
        print(name, &mut TokenFlow::managed_identity(source, id, scope))?;
    }
    Ok(())
}

fn print(name: &str, flow: &mut TokenFlow) -> Result<(), AuthError> {
    if let Step::Send(request) = flow.step(NOW)? {
        let url = Url::parse(&request.uri().to_string()).expect("an address");
        let mut fields = String::from_utf8_lossy(request.body()).into_owned();
        // A managed identity shows itself in the headers.
        if fields.is_empty() {
            fields = url.query().unwrap_or_default().to_owned();
            for (name, value) in request.headers() {
                let value = value.to_str().expect("text");
                fields += &format!("&header {name}={value}");
            }
        }
        print_address(name, request.method().as_str(), &url, &fields);
    }
    Ok(())
}

fn print_address(name: &str, method: &str, url: &Url, fields: &str) {
    let fields = Url::parse(&format!("http://x/?{fields}")).expect("an address");
    let fields: serde_json::Map<String, serde_json::Value> = fields
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    let mut address = url.clone();
    address.set_query(None);
    println!(
        "{}",
        json!({"flow": name, "method": method, "address": address.as_str(), "fields": fields})
    );
}
