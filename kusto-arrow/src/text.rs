//! Texts, moved without a look at them: the one file of this crate with unsafe code.
//!
//! Arrow's safe constructors read all text again, to see that it is UTF-8 and that no offset parts a character, which
//! costs a tenth of decoding. A [`TextArray`] promises both. Where debug assertions are on, and so in all tests, Arrow
//! looks again all the same.

use arrow_array::StringArray;
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use kusto_protocol::TextArray;

use crate::record_batch::nulls;

/// Moves the buffers.
pub(crate) fn texts(array: TextArray) -> StringArray {
    let (offsets, text, validity) = array.into_parts();
    let offsets = ScalarBuffer::from(offsets);
    let text = Buffer::from_vec(text.into_bytes());
    let nulls = nulls(validity);
    debug_assert!(
        StringArray::try_new(OffsetBuffer::new(offsets.clone()), text.clone(), nulls.clone()).is_ok(),
        "a text array keeps its promise"
    );
    // SAFETY: offsets must begin at 0 or above and never go down. An array must be one that `try_new` would not
    // refuse: it refuses text that is no UTF-8, but this was a `String`; offsets beyond the text or within a
    // character; and nulls of another number than the offsets give. `TextArray` promises that there is nothing of
    // that kind, and nobody else can make one.
    unsafe { StringArray::new_unchecked(OffsetBuffer::new_unchecked(offsets), text, nulls) }
}
