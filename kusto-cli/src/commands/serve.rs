//! `kusto serve`

use std::fs;
use std::io::Write;
use std::path::Path;

use kusto_emulator::{Authentication, EmulatorBuilder, Fault, TokenIssuer};

use crate::args::{ServeArguments, TestArguments, TokenArguments};
use crate::failure::{self, Failure};
use crate::local;

pub(crate) async fn run(arguments: ServeArguments) -> Result<(), Failure> {
    let mut builder = local::builder(&arguments.files, arguments.sample).port(arguments.port);
    if arguments.tls.is_some() {
        builder = builder.tls();
    }
    if let Some(folder) = &arguments.data {
        builder = builder.data_folder(folder);
    }
    if let Some(folder) = &arguments.ingest_folder {
        builder = builder.ingest_folder(folder);
    }
    if let Some(account) = arguments.storage {
        builder = builder.storage_account(account);
    }
    builder = with_tokens(builder, arguments.tokens)?;
    builder = for_tests(builder, arguments.tests)?;
    let service = local::start(builder).await?;
    if let (Some(path), Some(certificate)) = (&arguments.tls, service.certificate()) {
        fs::write(path, certificate)
            .map_err(|error| Failure::io(&format!("cannot write {}", path.display()), &error))?;
    }
    let mut out = std::io::stdout();
    let mut say = |line: String| failure::unless_closed(writeln!(out, "{line}").and_then(|()| out.flush()));
    for (name, columns) in service.tables() {
        say(format!("table {name} {columns}"))?;
    }
    say(format!("listening on {}", service.uri()))?;
    tokio::signal::ctrl_c()
        .await
        .map_err(|error| Failure::io("cannot wait for Ctrl-C", &error))?;
    service.stop().await;
    Ok(())
}

fn with_tokens(mut builder: EmulatorBuilder, arguments: TokenArguments) -> Result<EmulatorBuilder, Failure> {
    if let Some(uri) = arguments.login_endpoint {
        builder = builder.login_endpoint(uri);
    }
    let authentication = match (arguments.issuer, arguments.token) {
        (Some(issuer), _) => {
            let mut issuer = TokenIssuer::new(issuer);
            for audience in arguments.audiences {
                issuer = issuer.audience(audience);
            }
            if let Some(path) = &arguments.issuer_keys {
                issuer = issuer.keys(read(path)?);
            }
            if let Some(path) = &arguments.issuer_certificate {
                issuer = issuer.root_certificate(read(path)?);
            }
            Authentication::Issuer(issuer)
        }
        (None, Some(token)) => Authentication::Token(token.into()),
        (None, None) if arguments.require_token => Authentication::AnyToken,
        (None, None) => Authentication::None,
    };
    Ok(builder.authentication(authentication))
}

fn for_tests(mut builder: EmulatorBuilder, arguments: TestArguments) -> Result<EmulatorBuilder, Failure> {
    if let Some(most) = arguments.max_concurrent_queries {
        builder = builder.max_concurrent_queries(most);
    }
    if let Some(path) = &arguments.faults {
        let faults = Fault::list_from_json(&read(path)?);
        let faults = faults.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        builder = faults.into_iter().fold(builder, EmulatorBuilder::fault);
    }
    if let Some(path) = arguments.journal {
        builder = builder.journal_file(path);
    }
    Ok(builder)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::io(&format!("cannot read {}", path.display()), &error))
}
