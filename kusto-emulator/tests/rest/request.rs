//! What reads as a request, and what does not.

use std::io::Write;

use flate2::write::ZlibEncoder;

use super::*;

#[tokio::test]
async fn a_query_is_answered_over_get_with_everything_in_the_address() {
    let service = Service::start().await;
    let path = "/v2/rest/query?db=NetDefaultDB&csl=print%20x%20%3D%20p&properties=%7B%22Parameters%22%3A%7B%22p%22%3A%22long(7)%22%7D%7D";
    let path = path.replace("print", "declare%20query_parameters(p%3Along)%3B%20print");
    let response = service.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(text_of(&data_set(response).await), "7");
}

#[tokio::test]
async fn properties_are_an_object_or_the_text_of_one() {
    let service = Service::start().await;
    let properties = json!({"Options": {"truncationmaxrecords": 2}, "Parameters": {"n": 3}});
    for properties in [properties.clone(), Value::String(properties.to_string())] {
        let text = "declare query_parameters(n: long); range x from 1 to n step 1";
        let body = json!({"db": DEFAULT_DATABASE, "csl": text, "properties": properties}).to_string();
        let request = service.request(Method::POST, "/v2/rest/query").body(body);
        let answer = data_set(request.send().await.unwrap()).await;
        assert_eq!(text_of(&answer), "1\n2");
        assert!(answer.has_errors());
    }
}

#[tokio::test]
async fn compressed_bodies_are_unpacked() {
    let service = Service::start().await;
    let body = json!({"db": "NetDefaultDB", "csl": "print 42"}).to_string();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(body.as_bytes()).unwrap();
    for (coding, bytes) in [
        ("gzip", gzip(body.as_bytes())),
        ("deflate", zlib.finish().unwrap()),
    ] {
        let request = service
            .request(Method::POST, "/v2/rest/query")
            .header("Content-Encoding", coding);
        let response = request.body(bytes).send().await.unwrap();
        assert_eq!(text_of(&data_set(response).await), "42", "{coding}");
    }
    let request = service
        .request(Method::POST, "/v2/rest/query")
        .header("Content-Encoding", "br");
    let (status, error) = error(request.body("x").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(error.message.contains("'br'"));
}

#[tokio::test]
async fn answers_are_compressed_as_the_client_allows() {
    let service = Service::start().await;
    let ask = async |accepted: &str| {
        let request = service.post("/v2/rest/query", "print 1", &json!({}));
        request.header("Accept-Encoding", accepted).send().await.unwrap()
    };
    let response = ask("deflate, gzip").await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let body = response.bytes().await.unwrap();
    let mut text = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(&body[..]), &mut text).unwrap();
    assert_eq!(text_of(&decode(&text)), "1");
    let response = ask("deflate").await;
    assert_eq!(response.headers()["content-encoding"], "deflate");
    let response = ask("gzip;q=0").await;
    assert!(!response.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn wrong_paths_and_methods_are_told_apart() {
    let service = Service::start().await;
    let request = service.request(Method::POST, "/v3/rest/query");
    let (status, refused) = error(request.send().await.unwrap()).await;
    assert_eq!(
        (status, refused.code.as_str()),
        (StatusCode::NOT_FOUND, "NotFound")
    );
    let response = service
        .request(Method::GET, "/v1/rest/mgmt?db=x&csl=.show")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["allow"], "POST");
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(error(response).await.1.message.contains("POST only"));
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused_with_the_reason() {
    let service = Service::start().await;
    for (body, reason) in [
        ("{\"csl\":", "JSON"),
        ("[]", "JSON"),
        ("{\"db\":\"x\"}", "csl"),
        ("{\"csl\":\" \"}", "csl"),
    ] {
        let request = service.request(Method::POST, "/v2/rest/query").body(body);
        let (status, error) = error(request.send().await.unwrap()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let message = error.description.unwrap();
        assert!(message.contains(reason), "{body}: {message}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let service = Service::start().await;
    let request = service.request(Method::POST, "/v2/rest/query");
    // The length alone decides, so that the bytes need not be sent.
    let body = reqwest::Body::wrap_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request = request.header("Content-Length", 65 << 20).body(body);
    let (status, error) = error(request.send().await.unwrap()).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(error.code, "Payload too large");
}

#[tokio::test]
async fn http_2_is_spoken_by_those_who_know_beforehand() {
    let service = Service::start().await;
    let client = Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap();
    let address = format!("{}/v2/rest/query", service.emulator.uri());
    let body = json!({"db": "NetDefaultDB", "csl": "print 1"}).to_string();
    let response = client.post(address).body(body).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    assert_eq!(text_of(&data_set(response).await), "1");
}

#[tokio::test]
async fn ids_come_back_and_are_made_up_where_there_are_none() {
    let service = Service::start().await;
    let request = service.post("/v2/rest/query", "print 1", &json!({}));
    let response = request
        .header("x-ms-client-request-id", "Test.Ids;1")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["x-ms-client-request-id"], "Test.Ids;1");
    let events: Vec<_> = data_set(response).await.events().collect();
    assert!(events.iter().all(|event| event.client_request_id == "Test.Ids;1"));
    let response = service
        .request(Method::GET, "/v1/rest/ping")
        .send()
        .await
        .unwrap();
    let made_up = response.headers()["x-ms-client-request-id"].to_str().unwrap();
    assert!(made_up.starts_with("unspecified;"), "{made_up}");
    assert!(response.headers().contains_key("x-ms-activity-id"));
    assert!(response.text().await.unwrap().starts_with("Pong!"));
}

#[tokio::test]
async fn deep_links_lead_to_the_web_explorer() {
    let service = Service::start().await;
    let response = service
        .request(Method::GET, "/NetDefaultDB?query=print%201")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    let address = response.headers()["location"].to_str().unwrap();
    assert!(
        address.starts_with("https://dataexplorer.azure.com/"),
        "{address}"
    );
    assert!(address.contains("NetDefaultDB"), "{address}");
    let response = service.request(Method::GET, "/").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    let response = service.request(Method::GET, "/favicon.ico").send().await.unwrap();
    assert_eq!(error(response).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn clients_find_out_where_tokens_would_come_from() {
    let service = Service::start().await;
    let request = service.request(Method::GET, "/v1/rest/auth/metadata");
    let body: Value = serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(
        body["AzureAD"]["LoginEndpoint"],
        "https://login.microsoftonline.com"
    );
}
