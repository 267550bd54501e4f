//! The text form of errors in V1 answers.

use serde_json::Value;

use super::{OneApiError, OneApiErrorContext};

/// The extension under which the engine's result code of a text is kept.
pub(super) const UNDERLYING_ERROR_CODE: &str = "UnderlyingErrorCode";

pub(super) fn read(text: &str) -> OneApiError {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .peekable();
    let mut error = OneApiError {
        description: Some(text.to_owned()),
        ..OneApiError::default()
    };
    let mut context = OneApiErrorContext::default();
    if let Some(line) = lines.next_if(|line| exception(line).is_none()) {
        line.clone_into(&mut error.message);
    }
    for line in lines {
        if let Some((class, message)) = exception(line) {
            error.exception_type.get_or_insert_with(|| class.to_owned());
            if error.message.is_empty() {
                message.clone_into(&mut error.message);
            }
        } else if let Some((key, value)) = line.split_once('=') {
            pair(key, value, &mut error, &mut context);
        }
    }
    if error.code.is_empty() {
        error.code = code(&error).unwrap_or_default().to_owned();
    }
    error.context = (context != OneApiErrorContext::default()).then_some(context);
    error
}

/// `[0]Some.Namespace.SomeException: message`
fn exception(line: &str) -> Option<(&str, &str)> {
    let (index, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (class, message) = rest.split_once(':')?;
    let is_class = class.contains('.') && !class.contains(char::is_whitespace);
    (is_class && index.bytes().all(|byte| byte.is_ascii_digit())).then_some((class, message.trim()))
}

/// Takes a `key=value` line; keys may repeat, and the first non-empty value counts.
fn pair(key: &str, value: &str, error: &mut OneApiError, context: &mut OneApiErrorContext) {
    if value.is_empty() {
        return;
    }
    let slot = match key {
        "Timestamp" => &mut context.timestamp,
        "ClientRequestId" => &mut context.client_request_id,
        "ActivityId" => &mut context.activity_id,
        "ActivityType" => &mut context.activity_type,
        "ActivityStack" => &mut context.activity_stack,
        "ServiceAlias" => &mut context.service_alias,
        "MachineName" => &mut context.machine_name,
        "ProcessName" => &mut context.process_name,
        "ErrorCode" => &mut error.error_code,
        "ErrorMessage" => &mut error.error_message,
        "DatabaseName" => &mut error.database,
        "ProcessId" => {
            context.process_id = context.process_id.or_else(|| value.parse().ok());
            return;
        }
        "ThreadId" => {
            context.thread_id = context.thread_id.or_else(|| value.parse().ok());
            return;
        }
        "ErrorReason"
        | "DataSource"
        | "MonitoredActivityContext"
        | UNDERLYING_ERROR_CODE
        | "UnderlyingErrorMessage" => {
            error.extensions.entry(key).or_insert_with(|| Value::from(value));
            return;
        }
        // A line of prose with an equals sign.
        _ => return,
    };
    slot.get_or_insert_with(|| value.to_owned());
}

/// The code that the JSON form of the same error would have: a prefix as in `General_BadRequest: …`, else what the
/// class of a partial failure is named after.
fn code(error: &OneApiError) -> Option<&str> {
    let prefix = error.message.split_once(':').map(|(prefix, _)| prefix);
    let is_code =
        |prefix: &&str| prefix.contains('_') && prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    prefix.filter(is_code).or_else(|| {
        let class = error
            .class()?
            .strip_prefix("KustoServicePartialQueryFailure")?
            .strip_suffix("Exception")?;
        Some(class).filter(|class| !class.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_layout_is_taken_apart() {
        let text = "Query execution has exceeded the allowed limits (80DA0003): .\r\n\
            [0]Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException: limits (80DA0003)\r\n\
            Timestamp=2018-12-10T15:10:48.8352222Z\r\nClientRequestId=KRC.execute;1\r\nActivityId=a1\r\n\
            ActivityType=T\r\nServiceAlias=C1\r\nMachineName=M\r\nProcessName=P\r\nProcessId=4328\r\nThreadId=x\r\n\
            ActivityStack=(Activity stack: CRID=KRC.execute;1)\r\nMonitoredActivityContext=(none)\r\n\
            ErrorCode=\r\nErrorReason=\r\nErrorMessage=\r\nDataSource=\r\nDatabaseName=Samples\r\n\
            ClientRequestId=other\r\nActivityId=a2\r\nUnderlyingErrorCode=80DA0003\r\nUnderlyingErrorMessage=m\r\n";
        let error = read(text);
        assert_eq!(error.code, "LimitsExceeded");
        assert_eq!(
            error.message,
            "Query execution has exceeded the allowed limits (80DA0003): ."
        );
        assert_eq!(error.description.as_deref(), Some(text));
        assert_eq!(
            error.class(),
            Some("KustoServicePartialQueryFailureLimitsExceededException")
        );
        assert_eq!(error.hresult(), Some(0x80DA_0003));
        assert_eq!(error.database.as_deref(), Some("Samples"));
        assert_eq!(error.error_code, None);
        assert_eq!(
            (error.client_request_id(), error.activity_id()),
            (Some("KRC.execute;1"), Some("a1"))
        );
        let context = error.context.unwrap();
        assert_eq!((context.process_id, context.thread_id), (Some(4328), None));
        assert_eq!(
            context.activity_stack.as_deref(),
            Some("(Activity stack: CRID=KRC.execute;1)")
        );
    }

    #[test]
    fn other_texts_keep_their_words() {
        let error = read("General_BadRequest: Request is invalid.\r\nError details:\r\nClientRequestId='x'");
        assert_eq!(error.code, "General_BadRequest");
        assert_eq!(error.message, "General_BadRequest: Request is invalid.");
        assert_eq!(read("[0]A.B.SomeException: boom").message, "boom");
        assert_eq!(read("x = 1 failed").message, "x = 1 failed");
        assert_eq!(read("").message, "");
        assert_eq!(read("x = 1 failed").context, None);
    }
}
