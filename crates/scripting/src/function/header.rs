//! The first line of a library: `#!lua name=jobs`.

use resp::Span;
use resp::words::split_line;

use super::library::LibraryError;

/// What a library's first line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The library's name: letters, digits and underscores.
    pub name: String,
    /// The code after the line. It begins with the line's end, so that lines keep their numbers.
    pub code: &'a [u8],
}

/// Reads the first line of a library.
///
/// # Errors
/// What is wrong with it, in the order in which Redis looks.
pub fn parse(text: &[u8]) -> Result<Header<'_>, LibraryError> {
    let Some(rest) = text.strip_prefix(b"#!") else {
        return Err(LibraryError::NoMetadata);
    };
    let end = memchr::memchr(b'\n', rest).ok_or(LibraryError::Metadata)?;
    let mut line = rest[..end].to_vec();
    // The engine's name stands right behind the mark: with a blank there it is empty.
    let has_engine = line.first().is_some_and(|byte| !byte.is_ascii_whitespace());
    let mut spans: Vec<Span> = Vec::new();
    split_line(&mut line, &mut spans).ok_or(LibraryError::Metadata)?;
    let mut words = spans.iter().map(|span| &line[span.start..span.end]);
    let engine = if has_engine {
        words.next().unwrap_or_default()
    } else {
        &[]
    };
    let mut name = None;
    for word in words {
        let value = word
            .split_at_checked(b"name=".len())
            .filter(|(key, _)| key.eq_ignore_ascii_case(b"name="));
        match value {
            None => return Err(LibraryError::MetadataValue(word.to_vec())),
            Some(_) if name.is_some() => return Err(LibraryError::SecondName),
            Some((_, value)) => name = Some(value),
        }
    }
    let name = name.ok_or(LibraryError::NoName)?;
    if !is_name(name) {
        return Err(LibraryError::Name);
    }
    if !engine.eq_ignore_ascii_case(b"lua") {
        return Err(LibraryError::Engine(engine.to_vec()));
    }
    Ok(Header {
        name: String::from_utf8_lossy(name).into_owned(),
        code: &rest[end..],
    })
}

/// Whether this may be the name of a library or a function.
pub(super) fn is_name(name: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    !name.is_empty() && name.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_the_library_and_is_cut_off() {
        let header = parse(b"#!lua name=jobs\nreturn 1").expect("fits");
        assert_eq!((&*header.name, header.code), ("jobs", &b"\nreturn 1"[..]));
        assert_eq!(parse(b"#!lua name='a_1'\n").expect("fits").name, "a_1");
        assert_eq!(parse(b"#!LUA NAME=a_1\n").expect("fits").name, "a_1");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, error) in [
            ("", "ERR Missing library metadata"),
            ("return 1", "ERR Missing library metadata"),
            ("#!lua name=a", "ERR Invalid library metadata"),
            ("#!lua name=\"a\n", "ERR Invalid library metadata"),
            ("#!lua\n", "ERR Library name was not given"),
            ("#!\n", "ERR Library name was not given"),
            ("#!lua a=b\n", "ERR Invalid metadata value given: a=b"),
            ("#! lua name=a\n", "ERR Invalid metadata value given: lua"),
            ("#!js name=a\n", "ERR Engine 'js' not found"),
            (
                "#!lua name=a name=b\n",
                "ERR Invalid metadata value, name argument was given multiple times",
            ),
            (
                "#!lua name=a-b\n",
                "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one \
                 character long",
            ),
        ] {
            let found = parse(text.as_bytes()).expect_err(text).to_string();
            assert_eq!(found, error, "{text}");
        }
    }
}
