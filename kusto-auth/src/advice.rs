//! What to do about the codes of the identity provider.

/// What somebody who meets this code should do; `None` for codes whose own words have to do.
pub(crate) fn of(code: &str) -> Option<&'static str> {
    let number = code.strip_prefix("AADSTS").unwrap_or(code);
    ADVICE
        .iter()
        .find(|(codes, _)| codes.contains(&number))
        .map(|(_, advice)| *advice)
}

// The codes are those of Microsoft Entra's error code reference.
const ADVICE: &[(&[&str], &str)] = &[
    (
        &["7000215"],
        "the client secret is wrong: use its value, not its id",
    ),
    (&["7000222"], "the client secret has expired: create a new one"),
    (
        &["7000216", "7000218"],
        "the application needs a client secret, certificate or assertion, or must allow public client flows",
    ),
    (
        &["700016"],
        "the tenant does not know this application: check the client id and the tenant",
    ),
    (
        &["90002", "90013", "900023", "900021"],
        "there is no such tenant: check the tenant's id or domain name",
    ),
    (
        &["53000", "53001", "53002", "53003"],
        "a conditional access policy blocks this sign-in: ask the tenant's administrator",
    ),
    (
        &["50020", "50177", "51004"],
        "this account is not in the tenant: sign in with another account, or name the account's tenant",
    ),
    (
        &["50034", "50126", "50053", "50057"],
        "user name or password are wrong, or the account is locked",
    ),
    (
        &["50055", "50144"],
        "the password has expired: change it, then sign in again",
    ),
    (
        &["50072", "50074", "50076", "50079", "50158"],
        "the tenant wants more than a password: sign in with a browser or a device code",
    ),
    (
        &[
            "50058", "50173", "70008", "70043", "700082", "700084", "50133", "50132",
        ],
        "the earlier sign-in is no longer valid: sign in again",
    ),
    (
        &["65001", "65004", "650052", "650057"],
        "the application has no permission: add the delegated permission user_impersonation of Azure Data Explorer and \
         consent to it",
    ),
    (
        &["500011", "500014", "50001"],
        "the tenant does not know the cluster's resource: check the tenant and the address of the cluster",
    ),
    (
        &["700024"],
        "the assertion is not valid at this time: check the clock of this machine",
    ),
    (
        &["700027", "700023", "7000214"],
        "the certificate is not registered for this application: upload it, or send the chain if the application \
         trusts by subject and issuer",
    ),
    (
        &["70011", "1002012"],
        "the scope is not valid for this application: check the address of the cluster",
    ),
    (
        &["70016", "70018", "70019", "70020"],
        "the device code is no longer valid: start the sign-in again",
    ),
    (
        &["9002313", "900144", "50011", "500113"],
        "the request does not fit the application's registration: check its redirect addresses and its platform",
    ),
    (
        &["500133", "50013", "500131"],
        "the token that was to be exchanged is not valid for this application: it must be issued to it and not have \
         expired",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_advice_with_and_without_its_prefix() {
        for code in ["AADSTS7000222", "7000222"] {
            assert_eq!(of(code), Some("the client secret has expired: create a new one"));
        }
        assert_eq!(of("AADSTS1"), None);
        assert_eq!(of("AADSTS70"), None);
    }
}
