//! What the generated storms are drawn from: states with their extent, event types with their season, words.

/// A state of the United States, roughly: enough for coordinates that fall inside it.
pub(super) struct State {
    pub(super) name: &'static str,
    /// How often it is drawn, relative to the others.
    pub(super) weight: u32,
    /// South, north: latitudes in hundredths of a degree.
    pub(super) latitude: (i32, i32),
    /// West, east: longitudes in hundredths of a degree.
    pub(super) longitude: (i32, i32),
}

const fn state(name: &'static str, weight: u32, south: i32, north: i32, west: i32, east: i32) -> State {
    State {
        name,
        weight,
        latitude: (south, north),
        longitude: (west, east),
    }
}

pub(super) const STATES: [State; 50] = [
    state("TEXAS", 4700, 2700, 3600, -10200, -9440),
    state("KANSAS", 3170, 3710, 3990, -10190, -9480),
    state("IOWA", 2340, 4060, 4340, -9600, -9040),
    state("ILLINOIS", 2020, 3720, 4240, -9030, -8760),
    state("MISSOURI", 2020, 3660, 4040, -9450, -9000),
    state("GEORGIA", 1980, 3080, 3490, -8510, -8150),
    state("MINNESOTA", 1880, 4360, 4830, -9610, -9210),
    state("WISCONSIN", 1850, 4260, 4620, -9160, -8780),
    state("NEBRASKA", 1770, 4010, 4290, -10340, -9580),
    state("NEW YORK", 1750, 4120, 4460, -7890, -7380),
    state("OKLAHOMA", 1740, 3410, 3690, -9990, -9460),
    state("NORTH CAROLINA", 1720, 3440, 3640, -8270, -7660),
    state("PENNSYLVANIA", 1690, 3980, 4190, -8040, -7500),
    state("COLORADO", 1650, 3710, 4090, -10840, -10220),
    state("VIRGINIA", 1650, 3670, 3880, -8180, -7640),
    state("MICHIGAN", 1640, 4190, 4600, -8630, -8310),
    state("SOUTH DAKOTA", 1570, 4300, 4580, -10380, -9680),
    state("KENTUCKY", 1390, 3670, 3860, -8850, -8280),
    state("ALABAMA", 1320, 3110, 3480, -8800, -8530),
    state("OHIO", 1230, 3870, 4140, -8460, -8080),
    state("MONTANA", 1230, 4520, 4880, -11400, -10430),
    state("MISSISSIPPI", 1220, 3100, 3480, -9060, -8850),
    state("INDIANA", 1160, 3810, 4160, -8750, -8490),
    state("TENNESSEE", 1130, 3510, 3640, -8920, -8250),
    state("FLORIDA", 1040, 2620, 3070, -8240, -8040),
    state("ARKANSAS", 1030, 3320, 3630, -9410, -9020),
    state("SOUTH CAROLINA", 920, 3260, 3500, -8230, -7930),
    state("CALIFORNIA", 900, 3300, 4170, -12190, -11700),
    state("WEST VIRGINIA", 760, 3760, 4010, -8190, -7890),
    state("NORTH DAKOTA", 740, 4610, 4890, -10380, -9710),
    state("NEW JERSEY", 670, 3970, 4110, -7500, -7420),
    state("WYOMING", 580, 4120, 4480, -11000, -10430),
    state("LOUISIANA", 460, 3010, 3290, -9360, -9060),
    state("MASSACHUSETTS", 440, 4180, 4260, -7290, -7090),
    state("NEW MEXICO", 430, 3210, 3680, -10860, -10330),
    state("MARYLAND", 420, 3870, 3970, -7830, -7620),
    state("ARIZONA", 410, 3190, 3670, -11370, -10930),
    state("IDAHO", 390, 4230, 4780, -11640, -11250),
    state("OREGON", 370, 4230, 4540, -12310, -11730),
    state("MAINE", 360, 4360, 4660, -7040, -6840),
    state("VERMONT", 350, 4290, 4480, -7310, -7220),
    state("NEW HAMPSHIRE", 340, 4290, 4430, -7200, -7130),
    state("WASHINGTON", 330, 4590, 4870, -12300, -11760),
    state("UTAH", 320, 3730, 4160, -11350, -10940),
    state("NEVADA", 260, 3620, 4160, -11890, -11440),
    state("ALASKA", 250, 5920, 6650, -15800, -14230),
    state("CONNECTICUT", 150, 4130, 4190, -7330, -7200),
    state("DELAWARE", 120, 3860, 3970, -7570, -7520),
    state("HAWAII", 110, 1920, 2200, -15960, -15510),
    state("RHODE ISLAND", 60, 4140, 4190, -7170, -7140),
];

/// Which months an event type prefers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Season {
    /// Spring and summer convection.
    Convective,
    /// Late summer and autumn, near the southern coasts.
    Tropical,
    /// Hot and dry months.
    Dry,
    /// Snow, ice and cold.
    Winter,
    /// Any time of the year, more in wet months.
    Wet,
}

impl Season {
    /// Weights of January to December.
    pub(super) const fn months(self) -> [u32; 12] {
        match self {
            Self::Convective => [3, 5, 12, 16, 20, 22, 17, 15, 7, 5, 2, 1],
            Self::Tropical => [0, 0, 0, 0, 1, 4, 8, 22, 24, 9, 2, 0],
            Self::Dry => [2, 3, 4, 4, 6, 11, 18, 22, 14, 8, 5, 3],
            Self::Winter => [25, 24, 14, 6, 1, 0, 0, 0, 0, 2, 7, 26],
            Self::Wet => [8, 7, 10, 11, 12, 13, 12, 11, 7, 6, 4, 7],
        }
    }
}

/// A kind of storm and how it behaves.
pub(super) struct EventType {
    pub(super) name: &'static str,
    pub(super) weight: u32,
    pub(super) season: Season,
    /// Longest duration, in minutes.
    pub(super) minutes: u32,
    /// Events of a hundred that damage property.
    pub(super) damaging: u32,
    /// Reported at a place with coordinates; otherwise for a whole zone.
    pub(super) located: bool,
}

const fn event(
    name: &'static str,
    weight: u32,
    season: Season,
    minutes: u32,
    damaging: u32,
    located: bool,
) -> EventType {
    EventType {
        name,
        weight,
        season,
        minutes,
        damaging,
        located,
    }
}

pub(super) const EVENT_TYPES: [EventType; 32] = [
    event("Thunderstorm Wind", 13000, Season::Convective, 20, 42, true),
    event("Hail", 12700, Season::Convective, 15, 6, true),
    event("Flash Flood", 3690, Season::Wet, 480, 24, true),
    event("Drought", 3620, Season::Dry, 43_200, 1, false),
    event("Winter Weather", 3350, Season::Winter, 1440, 4, false),
    event("Flood", 3150, Season::Wet, 10_080, 18, true),
    event("Winter Storm", 2640, Season::Winter, 2160, 5, false),
    event("Heavy Snow", 2310, Season::Winter, 1800, 3, false),
    event("High Wind", 2030, Season::Winter, 900, 30, false),
    event("Heavy Rain", 1780, Season::Wet, 720, 5, true),
    event("Strong Wind", 1290, Season::Wet, 600, 45, false),
    event("Tornado", 1240, Season::Convective, 25, 55, true),
    event("Heat", 1200, Season::Dry, 5760, 0, false),
    event("Excessive Heat", 950, Season::Dry, 7200, 0, false),
    event("Lightning", 780, Season::Convective, 1, 60, true),
    event("Frost/Freeze", 770, Season::Winter, 600, 3, false),
    event("Ice Storm", 700, Season::Winter, 2000, 25, false),
    event("Wildfire", 620, Season::Dry, 8640, 35, false),
    event("Dense Fog", 600, Season::Winter, 600, 2, false),
    event("Blizzard", 530, Season::Winter, 1800, 4, false),
    event("Extreme Cold/Wind Chill", 430, Season::Winter, 2880, 1, false),
    event("Cold/Wind Chill", 420, Season::Winter, 2880, 1, false),
    event("Funnel Cloud", 400, Season::Convective, 5, 0, true),
    event("Coastal Flood", 250, Season::Tropical, 600, 10, false),
    event("Lake-Effect Snow", 250, Season::Winter, 2880, 1, false),
    event("Landslide", 150, Season::Wet, 60, 40, true),
    event("High Surf", 130, Season::Tropical, 2000, 5, false),
    event("Rip Current", 120, Season::Tropical, 240, 0, false),
    event("Debris Flow", 90, Season::Wet, 60, 35, true),
    event("Dust Storm", 80, Season::Dry, 180, 12, false),
    event("Waterspout", 70, Season::Convective, 10, 1, true),
    event("Tropical Storm", 60, Season::Tropical, 2160, 30, false),
];

/// Who reported it, with weights.
pub(super) const SOURCES: [(&str, u32); 14] = [
    ("Trained Spotter", 20),
    ("Law Enforcement", 18),
    ("Public", 15),
    ("COOP Observer", 9),
    ("Emergency Manager", 9),
    ("Newspaper", 6),
    ("County Official", 5),
    ("Amateur Radio", 4),
    ("Fire Department/Rescue", 4),
    ("NWS Storm Survey", 3),
    ("ASOS", 3),
    ("Mesonet", 2),
    ("Broadcast Media", 1),
    ("NWS Employee", 1),
];

pub(super) const PLACES: [&str; 48] = [
    "ASHLAND",
    "AUBURN",
    "BEDFORD",
    "BELMONT",
    "BRISTOL",
    "BURLINGTON",
    "CANTON",
    "CEDAR FALLS",
    "CENTERVILLE",
    "CHESTER",
    "CLAYTON",
    "CLINTON",
    "COLUMBIA",
    "CRESTON",
    "DAYTON",
    "DOVER",
    "EAST LIBERTY",
    "ELM GROVE",
    "FAIRVIEW",
    "FRANKLIN",
    "GEORGETOWN",
    "GLENWOOD",
    "GREENVILLE",
    "HARRISON",
    "HUDSON",
    "JACKSON",
    "KINGSTON",
    "LEBANON",
    "LEXINGTON",
    "LIBERTY",
    "MADISON",
    "MARION",
    "MILFORD",
    "MT VERNON",
    "NEWPORT",
    "OAK HILL",
    "OXFORD",
    "PLEASANT VALLEY",
    "PORT WILLIAM",
    "RICHMOND",
    "RIVERSIDE",
    "SALEM",
    "SPRINGFIELD",
    "ST CLAIR",
    "UNION",
    "WASHINGTON",
    "WINCHESTER",
    "YORK",
];

/// How an episode began: sentences without commas or quotes come first, so that some fields need no quoting.
pub(super) const OPENINGS: [&str; 10] = [
    "A cold front moved across the region during the afternoon and evening.",
    "Scattered storms developed ahead of an upper level disturbance.",
    "A strong low pressure system tracked northeast through the area.",
    "High pressure remained over the region for much of the month.",
    "A warm front lifted north, and a moist air mass became unstable by late morning.",
    "An area of low pressure, with a trailing cold front, produced widespread weather.",
    "A line of storms formed during the evening, then moved slowly east overnight.",
    "Deep moisture, weak winds aloft and a stalled boundary led to repeated storms.",
    "The remnants of a tropical system merged with a frontal boundary.",
    "An arctic air mass settled over the area behind a departing system.",
];

pub(super) const CLOSINGS: [&str; 6] = [
    "Several reports came in from across the county.",
    "Conditions improved by the following morning.",
    "Roads were closed for several hours, and power was out in places.",
    "The most intense part passed south of the larger towns.",
    "Local observers described it as \"the worst in years\".",
    "Clean-up took most of the week.",
];
