use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> ConnectionString {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refusal(text: &str) -> ParseError {
    text.parse::<ConnectionString>().unwrap_err()
}

#[test]
fn bare_address_has_no_database_and_no_identity() {
    let string = parse("https://c1.westeurope.kusto.windows.net");
    assert_eq!(
        string.endpoint().to_string(),
        "https://c1.westeurope.kusto.windows.net"
    );
    assert_eq!(string.database(), None);
    assert_eq!(string.authentication(), &Authentication::None);
    assert!(string.is_streaming() && !string.is_uncompressed());
}

#[test]
fn one_path_segment_is_the_database_unless_one_is_given() {
    assert_eq!(
        parse("https://c1.kusto.windows.net/Sales; Fed=true").database(),
        Some("Sales")
    );
    assert_eq!(
        parse("https://c1.kusto.windows.net/My%20Sales/").database(),
        Some("My Sales")
    );
    assert_eq!(
        parse("https://c1.kusto.windows.net/Sales;Database=Ops;Fed=true").database(),
        Some("Ops")
    );
    assert_eq!(
        parse("Database=Ops;Data Source=https://c1.kusto.windows.net/Sales").database(),
        Some("Ops")
    );
    let proxy = parse("https://c1.kusto.windows.net/a/b");
    assert_eq!(
        (proxy.database(), proxy.endpoint().to_string().as_str()),
        (None, "https://c1.kusto.windows.net/a/b")
    );
}

#[test]
fn shorthand_means_public_cluster_and_entra() {
    let long = parse("https://help.kusto.windows.net/Samples;Fed=true");
    assert_eq!(parse("@help/Samples"), long);
    assert_eq!(parse(" @help.kusto.windows.net/Samples ; "), long);
    assert_eq!(
        parse("@c1.westeurope").endpoint().host(),
        "c1.westeurope.kusto.windows.net"
    );
    assert_eq!(refusal("@/Samples").kind(), ParseErrorKind::Malformed);
    assert_eq!(refusal("@a b/Samples").kind(), ParseErrorKind::Malformed);
}

#[test]
fn every_alias_reads_like_its_canonical_name() {
    let canonical = parse(
        "Data Source=https://c1.kusto.windows.net;Initial Catalog=d;AAD Federated Security=True;User ID=u;\
         Authority Id=t;Application Name for Tracing=a;User Name for Tracing=n;Azure Region=r",
    );
    for source in [
        "Server",
        "Addr",
        "ADDRESS",
        "Network Address",
        "ClusterUri",
        "Server Uri",
        "Data Source Uri",
    ] {
        for fed in [
            "Fed",
            "Federated",
            "AADFed",
            "FederatedSecurity",
            "Microsoft Entra ID Federated Security",
        ] {
            for user in ["User", "UID", "Login Hint", "AAD User ID"] {
                for tenant in ["TenantId", "tid", "Tenant", "Authority", "DomainHint"] {
                    let text = format!(
                        "{source}=https://c1.kusto.windows.net;Database=d;{fed}=TRUE;{user}=u;{tenant}=t;\
                         TraceAppName=a;TraceUserName=n;region=r"
                    );
                    assert_eq!(parse(&text), canonical, "{text}");
                }
            }
        }
    }
}

#[test]
fn values_keep_equal_signs_and_quoted_semicolons() {
    let key = |value: &str| {
        let text = format!("https://c1.kusto.windows.net;AppClientId=i;TenantId=t;AppKey={value};Fed=true");
        match parse(&text).authentication() {
            Authentication::ApplicationKey { key, .. } => key.expose().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(key("abc=="), "abc==");
    assert_eq!(key(" \"a;b=c\" "), "a;b=c");
    assert_eq!(key("\"say \"\"hi\"\"; \""), "say \"hi\"; ");
    assert_eq!(key("it's"), "it's");
    assert_eq!(key("mid\"dle"), "mid\"dle");
}

#[test]
fn blanks_empty_segments_and_empty_values_are_skipped_and_the_last_value_counts() {
    let string = parse(" ; https://c1.kusto.windows.net ");
    assert_eq!(string.endpoint().host(), "c1.kusto.windows.net");
    let string =
        parse("Data Source = https://c1.kusto.windows.net ;; Database = a ; Database=b;Database= ; ;");
    assert_eq!(string.database(), Some("b"));
    assert_eq!(
        string.to_string(),
        "Data Source=https://c1.kusto.windows.net;Initial Catalog=b"
    );
}

#[test]
fn what_is_wrong_can_be_told_apart() {
    let base = "https://c1.kusto.windows.net";
    for (rest, kind, part) in [
        (
            ";Foo=1",
            ParseErrorKind::Unknown,
            "byte 29: unknown keyword \"Foo\"",
        ),
        (
            ";Fed=maybe",
            ParseErrorKind::Malformed,
            "AAD Federated Security must be true or false",
        ),
        (";Fed=", ParseErrorKind::Malformed, "must be true or false"),
        (";Fed", ParseErrorKind::Malformed, "without ="),
        (
            ";AppKey=\"x",
            ParseErrorKind::Malformed,
            "byte 36: a double quote opens here",
        ),
        (
            ";AppKey=\"x\"y",
            ParseErrorKind::Malformed,
            "follows the closing double quote",
        ),
        (
            ";dSTSFed=true",
            ParseErrorKind::Unsupported,
            "dSTS Federated Security is not supported",
        ),
        (
            ";AppKey=k;TenantId=t",
            ParseErrorKind::Missing,
            "Application Key needs Application Client Id",
        ),
        (
            ";AppKey=k;AppClientId=i",
            ParseErrorKind::Missing,
            "Application Key needs Authority Id",
        ),
        (
            ";AppCert=k;AppClientId=i",
            ParseErrorKind::Missing,
            "Thumbprint needs Authority Id",
        ),
        (";Pwd=p", ParseErrorKind::Missing, "Password needs User ID"),
        (
            ";Pwd=p;AppKey=k",
            ParseErrorKind::Contradictory,
            "Application Key and Password",
        ),
    ] {
        let error = refusal(&format!("{base}{rest}"));
        assert_eq!(error.kind(), kind, "{rest}: {error}");
        assert!(error.to_string().contains(part), "{rest}: {error}");
    }
    assert_eq!(refusal("").kind(), ParseErrorKind::Missing);
    assert_eq!(refusal("Fed=true").kind(), ParseErrorKind::Missing);
    assert_eq!(
        refusal("help.kusto.windows.net;Fed=true").kind(),
        ParseErrorKind::Malformed
    );
}

#[test]
fn tokens_win_over_other_credentials() {
    let rest = "AppClientId=i;AppKey=k;TenantId=t;User ID=u;Pwd=p";
    let string = parse(&format!(
        "https://c1.kusto.windows.net;{rest};AppToken=a;UsrToken=u"
    ));
    assert_eq!(string.authentication(), &Authentication::UserToken("u".into()));
    let string = parse(&format!("https://c1.kusto.windows.net;{rest};AppToken=a"));
    assert_eq!(
        string.authentication(),
        &Authentication::ApplicationToken("a".into())
    );
}

#[test]
fn certificates_come_inline_or_from_a_store() {
    let base = "https://c1.kusto.windows.net;AppClientId=i;TenantId=t;SendX5c=true";
    let certificate = |rest: &str| match parse(&format!("{base};{rest}")).authentication() {
        Authentication::ApplicationCertificate {
            certificate,
            send_x5c: true,
            ..
        } => certificate.clone(),
        other => panic!("{other:?}"),
    };
    let blob = Certificate::Blob {
        blob: "pem".into(),
        thumbprint: Some("ab".into()),
    };
    assert_eq!(certificate("Application Certificate Blob=pem;AppCert=ab"), blob);
    assert_eq!(
        certificate("Application Certificate PrivateKey=pem;AppCert=ab"),
        blob
    );
    let store = Certificate::Store {
        thumbprint: None,
        subject: Some("CN=s".into()),
        issuer: Some("CN=i".into()),
    };
    let text = "Application Certificate Subject=CN=s;Application Certificate Issuer=CN=i";
    assert_eq!(certificate(text), store);
    let both = "Application Certificate Blob=a;Application Certificate PrivateKey=b";
    assert_eq!(
        refusal(&format!("{base};{both}")).kind(),
        ParseErrorKind::Contradictory
    );
}

#[test]
fn tokens_do_not_travel_in_the_clear() {
    assert_eq!(
        parse("http://localhost:8080;Fed=true").endpoint().port(),
        Some(8080)
    );
    assert_eq!(
        parse("http://emulator:8080").authentication(),
        &Authentication::None
    );
    assert_eq!(
        refusal("http://emulator:8080;Fed=true").kind(),
        ParseErrorKind::Contradictory
    );
    assert_eq!(
        refusal("http://emulator:8080;UsrToken=x").kind(),
        ParseErrorKind::Contradictory
    );
}

#[test]
fn no_secret_shows_in_display_debug_or_errors() {
    let secrets = "AppToken=hush1;UsrToken=hush2;AppKey=hush3;Pwd=hush4;AppCert=hush5;\
                   Application Certificate Blob=hush6;Application Certificate PrivateKey=hush7;\
                   Application Certificate Subject=hush8;Application Certificate Issuer=hush9";
    let string = parse(&format!("https://c1.kusto.windows.net;{secrets}"));
    let shown = format!("{string} {string:?} {string:#?}");
    assert!(!shown.contains("hush"), "{shown}");
    assert!(string.to_string_with_secrets().contains("hush9"));

    for text in [
        "https://c1.kusto.windows.net;AppKey=a;hush=b",
        "https://c1.kusto.windows.net;AppKey=a;hush",
        "https://c1.kusto.windows.net;AppKey=\"hush",
        "https://c1.kusto.windows.net;AppKey=\"a\"hush",
        "https://c1.kusto.windows.net;Fed=hush",
        "https://hush:hush@c1.kusto.windows.net",
        "https://c1.kusto.windows.net?sig=hush",
        "hush",
    ] {
        let error = refusal(text);
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    }
    let hint = refusal("https://c1.kusto.windows.net;AppKey=a;b=c").to_string();
    assert!(
        hint.contains("part of Application Key, put that value in double quotes"),
        "{hint}"
    );
}

fn builder() -> impl Strategy<Value = ConnectionStringBuilder> {
    let text = || proptest::option::of("[ -~äß\n]{0,12}");
    let flag = || proptest::option::of(any::<bool>());
    let source = prop_oneof![
        Just("https://c1.kusto.windows.net".to_owned()),
        Just("https://c1.kusto.windows.net:8443/Sales".to_owned()),
        Just("https://proxy.example/a/b".to_owned()),
    ];
    let texts = proptest::collection::vec(text(), 9);
    let flags = proptest::collection::vec(flag(), 6);
    (source, texts, 0..6_usize, flags).prop_map(|(source, texts, credential, flags)| {
        let mut values = ConnectionString::builder(source).values;
        let keywords = [
            Keyword::InitialCatalog,
            Keyword::UserId,
            Keyword::ApplicationClientId,
            Keyword::AuthorityId,
            Keyword::AzureRegion,
            Keyword::QueryConsistency,
            Keyword::ApplicationName,
            Keyword::UserName,
        ];
        let mut secret = None;
        for (index, text) in texts.into_iter().enumerate() {
            match (keywords.get(index), text) {
                (Some(keyword), Some(text)) => drop(values.insert(*keyword, Value::Text(format!("{text}.")))),
                (None, text) => secret = text,
                (_, None) => {}
            }
        }
        let credentials = [
            Keyword::Password,
            Keyword::UserToken,
            Keyword::ApplicationKey,
            Keyword::ApplicationToken,
            Keyword::CertificateBlob,
            Keyword::CertificateThumbprint,
        ];
        if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
            values.insert(credentials[credential], Value::Secret(secret.into()));
        }
        let keywords = [
            Keyword::Federated,
            Keyword::CertificateSendX5c,
            Keyword::EnforceMfa,
            Keyword::Streaming,
            Keyword::Uncompressed,
            Keyword::Accept,
        ];
        for (keyword, flag) in keywords.into_iter().zip(flags) {
            if let Some(flag) = flag {
                values.insert(keyword, Value::Bool(flag));
            }
        }
        ConnectionStringBuilder { values }
    })
}

proptest! {
    #[test]
    fn the_text_with_secrets_reads_back_to_the_same_value(builder in builder()) {
        // Not every combination is a valid string; the valid ones must survive.
        if let Ok(string) = builder.build() {
            let text = string.to_string_with_secrets();
            prop_assert_eq!(text.parse::<ConnectionString>().unwrap(), string, "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ -~ä\"=;]{0,60}") {
        if let Ok(string) = text.parse::<ConnectionString>() {
            prop_assert_eq!(string.to_string_with_secrets().parse(), Ok(string));
        }
    }
}
