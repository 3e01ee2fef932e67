//! The header of an Interfile: `key [index] := value`, one per line.
//!
//! Keys ignore case; blanks, tabs, `_` and `!` count as one blank. `{a, b}` is a list, `\` at the end of a line
//! continues it, `;` at the beginning of a line or of a word begins a comment. Lines end in LF, CR LF or CR. `!GENERAL
//! IMAGE DATA` without `:=` is a heading. As in STIR, the last of two equal keys counts, and what follows `END OF
//! INTERFILE` does not: it may be the data.

use super::units::number_of;
use crate::io::IoError;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Headers are a few kB; anything larger than this is another kind of file.
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// All entries of a header.
#[derive(Clone, Debug)]
pub(in crate::io) struct Header {
    path: PathBuf,
    entries: Vec<Entry>,
    /// Bytes of the text, up to the end of its last line.
    length: u64,
}

/// One line `key [index] := value`, the key in standard form.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub index: Option<usize>,
    pub value: String,
}

impl Header {
    /// Reads the header of a file.
    pub fn read(path: &Path) -> Result<Self, IoError> {
        let system = |action| move |source| IoError::System { path: path.into(), action, source };
        let file = std::fs::File::open(path).map_err(system("opening the header"))?;
        let mut bytes = Vec::new();
        file.take(MAX_HEADER_BYTES + 1).read_to_end(&mut bytes).map_err(system("reading the header"))?;
        let header = Self::parse(path, &bytes)?;
        if header.length > MAX_HEADER_BYTES {
            let text = format!("is no Interfile header: it is longer than {MAX_HEADER_BYTES} bytes");
            return Err(IoError::Format { path: path.into(), text });
        }
        Ok(header)
    }

    /// Parses the text of a header and whatever follows it; `path` is for the messages.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, IoError> {
        let mut entries = Vec::new();
        let mut length = bytes.len();
        for Line { number, text, end } in logical_lines(bytes) {
            let trimmed = text.trim();
            if trimmed.is_empty() || trimmed.starts_with(';') || (is_heading(trimmed) && !entries.is_empty()) {
                continue;
            }
            let entry = parse_line(trimmed).ok_or_else(|| IoError::Format {
                path: path.into(),
                text: format!("line {number} is no `key := value`: `{}`", shortened(trimmed)),
            })?;
            if entries.is_empty() && entry.key != "interfile" {
                let text = format!("line {number} should be `!INTERFILE :=`, found `{}`", shortened(trimmed));
                return Err(IoError::Format { path: path.into(), text });
            }
            if entry.key == "end of interfile" {
                length = end;
                break;
            }
            entries.push(entry);
        }
        if entries.is_empty() {
            return Err(IoError::Format { path: path.into(), text: "holds no Interfile header".into() });
        }
        Ok(Self { path: path.into(), entries, length: length as u64 })
    }

    /// Bytes of the header's text, after which data may follow.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The file of the header.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All entries, in the order of the file.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Value of a key without an index; `None` where it is absent or empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.find(key, None)
    }

    /// Value of `key [index]`; a key without an index counts as index 1.
    pub fn text_at(&self, key: &str, index: usize) -> Option<&str> {
        self.find(key, Some(index)).or_else(|| if index == 1 { self.find(key, None) } else { None })
    }

    /// A number, `None` where the key is absent.
    pub fn number<T: Number>(&self, key: &str) -> Result<Option<T>, IoError> {
        self.text(key).map(|text| self.parse_number(key, text)).transpose()
    }

    /// A number at an index, `None` where the key is absent.
    pub fn number_at<T: Number>(&self, key: &str, index: usize) -> Result<Option<T>, IoError> {
        self.text_at(key, index).map(|text| self.parse_number(&format!("{key} [{index}]"), text)).transpose()
    }

    /// A list of numbers; a number without braces is a list of one.
    pub fn numbers<T: Number>(&self, key: &str) -> Result<Option<Vec<T>>, IoError> {
        self.text(key).map(|text| self.parse_numbers(key, text)).transpose()
    }

    /// A list of numbers at an index.
    pub fn numbers_at<T: Number>(&self, key: &str, index: usize) -> Result<Option<Vec<T>>, IoError> {
        self.text_at(key, index).map(|text| self.parse_numbers(&format!("{key} [{index}]"), text)).transpose()
    }

    /// A list of words in standard form; empty where the key is absent.
    pub fn words(&self, key: &str) -> Option<Vec<String>> {
        self.text(key).map(|text| elements(text).map(standard).collect())
    }

    /// The error of a field that is not what it should be.
    pub fn wrong(&self, field: &str, found: impl ToString, expected: impl Into<String>) -> IoError {
        let field = format!("`{field}`");
        IoError::Field { path: self.path.clone(), field, found: found.to_string(), expected: expected.into() }
    }

    /// The error of a missing field.
    pub fn missing(&self, field: &str, expected: impl Into<String>) -> IoError {
        IoError::Missing { path: self.path.clone(), field: format!("`{field}`"), expected: expected.into() }
    }

    fn find(&self, key: &str, index: Option<usize>) -> Option<&str> {
        let entry = self.entries.iter().rev().find(|entry| entry.key == key && entry.index == index);
        entry.map(|entry| entry.value.as_str()).filter(|value| !value.is_empty())
    }

    fn parse_numbers<T: Number>(&self, key: &str, text: &str) -> Result<Vec<T>, IoError> {
        elements(text).map(|element| self.parse_number(key, element)).collect()
    }

    fn parse_number<T: Number>(&self, key: &str, text: &str) -> Result<T, IoError> {
        let number = number_of(key, text).parse::<T>().ok().filter(Number::is_usable);
        number.ok_or_else(|| self.wrong(key, format!("`{}`", shortened(text)), T::NAME))
    }
}

/// Numbers that a header may hold.
pub(in crate::io) trait Number: FromStr {
    /// For messages.
    const NAME: &'static str;
    /// Whether it is a finite number.
    fn is_usable(&self) -> bool;
}

impl Number for usize {
    const NAME: &'static str = "a whole number >= 0";
    fn is_usable(&self) -> bool {
        true
    }
}

impl Number for u64 {
    const NAME: &'static str = "a whole number >= 0";
    fn is_usable(&self) -> bool {
        true
    }
}

impl Number for i64 {
    const NAME: &'static str = "a whole number";
    fn is_usable(&self) -> bool {
        true
    }
}

impl Number for f64 {
    const NAME: &'static str = "a finite number";
    fn is_usable(&self) -> bool {
        self.is_finite()
    }
}

/// Lower case; runs of blanks, tabs, `_` and `!` become one blank, none at the ends.
pub(in crate::io) fn standard(text: &str) -> String {
    let blank = |c: char| c.is_whitespace() || c == '_' || c == '!';
    let words: Vec<_> = text.split(blank).filter(|word| !word.is_empty()).collect();
    words.join(" ").to_lowercase()
}

fn elements(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.split(';').next().unwrap_or_default().trim();
    let inner = inner.strip_prefix('{').unwrap_or(inner);
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    inner.split(',').map(str::trim)
}

/// A line, continued ones joined.
struct Line {
    number: usize,
    text: String,
    /// Byte behind it in the file.
    end: usize,
}

/// Lines one after the other, so that data behind the last line that is asked for are not looked at.
fn logical_lines(bytes: &[u8]) -> impl Iterator<Item = Line> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let mut at = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
    let mut number = 0;
    std::iter::from_fn(move || {
        let mut line: Option<Line> = None;
        while at < bytes.len() {
            let (length, next) = physical_line(&bytes[at..]);
            // Only comments and names may hold anything but ASCII, so a lossy reading loses no key.
            let part = String::from_utf8_lossy(&bytes[at..at + length]).into_owned();
            at += next;
            number += 1;
            let (part, continues) = part.strip_suffix('\\').map_or((part.as_str(), false), |part| (part, true));
            let line = line.get_or_insert(Line { number, text: String::new(), end: at });
            line.text.push_str(part);
            line.end = at;
            if !continues {
                break;
            }
        }
        line
    })
}

/// Length of a line, and where the next one begins: behind LF, CR LF, CR CR LF (Siemens's), or a lone CR.
fn physical_line(bytes: &[u8]) -> (usize, usize) {
    let Some(length) = bytes.iter().position(|byte| b"\r\n".contains(byte)) else { return (bytes.len(), bytes.len()) };
    let returns = bytes[length..].iter().take_while(|byte| **byte == b'\r').count();
    match bytes.get(length + returns) {
        Some(b'\n') => (length, length + returns + 1),
        _ => (length, length + 1),
    }
}

/// `!GENERAL IMAGE DATA` as CASToR writes it, without `:=`; nothing that could be a mistyped key and value.
fn is_heading(line: &str) -> bool {
    line.starts_with('!') && !line.contains(['=', ':', '[', '{'])
}

/// A key ends at `:=` or `[`; a colon without `=` belongs to the key.
fn parse_line(line: &str) -> Option<Entry> {
    let sign = line.find(":=")?;
    let value = without_comment(&line[sign + 2..]).to_string();
    let (key, index) = match line[..sign].split_once('[') {
        Some((key, rest)) => (key, Some(rest.split_once(']')?.0.trim().parse().ok()?)),
        None => (&line[..sign], None),
    };
    Some(Entry { key: standard(key), index, value })
}

/// A `;` inside a word may belong to the name of a file.
fn without_comment(value: &str) -> &str {
    let begins = |at: usize| value[..at].chars().next_back().is_none_or(char::is_whitespace);
    let end = value.match_indices(';').map(|(at, _)| at).find(|&at| begins(at)).unwrap_or(value.len());
    value[..end].trim()
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Header, IoError> {
        Header::parse(Path::new("a.hs"), text.as_bytes())
    }

    #[test]
    fn keys_ignore_case_blanks_and_marks() {
        let text = "!INTERFILE  :=\r\n; comment := no\n!Matrix_size \t[2] := { 27,49 }\nNAME of\tdata file:=a b.s\r\n";
        let header = parse(text).unwrap();
        assert_eq!(header.numbers_at::<usize>("matrix size", 2).unwrap(), Some(vec![27, 49]));
        assert_eq!(header.text("name of data file"), Some("a b.s"));
        assert_eq!(header.text("comment"), None);
    }

    #[test]
    fn a_colon_may_belong_to_the_key_and_the_last_key_counts() {
        let text =
            "INTERFILE:=\n%study time (hh:mm:ss GMT+00:00):=07:23:33\na:=1\na := \\\n 2\nEND OF INTERFILE:=\na:=3";
        let header = parse(text).unwrap();
        assert_eq!(header.text("%study time (hh:mm:ss gmt+00:00)"), Some("07:23:33"));
        assert_eq!(header.number::<f64>("a").unwrap(), Some(2.0));
    }

    #[test]
    fn an_index_of_one_may_be_left_out() {
        let header = parse("INTERFILE:=\ndata offset in bytes := 8\nb [2] := 3").unwrap();
        assert_eq!(header.number_at::<u64>("data offset in bytes", 1).unwrap(), Some(8));
        assert_eq!(header.number_at::<u64>("b", 1).unwrap(), None);
    }

    #[test]
    fn what_is_no_number_names_key_and_text() {
        let header = parse("INTERFILE:=\na := -3\nb := nan\nc := {1,,2}").unwrap();
        let error = header.number::<usize>("a").unwrap_err().to_string();
        assert_eq!(error, "a.hs: `a` is `-3`, expected a whole number >= 0");
        assert!(header.number::<f64>("b").is_err());
        assert!(header.numbers::<usize>("c").is_err());
    }

    #[test]
    fn lines_end_in_every_way_and_comments_may_follow() {
        let text = "\u{feff}!INTERFILE :=;hello\r!GENERAL IMAGE DATA \r; note := 1\ra := 3 pixels ; three\r\nb:=4;four\r\r\n\
                    name of data file := a;b.s ; c\nc := {1, 2} ; two\r\r\n\r\nd := \\\r\n 5\n";
        let header = parse(text).unwrap();
        assert_eq!(header.number::<usize>("a").unwrap(), Some(3));
        assert_eq!(header.number::<usize>("b").unwrap(), Some(4));
        assert_eq!(header.text("name of data file"), Some("a;b.s"));
        assert_eq!(header.numbers::<usize>("c").unwrap(), Some(vec![1, 2]));
        assert_eq!(header.number::<usize>("d").unwrap(), Some(5));
        assert_eq!(header.text("note"), None);
        assert!(parse("!INTERFILE :=\n!matrix size [1] = 3").is_err(), "a key that lost its colon");
        assert!(parse("!INTERFILE :=\nGENERAL IMAGE DATA").is_err(), "no heading");
    }

    #[test]
    fn data_may_follow_the_last_line() {
        let mut bytes = b"!INTERFILE :=\na := 1\n! end_of INTERFILE :=\r\n".to_vec();
        let length = bytes.len() as u64;
        bytes.extend([0, 255, b'\n', 7, b'[', b':', b'=']);
        assert_eq!(Header::parse(Path::new("a.hs"), &bytes).unwrap().length(), length);
    }

    #[test]
    fn other_files_are_refused() {
        assert!(parse("").is_err());
        assert!(parse("hello").unwrap_err().to_string().contains("line 1"));
        assert!(parse("a := 1").unwrap_err().to_string().contains("!INTERFILE"));
        assert!(parse("INTERFILE:=\na[x] := 1").is_err());
    }
}
