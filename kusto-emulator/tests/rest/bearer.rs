//! Tokens: needed, wanted, and what is said without them.

use kusto_emulator::Authentication;

use super::*;

async fn with(authentication: Authentication) -> Service {
    let builder = Emulator::builder().authentication(authentication);
    Service::with(
        builder
            .login_endpoint("https://login.example")
            .start()
            .await
            .unwrap(),
    )
}

#[tokio::test]
async fn without_a_token_every_endpoint_for_data_says_401() {
    let service = with(Authentication::AnyToken).await;
    let paths = [
        (Method::POST, "/v1/rest/query"),
        (Method::POST, "/v2/rest/query"),
        (Method::GET, "/v2/rest/query?db=NetDefaultDB&csl=print%201"),
        (Method::POST, "/v1/rest/mgmt"),
        (Method::POST, "/v1/rest/ingest/NetDefaultDB/T?streamFormat=csv"),
        (Method::GET, "/v9/rest/nothing"),
    ];
    for (method, path) in paths {
        let response = service.request(method, path).send().await.unwrap();
        assert_eq!(
            response.headers()["www-authenticate"],
            "Bearer authorization_uri=\"https://login.example\""
        );
        assert_eq!(error(response).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ["/v1/rest/auth/metadata", "/v1/rest/ping", "/NetDefaultDB"] {
        let response = service.request(Method::GET, path).send().await.unwrap();
        assert!(!response.status().is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn any_token_or_one_token_lets_a_request_in() {
    let any = with(Authentication::AnyToken).await;
    let query = |service: &Service, token: &str| {
        let request = service.post("/v2/rest/query", "print 1", &json!({}));
        request.header("authorization", format!("Bearer {token}")).send()
    };
    assert_eq!(
        text_of(&data_set(query(&any, "whatever").await.unwrap()).await),
        "1"
    );
    let one = with(Authentication::Token("right".into())).await;
    assert_eq!(text_of(&data_set(query(&one, "right").await.unwrap()).await), "1");
    let response = query(&one, "wrong").await.unwrap();
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    assert_eq!(error(response).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn clients_are_told_where_tokens_come_from() {
    let service = with(Authentication::AnyToken).await;
    let request = service.request(Method::GET, "/v1/rest/auth/metadata");
    let body: Value = serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(body["AzureAD"]["LoginEndpoint"], "https://login.example");
}
