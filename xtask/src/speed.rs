//! Compares the embedded service with DuckDB over 10 million rows: `interop/speed/speed.py`.

use std::fs;
use std::process::Command;

use crate::{interop, service};

pub(crate) fn run() -> Result<(), String> {
    let kusto = service::build_cli()?;
    let folder = crate::root().join("target/interop");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let python = interop::environment(&folder, "speed")?;
    let script = crate::root().join("interop/speed/speed.py");
    let files = ["facts", "labels"].map(|name| folder.join(format!("{name}.parquet")));
    if !files.iter().all(|file| file.exists()) {
        crate::run(Command::new(&python).arg(&script).arg("make").arg(&folder))?;
    }
    let service = service::start(&kusto, &files.each_ref().map(AsRef::as_ref))?;
    crate::run(
        Command::new(&python)
            .arg(&script)
            .arg("compare")
            .arg(&folder)
            .arg(&service.uri)
            .arg(service.child.id().to_string()),
    )
}
