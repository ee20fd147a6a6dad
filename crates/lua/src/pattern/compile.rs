//! From the text of a pattern to its nodes.

use super::{ByteSet, Node, Pattern, PatternError, Prefilter, Single, Word};

/// The bytes for which a class letter, in lower case, holds in the C locale; `None` for letters that are no class.
const fn class_holds(class: u8, byte: u8) -> Option<bool> {
    Some(match class {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b' ' | b'\t'..=b'\r'),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return None,
    })
}

/// The set of every class, by its letter in lower case from `a`.
static CLASSES: [Option<ByteSet>; 26] = {
    let mut classes = [const { None }; 26];
    let mut letter = 0;
    while letter < 26 {
        let mut set = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            match class_holds(b'a' + letter as u8, byte as u8) {
                Some(holds) => set[byte] = holds,
                None => break,
            }
            byte += 1;
        }
        if byte == 256 {
            classes[letter] = Some(ByteSet(set));
        }
        letter += 1;
    }
    classes
};

/// The set behind `%letter`; `None` when the character stands for itself.
fn class(letter: u8) -> Option<ByteSet> {
    let index = letter.to_ascii_lowercase().checked_sub(b'a')?;
    let set = CLASSES.get(usize::from(index))?.clone()?;
    Some(if letter.is_ascii_uppercase() {
        set.complement()
    } else {
        set
    })
}

struct Compiler<'a> {
    source: &'a [u8],
    at: usize,
    sets: Vec<ByteSet>,
}

pub(super) fn compile(source: &[u8], anchors: bool) -> Pattern {
    let source = match memchr::memchr(0, source) {
        Some(end) => &source[..end],
        None => source,
    };
    let anchored = anchors && source.first() == Some(&b'^');
    let mut compiler = Compiler {
        source,
        at: usize::from(anchored),
        sets: Vec::new(),
    };
    let mut nodes = Vec::with_capacity(source.len() + 1);
    loop {
        match compiler.node() {
            Ok(node) => {
                nodes.push(node);
                if node == Node::Match {
                    break;
                }
            }
            Err(fault) => {
                nodes.push(Node::Fault(fault));
                break;
            }
        }
    }
    for index in 0..nodes.len() {
        let (before, rest) = nodes.split_at_mut(index + 1);
        if let Node::Greedy {
            single, possessive, ..
        } = &mut before[index]
        {
            *possessive = is_settled(&compiler.sets, *single, rest);
        }
    }
    let literal = nodes[..nodes.len() - 1]
        .iter()
        .map(|node| match node {
            Node::One(Single::Byte(byte)) => Some(*byte),
            _ => None,
        })
        .collect::<Option<Box<[u8]>>>()
        .filter(|bytes| !bytes.is_empty() && nodes.last() == Some(&Node::Match));
    let opens = nodes.iter().take_while(|node| **node == Node::Open).count();
    let prefilter = match nodes.get(opens) {
        Some(
            Node::One(single)
            | Node::Greedy {
                single, least: 1, ..
            },
        ) if opens <= 1 => match single {
            Single::Any => Prefilter::None,
            Single::Byte(byte) => Prefilter::Byte(*byte),
            Single::Set(set) => Prefilter::Set(*set),
        },
        _ => Prefilter::None,
    };
    let repeated = |node: &Node| match node {
        Node::Greedy {
            single: Single::Set(set),
            least: 1,
            ..
        } => Some(*set),
        _ => None,
    };
    let word = match &nodes[..] {
        [node, Node::Match] => repeated(node).map(|set| Word {
            set,
            captured: false,
        }),
        [Node::Open, node, Node::Close, Node::Match] => repeated(node).map(|set| Word {
            set,
            captured: true,
        }),
        _ => None,
    };
    Pattern {
        word: word.filter(|_| !anchored),
        nodes: nodes.into(),
        sets: compiler.sets.into(),
        prefilter,
        anchored,
        literal,
    }
}

/// Whether a repetition of `single` with these nodes behind it matches with all the bytes it can take, or not at all.
fn is_settled(sets: &[ByteSet], single: Single, rest: &[Node]) -> bool {
    let next = rest
        .iter()
        .find(|node| !matches!(node, Node::Open | Node::Position | Node::Close));
    let other = match next {
        Some(Node::Match | Node::End) => return true,
        Some(
            Node::One(other)
            | Node::Greedy {
                single: other,
                least: 1,
                ..
            },
        ) => *other,
        Some(Node::Balance(open, _)) => Single::Byte(*open),
        _ => return false,
    };
    let set = |index: u32| &sets[index as usize];
    match (single, other) {
        (Single::Any, _) | (_, Single::Any) => false,
        (Single::Byte(a), Single::Byte(b)) => a != b,
        (Single::Byte(byte), Single::Set(index)) | (Single::Set(index), Single::Byte(byte)) => {
            !set(index).contains(byte)
        }
        (Single::Set(a), Single::Set(b)) => set(a).is_disjoint(set(b)),
    }
}

impl Compiler<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.get(self.at + ahead).copied()
    }

    fn node(&mut self) -> Result<Node, PatternError> {
        let node = match (self.peek(0), self.peek(1)) {
            (None, _) => return Ok(Node::Match),
            (Some(b'('), Some(b')')) => {
                self.at += 2;
                Node::Position
            }
            (Some(b'('), _) => {
                self.at += 1;
                Node::Open
            }
            (Some(b')'), _) => {
                self.at += 1;
                Node::Close
            }
            (Some(b'$'), None) => {
                self.at += 1;
                Node::End
            }
            (Some(b'%'), Some(b'b')) => {
                let (Some(open), Some(close)) = (self.peek(2), self.peek(3)) else {
                    return Err(PatternError::Unbalanced);
                };
                self.at += 4;
                Node::Balance(open, close)
            }
            (Some(b'%'), Some(b'f')) => {
                self.at += 2;
                if self.peek(0) != Some(b'[') {
                    return Err(PatternError::MissingFrontierSet);
                }
                self.at += 1;
                let set = self.set()?;
                Node::Frontier(self.add(set))
            }
            (Some(b'%'), Some(digit @ b'0'..=b'9')) => {
                self.at += 2;
                Node::BackReference(digit)
            }
            _ => {
                let single = self.single()?;
                let greedy = |least| Node::Greedy {
                    single,
                    least,
                    possessive: false,
                };
                let node = match self.peek(0) {
                    Some(b'*') => greedy(0),
                    Some(b'+') => greedy(1),
                    Some(b'-') => Node::Lazy(single),
                    Some(b'?') => Node::Optional(single),
                    _ => return Ok(Node::One(single)),
                };
                self.at += 1;
                node
            }
        };
        Ok(node)
    }

    fn add(&mut self, set: ByteSet) -> u32 {
        if let Some(index) = self.sets.iter().rposition(|known| *known == set)
            && self.sets.len() - index <= 8
        {
            return index as u32;
        }
        self.sets.push(set);
        (self.sets.len() - 1) as u32
    }

    fn single(&mut self) -> Result<Single, PatternError> {
        let byte = self.source[self.at];
        self.at += 1;
        match byte {
            b'.' => Ok(Single::Any),
            b'%' => {
                let letter = self.peek(0).ok_or(PatternError::EndsWithPercent)?;
                self.at += 1;
                Ok(match class(letter) {
                    Some(set) => Single::Set(self.add(set)),
                    None => Single::Byte(letter),
                })
            }
            b'[' => {
                let set = self.set()?;
                Ok(Single::Set(self.add(set)))
            }
            _ => Ok(Single::Byte(byte)),
        }
    }

    /// The set behind a `[`, through its `]`. Its first character is taken as such, even a `]`.
    fn set(&mut self) -> Result<ByteSet, PatternError> {
        let negated = self.peek(0) == Some(b'^');
        if negated {
            self.at += 1;
        }
        // The end is found first: whether a `-` makes a range depends on it.
        let mut end = self.at;
        loop {
            let byte = *self.source.get(end).ok_or(PatternError::MissingBracket)?;
            end += 1;
            if byte == b'%' && end < self.source.len() {
                end += 1;
            }
            match self.source.get(end) {
                None => return Err(PatternError::MissingBracket),
                Some(b']') => break,
                Some(_) => {}
            }
        }
        let mut set = ByteSet::EMPTY;
        while self.at < end {
            let byte = self.source[self.at];
            if byte == b'%' {
                let letter = self.source[self.at + 1];
                match class(letter) {
                    Some(members) => set.insert_all(&members),
                    None => set.insert(letter),
                }
                self.at += 2;
            } else if self.peek(1) == Some(b'-') && self.at + 2 < end {
                for member in byte..=self.source[self.at + 2] {
                    set.insert(member);
                }
                self.at += 3;
            } else {
                set.insert(byte);
                self.at += 1;
            }
        }
        self.at = end + 1;
        Ok(if negated { set.complement() } else { set })
    }
}
