//! Where texts of C end.

/// What comes before the first zero byte. Redis reads and sends some texts as strings of C, which end there.
pub fn up_to_zero(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|&byte| byte == 0);
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::up_to_zero;

    #[test]
    fn a_text_ends_at_its_first_zero_byte_or_where_it_ends() {
        assert_eq!(up_to_zero(b"a\0b\0"), b"a");
        assert_eq!(up_to_zero(b"\0"), b"");
        assert_eq!(up_to_zero(b"ab"), b"ab");
    }
}
