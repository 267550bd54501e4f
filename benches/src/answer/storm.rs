//! The 22 columns of StormEvents: dates, small numbers, names, places that are often missing, two long texts and a
//! nested dynamic value.

use super::random::Random;
use super::text::{push, push_datetime, push_real, push_string, words};

pub(super) const COLUMNS: &str = "StartTime:datetime,EndTime:datetime,EpisodeId:int,EventId:int,State:string,\
    EventType:string,InjuriesDirect:int,InjuriesIndirect:int,DeathsDirect:int,DeathsIndirect:int,\
    DamageProperty:int,DamageCrops:int,Source:string,BeginLocation:string,EndLocation:string,BeginLat:real,\
    BeginLon:real,EndLat:real,EndLon:real,EpisodeNarrative:string,EventNarrative:string,StormSummary:dynamic";

pub(super) struct Storms {
    random: Random,
    event: u64,
    episode: Episode,
}

/// What several events in a row have in common.
struct Episode {
    id: u64,
    state: &'static str,
    narrative: String,
}

impl Storms {
    pub(super) fn new() -> Self {
        let mut random = Random::new(22);
        let episode = Episode::new(0, &mut random);
        Self {
            random,
            event: 0,
            episode,
        }
    }

    pub(super) fn push_row(&mut self, out: &mut Vec<u8>) {
        self.event += 1;
        if self.random.chance(0.35) {
            self.episode = Episode::new(self.event, &mut self.random);
        }
        let random = &mut self.random;
        let begin = YEAR_2007 + random.below(525_600) as i64 * MINUTE;
        let end = begin + random.below(600) as i64 * MINUTE;
        let event_type = random.pick(EVENT_TYPES);
        let mut rare = |probability, limit| {
            if random.chance(probability) {
                random.below(limit)
            } else {
                0
            }
        };
        let (hurt, dead) = (rare(0.02, 30), rare(0.01, 5));
        let (damage, crops) = (rare(0.35, 500) * 500, rare(0.03, 90) * 1000);

        out.push(b'[');
        push_datetime(begin, out);
        out.push(b',');
        push_datetime(end, out);
        push(out, format_args!(",{},{},", self.episode.id, 60_000 + self.event));
        push_string(self.episode.state, out);
        out.push(b',');
        push_string(event_type, out);
        push(out, format_args!(",{hurt},0,{dead},0,{damage},{crops},"));
        push_string(random.pick(SOURCES), out);
        self.push_place(out);
        push_string(&self.episode.narrative, out);
        out.push(b',');
        push_string(&event_narrative(&mut self.random), out);
        push(
            out,
            format_args!(",{{\"Details\":{{\"Description\":\"{event_type}\","),
        );
        push(
            out,
            format_args!("\"Location\":\"{}\"}},\"EndTime\":", self.episode.state),
        );
        push_datetime(end, out);
        out.extend_from_slice(b",\"StartTime\":");
        push_datetime(begin, out);
        push(out, format_args!(",\"TotalDamages\":{}}}]", damage + crops));
    }

    /// The names and coordinates of both ends, half of the time.
    fn push_place(&mut self, out: &mut Vec<u8>) {
        let random = &mut self.random;
        if random.chance(0.5) {
            out.extend_from_slice(b",\"\",\"\",null,null,null,null,");
            return;
        }
        for _ in 0..2 {
            out.push(b',');
            push_string(random.pick(PLACES), out);
        }
        for (from, to) in [(25.0, 48.0), (-124.0, -67.0), (25.0, 48.0), (-124.0, -67.0)] {
            out.push(b',');
            push_real((random.between(from, to) * 1e4).round() / 1e4, out);
        }
        out.push(b',');
    }
}

impl Episode {
    fn new(event: u64, random: &mut Random) -> Self {
        Self {
            id: 10_000 + event,
            state: random.pick(STATES),
            narrative: words(random, 540.0),
        }
    }
}

fn event_narrative(random: &mut Random) -> String {
    if random.chance(0.15) {
        return String::new();
    }
    let mut text = words(random, 240.0);
    if random.chance(0.01) {
        text.push_str(" A spotter called it \"as big as a fist\".\nA second one agreed.");
    }
    text
}

/// 2007-01-01 in ticks.
const YEAR_2007: i64 = 633_032_064_000_000_000;
const MINUTE: i64 = 600_000_000;
const STATES: &[&str] = &[
    "TEXAS",
    "KANSAS",
    "WEST VIRGINIA",
    "ATLANTIC SOUTH",
    "OHIO",
    "NEW JERSEY",
    "IOWA",
    "COLORADO",
];
const EVENT_TYPES: &[&str] = &[
    "Hail",
    "Thunderstorm Wind",
    "Winter Weather",
    "Flash Flood",
    "High Wind",
    "Heavy Snow",
    "Tornado",
];
const SOURCES: &[&str] = &[
    "Trained Spotter",
    "Law Enforcement",
    "Public",
    "COOP Observer",
    "Mesonet",
];
const PLACES: &[&str] = &[
    "SALEM",
    "CLAYTON",
    "(DFW)DALLAS ARPT",
    "FAIRVIEW",
    "MT HOLLY",
    "RIO",
];
