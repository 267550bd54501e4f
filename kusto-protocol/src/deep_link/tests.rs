use proptest::prelude::*;

use super::*;
use crate::parse_error::ParseErrorKind;

fn link() -> DeepLink {
    DeepLink::new("https://c1.westeurope.kusto.windows.net".parse().unwrap()).database("Sales")
}

fn parse(text: &str) -> DeepLink {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn every_part_is_written_and_read() {
    let link = link()
        .target(DeepLinkTarget::CleanWebExplorer)
        .uri("https://other;Fed=true")
        .name("my cluster")
        .query("print x=1")
        .query_source("https://a/b?sig=x")
        .autorun(false)
        .login_hint("me@contoso.com")
        .tenant("t")
        .parameter("Period", "1 h");
    assert_eq!(
        link.to_url().unwrap(),
        "https://c1.westeurope.kusto.windows.net/Sales?web=3&uri=https%3A%2F%2Fother%3BFed%3Dtrue&name=my%20cluster\
         &query=print%20x%3D1&querysrc=https%3A%2F%2Fa%2Fb%3Fsig%3Dx&autorun=false&login_hint=me%40contoso.com\
         &tenant=t&Period=1%20h"
    );
    assert_eq!(parse(&link.to_url().unwrap()), link);
    assert_eq!(parse(&link.to_web_explorer_url().unwrap()), link);
}

#[test]
fn links_without_a_database_or_query_go_to_the_cluster() {
    let link = DeepLink::new("https://c1.kusto.windows.net".parse().unwrap());
    assert_eq!(link.to_url().unwrap(), "https://c1.kusto.windows.net/");
    assert_eq!(parse("https://c1.kusto.windows.net"), link);
    assert_eq!(parse(" https://c1.kusto.windows.net/?web=7#frag "), link);
    assert_eq!(
        parse("https://c1.kusto.windows.net/?web=0").target,
        Some(DeepLinkTarget::Desktop)
    );
}

#[test]
fn the_explorer_of_each_cloud_takes_short_names() {
    for (endpoint, url) in [
        (
            "https://help.kusto.windows.net",
            "https://dataexplorer.azure.com/clusters/help",
        ),
        (
            "https://c1.westeurope.kusto.windows.net",
            "https://dataexplorer.azure.com/clusters/c1.westeurope",
        ),
        (
            "https://c1.kusto.usgovcloudapi.net",
            "https://dataexplorer.azure.us/clusters/c1",
        ),
        (
            "https://c1.kusto.chinacloudapi.cn",
            "https://dataexplorer.azure.cn/clusters/c1",
        ),
        (
            "https://c1.kusto.windows.net:8443",
            "https://dataexplorer.azure.com/clusters/https%3A%2F%2Fc1.kusto.windows.net%3A8443",
        ),
        (
            "https://x.z1.kusto.fabric.microsoft.com",
            "https://dataexplorer.azure.com/clusters/https%3A%2F%2Fx.z1.kusto.fabric.microsoft.com",
        ),
    ] {
        let link = DeepLink::new(endpoint.parse().unwrap());
        assert_eq!(link.to_web_explorer_url().unwrap(), url);
        assert_eq!(parse(url), link);
    }
    let spelled =
        "https://dataexplorer.azure.com/clusters/https%3a%2f%2fhelp.kusto.windows.net/databases/Samples/";
    assert_eq!(parse(spelled), parse("https://help.kusto.windows.net/Samples"));
    let full = "https://dataexplorer.azure.com/clusters/help.kusto.windows.net/databases/My%20Samples?query=T+%7C+count";
    assert_eq!(parse(full).query.as_deref(), Some("T | count"));
    assert_eq!(parse(full).database.as_deref(), Some("My Samples"));
}

#[test]
fn recorded_compact_queries_unpack() {
    for (packed, text) in [
        ("H4sIAAAAAAACAysoyswrUaiwNQQA1767GQkAAAA=", "print x=1"),
        (
            "H4sIAAAAAAACA/MvSkktKlaoUShJzE5VMAUAFAV0ZA8AAAA=",
            "Orders | take 5",
        ),
        (
            "H4sIAAAAAAACA_MvSkktKlaoUShJzE5VMAUAFAV0ZA8AAAA",
            "Orders | take 5",
        ),
    ] {
        assert_eq!(DeepLink::unpack_query(packed).as_deref(), Ok(text));
        let url = format!("https://c1.kusto.windows.net/Sales?query={packed}");
        assert_eq!(parse(&url).query.as_deref(), Some(text), "{url}");
        let escaped = packed.replace('/', "%2f").replace('+', "%2B").replace('=', "%3d");
        let url = format!("https://c1.kusto.windows.net/Sales?query={escaped}");
        assert_eq!(parse(&url).query.as_deref(), Some(text), "{url}");
    }
}

#[test]
fn lost_plus_signs_are_restored() {
    // Some text whose compact form has a plus sign.
    let text = (0..1000)
        .map(|n| format!("print {n}"))
        .find(|text| DeepLink::pack_query(text).contains('+'))
        .unwrap();
    let url = format!(
        "https://c1.kusto.windows.net/?query={}",
        DeepLink::pack_query(&text)
    );
    assert_eq!(parse(&url).query, Some(text));
}

#[test]
fn what_does_not_unpack_is_plain_text() {
    let packed = DeepLink::pack_query("StormEvents | take 10");
    let damaged = format!("{}AAAA{}", &packed[..20], &packed[24..]);
    for value in ["H4sI", "H4sI is a table", &packed[..24], &damaged, "H4sIAAAA"] {
        assert_eq!(DeepLink::unpack_query(value).as_deref(), Ok(value));
    }
}

#[test]
fn bombs_are_not_unpacked() {
    let at_limit = "x".repeat(DeepLink::MAX_QUERY);
    assert_eq!(
        DeepLink::unpack_query(&DeepLink::pack_query(&at_limit)),
        Ok(at_limit)
    );
    let beyond = DeepLink::pack_query(&"x".repeat(2 * DeepLink::MAX_QUERY));
    assert_eq!(
        DeepLink::unpack_query(&beyond).unwrap_err().kind(),
        ParseErrorKind::TooLarge
    );
    let url = format!("https://c1.kusto.windows.net/?query={beyond}");
    assert_eq!(
        url.parse::<DeepLink>().unwrap_err().kind(),
        ParseErrorKind::TooLarge
    );
}

#[test]
fn long_queries_are_packed_and_longer_ones_refused() {
    let plain = link().query("").to_url().unwrap().len();
    let at_limit = link().query("x".repeat(DeepLink::MAX_LENGTH - plain));
    assert_eq!(at_limit.to_url().unwrap().len(), DeepLink::MAX_LENGTH);
    assert!(at_limit.to_url().unwrap().ends_with("xxx"));
    let beyond = link().query("x".repeat(DeepLink::MAX_LENGTH - plain + 1));
    assert!(beyond.to_url().unwrap().contains("query=H4sIAAAAAAA"));
    assert_eq!(parse(&beyond.to_url().unwrap()), beyond);

    // Text without repetition does not compress.
    let noise: String = (0..3000_u32)
        .map(|n| char::from_u32(0x4e00 + n.wrapping_mul(7919) % 20_000).unwrap())
        .collect();
    let error = link().query(noise.as_str()).to_url().unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::TooLarge);
    assert!(
        error.message().chars().next().unwrap().is_ascii_digit(),
        "{error}"
    );
    let asked = link().query(noise).query_encoding(QueryEncoding::Compact);
    assert!(asked.to_url().unwrap().len() > DeepLink::MAX_LENGTH);
    assert!(
        link()
            .query("T")
            .query_encoding(QueryEncoding::Compact)
            .to_url()
            .unwrap()
            .contains("=H4sI")
    );
    let long = link()
        .query("x".repeat(5000))
        .query_encoding(QueryEncoding::Plain);
    assert!(long.to_url().unwrap().len() > 5000);
}

#[test]
fn what_cannot_be_linked_is_refused() {
    for (link, kind) in [
        (link().database("a/b"), ParseErrorKind::Unsupported),
        (link().database(".."), ParseErrorKind::Unsupported),
        (link().parameter("query", "x"), ParseErrorKind::Contradictory),
    ] {
        assert_eq!(link.to_url().unwrap_err().kind(), kind);
    }
    for text in [
        "",
        "help",
        "ftp://c1/",
        "https://dataexplorer.azure.com/clusters/",
        "https://dataexplorer.azure.com/clusters/help/tables/x",
        "https://dataexplorer.azure.com/clusters/a%20b",
    ] {
        let error = text.parse::<DeepLink>().unwrap_err();
        assert_eq!(error.what(), "deep link", "{text}");
    }
}

#[test]
fn a_path_of_the_cluster_itself_is_not_taken_for_more() {
    let below = |base: &str| DeepLink::new(format!("https://c1.example/{base}").parse().unwrap());
    let link = below("subscriptions/s");
    assert_eq!(parse(&link.to_url().unwrap()), link);
    for link in [link.database("Sales"), below("clusters/help")] {
        assert_eq!(link.to_url().unwrap_err().kind(), ParseErrorKind::Unsupported);
        assert_eq!(parse(&link.to_web_explorer_url().unwrap()), link);
    }
    let slashes = parse("https://dataexplorer.azure.com//clusters/help/databases/Samples");
    assert_eq!(slashes, parse("https://help.kusto.windows.net/Samples"));
}

#[test]
fn signed_addresses_do_not_show() {
    let link =
        parse("https://c1.kusto.windows.net/D?querysrc=https%3A%2F%2Fa%3Fsig%3Dhush&uri=x%3BAppKey%3Dhush");
    assert!(!format!("{link:?}").contains("hush"));
    assert!(link.to_url().unwrap().contains("hush"));
}

proptest! {
    #[test]
    fn links_read_back(
        database in proptest::option::of("[^/.]{1,20}"),
        query in proptest::option::of(any::<String>()),
        name in proptest::option::of(any::<String>()),
        parameters in proptest::collection::vec(("P[^=]{0,8}", any::<String>()), 0..3),
        autorun in proptest::option::of(any::<bool>()),
        is_compact in any::<bool>(),
    ) {
        let mut link = DeepLink::new("https://c1.kusto.windows.net".parse().unwrap());
        (link.database, link.query, link.name, link.autorun) = (database, query, name, autorun);
        link.parameters = parameters;
        let encoding = if is_compact { QueryEncoding::Compact } else { QueryEncoding::Plain };
        let packed = link.clone().query_encoding(encoding);
        prop_assert_eq!(&parse(&packed.to_url().unwrap()), &link);
        prop_assert_eq!(&parse(&packed.to_web_explorer_url().unwrap()), &link);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(https://c1/?)?[ -~]{0,60}", packed in "H4sI[A-Za-z0-9+/=_ -]{0,60}") {
        let _ = text.parse::<DeepLink>();
        let _ = DeepLink::unpack_query(&packed);
    }
}
