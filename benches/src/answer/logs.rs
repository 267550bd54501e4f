//! Logs of services: messages of which a part has escapes or other scripts, and properties as JSON in a string.

use super::random::Random;
use super::text::{push, push_datetime, push_string, push_words, words};

pub(super) const COLUMNS: &str =
    "Timestamp:datetime,Level:string,Message:string,TraceId:guid,DurationUs:long,Properties:dynamic";

pub(super) struct Logs {
    random: Random,
    ticks: i64,
}

impl Logs {
    pub(super) const fn new() -> Self {
        Self {
            random: Random::new(6),
            ticks: YEAR_2024,
        }
    }

    pub(super) fn push_row(&mut self, out: &mut Vec<u8>) {
        let random = &mut self.random;
        self.ticks += 1 + random.below(40_000_000) as i64;
        let level = match random.below(100) {
            0..70 => "Information",
            70..85 => "Warning",
            85..93 => "Error",
            93..98 => "Debug",
            _ => "Critical",
        };
        let service = random.pick(SERVICES);
        out.push(b'[');
        push_datetime(self.ticks, out);
        push(out, format_args!(",\"{level}\","));
        push_string(&message(random, service), out);
        out.push(b',');
        push_guid(random, out);
        let scale = 10_u64.pow(random.below(7) as u32);
        push(
            out,
            format_args!(",{},", (1 + random.below(8)) * scale + random.below(10)),
        );
        if random.chance(0.05) {
            out.extend_from_slice(b"null]");
        } else {
            push_string(&properties(random, service), out);
            out.push(b']');
        }
    }
}

/// Appends an identifier.
pub(super) fn push_guid(random: &mut Random, out: &mut Vec<u8>) {
    let (high, low) = (random.next(), random.next());
    push(
        out,
        format_args!(
            "\"{:08x}-{:04x}-{:04x}-{:04x}-{:012x}\"",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        ),
    );
}

fn message(random: &mut Random, service: &str) -> String {
    let mut text = format!(
        "[{service}] request {:012x} for /v{}/orders/{} ended with {} after {}ms ",
        random.next() >> 16,
        1 + random.below(3),
        random.below(1_000_000),
        random.pick(&[200, 200, 200, 204, 404, 500]),
        random.below(30_000) as f64 / 100.0,
    );
    text.push_str(&words(random, 95.0));
    match random.below(1000) {
        0..120 => text.push_str(&format!(
            " payload=\"{{\\\"key\\\":{}}}\" file=D:\\data\\{service}\\{}.log",
            random.below(1000),
            random.below(100)
        )),
        120..220 => text.push_str(&format!(
            "\n   at Shop.{service}.Run(Order order) in /build/Run.cs:line {}\r\n\tat Shop.Host.Loop()",
            random.below(900)
        )),
        220..360 => {
            text.push(' ');
            text.push_str(random.pick(SCRIPTS));
            text.push(' ');
            push_words(random, 30, &mut text);
            text.push(' ');
            text.push_str(random.pick(SCRIPTS));
        }
        360..365 => text.push_str(" \u{1b}[31mred\u{1b}[0m \u{2028}"),
        _ => {}
    }
    text
}

fn properties(random: &mut Random, service: &str) -> String {
    format!(
        "{{\"host\":\"node-{:03}\",\"http\":{{\"code\":{},\"method\":\"{}\"}},\"ratio\":{:?},\"region\":\"{}\",\
         \"tags\":[\"{service}\",{}]}}",
        random.below(400),
        random.pick(&[200, 404, 500]),
        random.pick(&["GET", "POST"]),
        random.unit(),
        random.pick(&["westeurope", "eastus2", "japaneast"]),
        random.below(100),
    )
}

/// 2024-01-04 in ticks, and some.
pub(super) const YEAR_2024: i64 = 638_400_000_000_000_000;
const SERVICES: &[&str] = &[
    "gateway",
    "billing",
    "sign-in",
    "stock-keeper",
    "planner",
    "edge",
    "cache",
];
pub(super) const SCRIPTS: &[&str] = &[
    "订单已被取消",
    "在庫の確認に失敗しました",
    "Prüfung der Maße fehlgeschlagen",
    "время ожидания истекло",
    "🚚 on its way ✅",
    "déjà payé à l'avance",
    "배송 주소가 없습니다",
    "Δt≈0.25 – fine…",
];
