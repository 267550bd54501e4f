/// An error in the service's own words.
#[derive(Clone, Debug, PartialEq)]
pub struct OneApiError {}
