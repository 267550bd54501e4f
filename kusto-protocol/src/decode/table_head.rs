//! The head of a table in the very form in which the service writes it.

use super::DecoderConfig;
use super::head::{FrameType, Head, Member};
use super::string::short_text;
use crate::TableKind;

impl Head {
    /// Reads the members of a `DataTable` up to `Rows`, from the first one's quote on, and gives their length with the
    /// name of `Rows`. Of a head in any other form, right or wrong or cut, it reads nothing.
    pub(super) fn set_short_table(&mut self, json: &[u8], config: &DecoderConfig) -> Option<usize> {
        let rest = json.strip_prefix(b"\"FrameType\":\"DataTable\",\"TableId\":")?;
        let (table_id, rest) = short_id(rest)?;
        let (kind, rest) = short_text(rest.strip_prefix(b",\"TableKind\":\"")?)?;
        let (name, rest) = short_text(rest.strip_prefix(b",\"TableName\":\"")?)?;
        let rest = rest.strip_prefix(b",\"Columns\":")?;
        let (columns, columns_len) = self.lists.short(rest)?;
        let rest = rest[columns_len..].strip_prefix(b",\"Rows\":")?;
        let len = json.len() - rest.len();
        // Columns are nested.
        if len >= config.max_head_bytes || config.max_depth < 2 {
            return None;
        }
        self.note_len(Member::FrameType, b"\"DataTable\"".len());
        self.note_len(
            Member::TableId,
            table_id.checked_ilog10().map_or(1, |log| log as usize + 1),
        );
        self.note_len(Member::TableKind, kind.len() + 2);
        self.note_len(Member::TableName, name.len() + 2);
        self.note_len(Member::Columns, columns_len);
        let members = &mut self.members;
        members.frame_type = Some(FrameType::DataTable);
        members.table_id = Some(table_id.into());
        members.table_kind = Some(TableKind::from_name(kind));
        members.table_name = Some(name.to_owned());
        members.columns = Some(columns);
        Some(len)
    }
}

/// The number of a few digits at the front, and what follows it.
fn short_id(json: &[u8]) -> Option<(u32, &[u8])> {
    let len = json.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = json.split_at(len);
    let is_number = matches!(len, 1..=9) && (len == 1 || digits[0] != b'0');
    let id = digits.iter().fold(0_u32, |id, digit| {
        id.wrapping_mul(10).wrapping_add(u32::from(digit - b'0'))
    });
    is_number.then_some((id, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = concat!(
        r#""FrameType":"DataTable","TableId":12,"TableKind":"PrimaryResult","TableName":"a","#,
        r#""Columns":[{"ColumnName":"n","ColumnType":"long"}],"Rows":"#,
    );

    fn set(json: &str, config: &DecoderConfig) -> (Head, Option<usize>) {
        let mut head = Head::default();
        head.begin(0);
        let len = head.set_short_table(json.as_bytes(), config);
        (head, len)
    }

    #[test]
    fn a_head_is_as_its_members_one_by_one() {
        let (head, len) = set(&format!("{HEAD}[]"), &DecoderConfig::default());
        assert_eq!(len, Some(HEAD.len()));
        let mut expected = Head::default();
        expected.begin(0);
        for (member, value) in [
            (Member::FrameType, r#""DataTable""#),
            (Member::TableId, "12"),
            (Member::TableKind, r#""PrimaryResult""#),
            (Member::TableName, r#""a""#),
            (Member::Columns, r#"[{"ColumnName":"n","ColumnType":"long"}]"#),
        ] {
            expected.begin_member(member);
            expected.set(member, value.as_bytes());
            assert!(head.has(member), "{member:?}");
        }
        assert_eq!(head.len(), expected.len());
        assert_eq!(format!("{:?}", head.members), format!("{:?}", expected.members));
    }

    #[test]
    fn other_heads_are_left_alone() {
        let config = DecoderConfig::default();
        for cut in 0..HEAD.len() {
            assert_eq!(set(&HEAD[..cut], &config).1, None);
        }
        for (part, other) in [
            ("DataTable", "DataTables"),
            (":12", ":"),
            (":12", ":012"),
            (":12", ":1234567890"),
            (":12", ":-1"),
            (":12", ":1.0"),
            ("PrimaryResult", "Primary\\u0052esult"),
            ("\"a\"", "null"),
            ("\"a\"", "\"ä\""),
            ("[{", "[ {"),
            ("Rows", "Rowz"),
        ] {
            let (head, len) = set(&HEAD.replacen(part, other, 1), &config);
            assert_eq!((len, head.len()), (None, 0), "{other}");
        }
    }

    #[test]
    fn a_head_beyond_a_limit_is_left_alone() {
        for (max_head_bytes, max_depth, len) in [
            (HEAD.len(), 2, None),
            (HEAD.len() + 1, 1, None),
            (HEAD.len() + 1, 2, Some(HEAD.len())),
        ] {
            let config = DecoderConfig {
                max_head_bytes,
                max_depth,
                ..DecoderConfig::default()
            };
            assert_eq!(set(HEAD, &config).1, len);
        }
    }
}
