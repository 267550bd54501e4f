//! A made-up `StormEvents` table of any size, for trying things out and for measuring.
//!
//! The schema is that of the well-known sample table; the rows are invented, with skewed states and event types,
//! seasons, empty coordinates, and narratives that need quoting. The same number of rows is always the same bytes, and
//! a shorter file is the beginning of a longer one.

mod random;
mod tables;

use std::io::{self, Write};

use random::{Random, cumulative};
use tables::{CLOSINGS, EVENT_TYPES, EventType, OPENINGS, PLACES, SOURCES, STATES, Season, State};

/// The columns of [`write_storm_events`] as a management command takes them: `.create table StormEvents (…)`.
pub const STORM_EVENTS_SCHEMA: &str = "StartTime:datetime, EndTime:datetime, EpisodeId:int, EventId:int, \
    State:string, EventType:string, InjuriesDirect:int, InjuriesIndirect:int, DeathsDirect:int, \
    DeathsIndirect:int, DamageProperty:int, DamageCrops:int, Source:string, BeginLocation:string, \
    EndLocation:string, BeginLat:real, BeginLon:real, EndLat:real, EndLon:real, EpisodeNarrative:string, \
    EventNarrative:string, StormSummary:dynamic";

/// Writes `rows` invented storms of the year 2007 as CSV, a header line first.
///
/// Rows come in episodes: neighbours in the file share a state, an episode and its narrative. A million rows are
/// about 550 MB.
///
/// # Errors
///
/// What `out` returns.
///
/// ```
/// let mut csv = Vec::new();
/// kusto_emulator::write_storm_events(&mut csv, 2)?;
/// assert!(csv.starts_with(b"StartTime,EndTime,EpisodeId,EventId,State,EventType,"));
///
/// let mut longer = Vec::new();
/// kusto_emulator::write_storm_events(&mut longer, 50)?;
/// assert!(longer.starts_with(&csv));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_storm_events(out: &mut impl Write, rows: u64) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(BUFFER + 4096);
    let names = STORM_EVENTS_SCHEMA
        .split(", ")
        .filter_map(|column| column.split(':').next());
    for (index, name) in names.enumerate() {
        if index > 0 {
            buffer.push(b',');
        }
        buffer.extend_from_slice(name.as_bytes());
    }
    buffer.push(b'\n');

    let draws = Draws::new();
    let mut random = Random(SEED);
    let mut episode = Episode::begin(0, &draws, &mut random);
    for row in 0..rows {
        if episode.left == 0 {
            episode = Episode::begin(episode.id + 1, &draws, &mut random);
        }
        episode.left -= 1;
        episode.event(row, &draws, &mut random, &mut buffer);
        if buffer.len() >= BUFFER {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)
}

/// Cumulative weights, summed once.
struct Draws {
    states: Vec<u32>,
    events: Vec<u32>,
    sources: Vec<u32>,
}

impl Draws {
    fn new() -> Self {
        Self {
            states: cumulative(STATES.iter().map(|state| state.weight)),
            events: cumulative(EVENT_TYPES.iter().map(|event| event.weight)),
            sources: cumulative(SOURCES.iter().map(|(_, weight)| *weight)),
        }
    }
}

/// Storms that belong together: one state, one weather system.
struct Episode {
    id: u64,
    state_index: usize,
    event: &'static EventType,
    /// Minutes since 2007-01-01.
    start: u32,
    narrative: Vec<u8>,
    left: u32,
}

impl Episode {
    fn begin(id: u64, draws: &Draws, random: &mut Random) -> Self {
        let event = &EVENT_TYPES[random.weighted(&draws.events)];
        let state_index = loop {
            let index = random.weighted(&draws.states);
            if is_possible(event.season, &STATES[index]) {
                break index;
            }
        };
        let month = random.weighted(&cumulative(event.season.months()));
        let day = DAYS_BEFORE_MONTH[month] + random.below(28);
        // Convection peaks in the late afternoon: the mean of two draws, moved from noon to four o'clock.
        let hour = match event.season {
            Season::Convective => ((random.below(24) + random.below(24)) / 2 + 4) % 24,
            _ => random.below(24),
        };
        let mut narrative = OPENINGS[random.below(OPENINGS.len() as u32) as usize]
            .as_bytes()
            .to_vec();
        if random.chance(70) {
            // One in eight has a second paragraph: a line break inside a quoted field.
            narrative.extend_from_slice(if random.chance(12) { b"\n\n" } else { b" " });
            let closing = CLOSINGS[random.below(CLOSINGS.len() as u32) as usize];
            narrative.extend_from_slice(closing.as_bytes());
        }
        let size = [1, 1, 1, 2, 2, 3, 4, 6, 9, 15][random.below(10) as usize];
        let start = (day * 24 + hour) * 60 + random.below(60);
        Self {
            id,
            state_index,
            event,
            start,
            narrative,
            left: size,
        }
    }

    /// Writes one row.
    fn event(&self, row: u64, draws: &Draws, random: &mut Random, out: &mut Vec<u8>) {
        let state = &STATES[self.state_index];
        let start = (self.start + random.below(180)).min(MINUTES_OF_YEAR - 1);
        let end = (start + random.below(self.event.minutes + 1)).min(MINUTES_OF_YEAR - 1);
        let (injuries, deaths) = casualties(self.event, random);
        let property = damage(self.event.damaging, random);
        let crops = damage(self.event.damaging / 8, random);
        let source = SOURCES[random.weighted(&draws.sources)].0;
        let place = PLACES[(self.state_index * 7 + random.below(14) as usize) % PLACES.len()];

        datetime(start, out);
        out.push(b',');
        datetime(end, out);
        for number in [
            // Both are `int` columns: they wrap rather than overflow in absurdly large files.
            (10_000 + self.id) % INT_MAX,
            (60_000 + row) % INT_MAX,
        ] {
            out.push(b',');
            integer(number, out);
        }
        field(state.name, out);
        field(self.event.name, out);
        let counts = [injuries.0, injuries.1, deaths.0, deaths.1, property, crops];
        for number in counts {
            out.push(b',');
            integer(u64::from(number), out);
        }
        field(source, out);
        location(self.event, state, place, random, out);
        quoted(&self.narrative, out);
        let narrative = event_narrative(self.event, state, place, random);
        quoted(&narrative, out);
        summary(
            u64::from(property) + u64::from(crops),
            (start, end),
            state,
            &narrative,
            out,
        );
        out.push(b'\n');
    }
}

/// Snow needs a north, tropical storms need a southern coast.
fn is_possible(season: Season, state: &State) -> bool {
    match season {
        Season::Winter => state.latitude.1 > 3300,
        Season::Tropical => state.latitude.0 < 3700 && state.longitude.1 > -9700,
        _ => true,
    }
}

fn casualties(event: &EventType, random: &mut Random) -> ((u32, u32), (u32, u32)) {
    // Damaging kinds are also the dangerous ones; of a thousand events a handful hurt anyone.
    if random.below(1000) >= 4 + event.damaging / 6 {
        return ((0, 0), (0, 0));
    }
    let injuries = (
        random.below(3) * random.below(8),
        random.below(2) * random.below(4),
    );
    let deaths = (random.below(5) / 3, random.below(8) / 7);
    (injuries, deaths)
}

/// Dollars, most often nothing, then round figures over many orders of magnitude.
fn damage(percent: u32, random: &mut Random) -> u32 {
    if !random.chance(percent) {
        return 0;
    }
    let figure = [1, 2, 3, 5, 8, 10, 15, 20, 25, 30, 50, 75][random.below(12) as usize];
    let scale = match random.below(100) {
        0..50 => 100,
        50..90 => 1_000,
        90..99 => 10_000,
        _ => 1_000_000,
    };
    figure * scale
}

/// `BeginLocation` to `EndLon`: six fields, without coordinates for events of a whole zone.
fn location(event: &EventType, state: &State, place: &str, random: &mut Random, out: &mut Vec<u8>) {
    if !event.located || random.chance(3) {
        out.extend_from_slice(b",,,,,,");
        return;
    }
    field(place, out);
    field(place, out);
    let latitude = random.between(state.latitude);
    let longitude = random.between(state.longitude);
    // The end is near the beginning, the further the longer the event lasts.
    let drift = i32::try_from(event.minutes.min(60)).unwrap_or(0) / 5 + 1;
    for (degrees, moved) in [
        (latitude, false),
        (longitude, false),
        (latitude, true),
        (longitude, true),
    ] {
        out.push(b',');
        let end = if moved {
            degrees + random.between((-drift, drift))
        } else {
            degrees
        };
        if end < 0 {
            out.push(b'-');
        }
        integer(u64::from(end.unsigned_abs() / 100), out);
        out.push(b'.');
        digits(end.unsigned_abs() % 100, 2, out);
    }
}

fn event_narrative(event: &EventType, state: &State, place: &str, random: &mut Random) -> Vec<u8> {
    // One in four reports says nothing more than the kind.
    if random.chance(25) {
        return Vec::new();
    }
    let (least, most, first, unit, last) = match event.name {
        "Hail" => (8, 30, "Hail of ", " tenths of an inch was reported near ", "."),
        "Thunderstorm Wind" | "High Wind" | "Strong Wind" => {
            (45, 80, "Gusts of ", " knots downed trees near ", ".")
        }
        "Tornado" | "Funnel Cloud" | "Waterspout" => (
            1,
            20,
            "It was seen for ",
            " minutes, moving northeast, near ",
            ".",
        ),
        "Flash Flood" | "Flood" | "Heavy Rain" => (
            2,
            40,
            "Water rose ",
            " inches within hours around ",
            ", closing roads.",
        ),
        _ if event.season == Season::Winter => (
            3,
            14,
            "Up to ",
            " inches of snow and sleet were measured around ",
            ".",
        ),
        _ => (2, 40, "For ", " hours reports came from around ", "."),
    };
    let size = least + random.below(most - least + 1);
    let mut text = Vec::with_capacity(128);
    text.extend_from_slice(first.as_bytes());
    integer(u64::from(size), &mut text);
    text.extend_from_slice(unit.as_bytes());
    title_case(place, &mut text);
    text.extend_from_slice(b" in ");
    title_case(state.name, &mut text);
    text.extend_from_slice(last.as_bytes());
    text
}

/// The `StormSummary` column: a JSON object, hence a quoted field with doubled quotes.
fn summary(damages: u64, (start, end): (u32, u32), state: &State, narrative: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(br#","{""TotalDamages"":"#);
    integer(damages, out);
    out.extend_from_slice(br#",""StartTime"":"""#);
    datetime(start, out);
    out.extend_from_slice(br#""",""EndTime"":"""#);
    datetime(end, out);
    out.extend_from_slice(br#""",""Details"":{""Description"":"""#);
    // Event narratives hold neither quotes nor line breaks, so they need no JSON escapes.
    out.extend_from_slice(narrative);
    out.extend_from_slice(br#""",""Location"":"""#);
    out.extend_from_slice(state.name.as_bytes());
    out.extend_from_slice(br#"""}}""#);
}

fn datetime(minutes: u32, out: &mut Vec<u8>) {
    let (day, minute) = (minutes / 1440, minutes % 1440);
    let month = DAYS_BEFORE_MONTH
        .iter()
        .rposition(|before| *before <= day)
        .unwrap_or(0);
    out.extend_from_slice(b"2007-");
    digits(month as u32 + 1, 2, out);
    out.push(b'-');
    digits(day - DAYS_BEFORE_MONTH[month] + 1, 2, out);
    out.push(b'T');
    digits(minute / 60, 2, out);
    out.push(b':');
    digits(minute % 60, 2, out);
    out.extend_from_slice(b":00.0000000Z");
}

fn integer(number: u64, out: &mut Vec<u8>) {
    let mut text = [0; 20];
    let mut at = text.len();
    let mut rest = number;
    loop {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

/// Decimal digits with leading zeros.
fn digits(number: u32, width: u32, out: &mut Vec<u8>) {
    for place in (0..width).rev() {
        out.push(b'0' + (number / 10_u32.pow(place) % 10) as u8);
    }
}

/// A comma and a field that needs no quotes.
fn field(text: &str, out: &mut Vec<u8>) {
    out.push(b',');
    out.extend_from_slice(text.as_bytes());
}

/// A comma and a field, in quotes if it needs them.
fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b',');
    if !text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n')) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

fn title_case(upper: &str, out: &mut Vec<u8>) {
    let mut first = true;
    for byte in upper.bytes() {
        out.push(if first { byte } else { byte.to_ascii_lowercase() });
        first = byte == b' ';
    }
}

const BUFFER: usize = 64 * 1024;
const SEED: u64 = 2007;
const INT_MAX: u64 = i32::MAX as u64;
const MINUTES_OF_YEAR: u32 = 365 * 1440;
const DAYS_BEFORE_MONTH: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(rows: u64) -> String {
        let mut bytes = Vec::new();
        write_storm_events(&mut bytes, rows).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Splits CSV by the rules of RFC 4180.
    fn records(text: &str) -> Vec<Vec<String>> {
        let (mut records, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => record.push(std::mem::take(&mut field)),
                '\n' if !quoted => {
                    record.push(std::mem::take(&mut field));
                    records.push(std::mem::take(&mut record));
                }
                other => field.push(other),
            }
        }
        records
    }

    fn share(records: &[Vec<String>], column: usize, value: &str) -> f64 {
        let hits = records.iter().filter(|record| record[column] == value).count();
        hits as f64 / records.len() as f64
    }

    #[test]
    fn every_record_has_the_columns_of_the_schema() {
        let records = records(&csv(3000));
        assert_eq!(records.len(), 3001);
        assert!(records.iter().all(|record| record.len() == 22));
        assert_eq!(
            records[0].join(","),
            STORM_EVENTS_SCHEMA
                .split(", ")
                .map(|c| c.split(':').next().unwrap())
                .collect::<Vec<_>>()
                .join(",")
        );
    }

    #[test]
    fn same_row_count_gives_the_same_bytes_and_fewer_rows_a_prefix() {
        let long = csv(500);
        assert_eq!(long, csv(500));
        assert!(long.starts_with(&csv(200)));
        assert_eq!(records(&csv(0)).len(), 1);
    }

    #[test]
    fn values_are_skewed_and_sometimes_missing_quoted_or_many_lines_long() {
        let records = records(&csv(20_000));
        let rows = &records[1..];
        assert!(share(rows, 4, "TEXAS") > 4.0 * share(rows, 4, "ARIZONA"));
        assert!(share(rows, 5, "Thunderstorm Wind") > 0.1);
        assert!((0.1..0.7).contains(&share(rows, 15, "")));
        assert!(share(rows, 10, "0") > 0.6);
        assert!(rows.iter().any(|row| row[19].contains('\n')));
        assert!(rows.iter().any(|row| row[19].contains('"')));
    }

    #[test]
    fn times_lie_in_2007_and_end_after_they_begin() {
        for row in &records(&csv(5000))[1..] {
            assert_eq!(row[0].len(), "2007-01-01T00:00:00.0000000Z".len());
            assert!(row[0].starts_with("2007-") && row[1].starts_with("2007-"));
            assert!(row[0] <= row[1], "{row:?}");
        }
    }

    #[test]
    fn summary_is_a_json_object_that_repeats_the_row() {
        let records = records(&csv(50));
        let row = &records[1];
        let total = row[10].parse::<u64>().unwrap() + row[11].parse::<u64>().unwrap();
        let expected = format!(
            r#"{{"TotalDamages":{total},"StartTime":"{}","EndTime":"{}","Details":{{"Description":"{}","Location":"{}"}}}}"#,
            row[0], row[1], row[20], row[4]
        );
        assert_eq!(row[21], expected);
    }
}
