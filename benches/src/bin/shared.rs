//! Decodes a file on one thread and on several, in turns, and prints how fast: `shared FILE [THREADS] [ITERATIONS]`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::time::Instant;

use kusto_benches::{Mode, cpu_seconds, decode, decode_shared};
use kusto_protocol::DecoderConfig;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .ok_or("usage: shared FILE [THREADS] [ITERATIONS]")?;
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<usize>());
    let (threads, iterations) = (number(2)?, number(5)?);
    let body = std::fs::read(&file)?;
    let config = DecoderConfig::default();
    let (mut ones, mut shares) = (Vec::new(), Vec::new());
    for _ in 0..iterations {
        let mut rows = 0;
        let (begun, cpu) = (Instant::now(), cpu_seconds());
        let recycled = Mode::Recycled(64 << 10);
        decode(&body, recycled, &config, &mut None, |batch| {
            rows += batch.num_rows();
            Some(batch)
        })?;
        let (one, one_cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        let (begun, cpu, alone) = (Instant::now(), cpu_seconds(), std::mem::take(&mut rows));
        decode_shared(&body, threads, &config, |batch| {
            rows += batch.num_rows();
            Some(batch)
        })?;
        let (shared, shared_cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        assert_eq!(rows, alone, "rows");
        let mbps = |seconds: f64| body.len() as f64 / 1e6 / seconds;
        println!(
            "one {:.0} MB/s (processor {:.0}); {threads} threads {:.0} MB/s (processor {:.0}): {:.2} times",
            mbps(one),
            mbps(one_cpu),
            mbps(shared),
            mbps(shared_cpu),
            one / shared
        );
        ones.push(one);
        shares.push(shared);
    }
    println!("medians: {:.2} times", median(ones) / median(shares));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
