//! CRC-16/XMODEM and the cluster slot of a key.

/// Number of hash slots a cluster's keys are spread over.
pub const SLOTS: u16 = 16384;

/// Bytes taken in one step: each has a table of its own, so that the look-ups of a step do not wait for each other.
const STEP: usize = 8;

/// `TABLES[n][byte]` is what a byte adds to the CRC when `n` more bytes follow it.
static TABLES: [[u16; 256]; STEP] = {
    let mut tables = [[0u16; 256]; STEP];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 {
                (crc << 1) ^ 0x1021
            } else {
                crc << 1
            };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut after = 1;
    while after < STEP {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[after - 1][byte];
            tables[after][byte] = (crc << 8) ^ tables[0][(crc >> 8) as usize];
            byte += 1;
        }
        after += 1;
    }
    tables
};

/// CRC-16/XMODEM of `bytes`: polynomial 0x1021, initial value 0.
#[inline]
pub fn crc16(bytes: &[u8]) -> u16 {
    let (steps, rest) = bytes.as_chunks::<STEP>();
    let crc = steps.iter().fold(0, |crc: u16, step| {
        let [high, low] = crc.to_be_bytes();
        TABLES[7][usize::from(step[0] ^ high)]
            ^ TABLES[6][usize::from(step[1] ^ low)]
            ^ TABLES[5][usize::from(step[2])]
            ^ TABLES[4][usize::from(step[3])]
            ^ TABLES[3][usize::from(step[4])]
            ^ TABLES[2][usize::from(step[5])]
            ^ TABLES[1][usize::from(step[6])]
            ^ TABLES[0][usize::from(step[7])]
    });
    rest.iter().fold(crc, |crc, &byte| {
        (crc << 8) ^ TABLES[0][usize::from((crc >> 8) as u8 ^ byte)]
    })
}

/// Whether a key has an opening brace, eight bytes at a time: nearly no key has one.
#[inline]
fn has_brace(key: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (steps, rest) = key.as_chunks::<8>();
    steps.iter().any(|step| {
        // A byte of `other` is zero where the key has a brace; the subtraction borrows there and nowhere before.
        let other = u64::from_le_bytes(*step) ^ (ONES * b'{' as u64);
        other.wrapping_sub(ONES) & !other & (ONES << 7) != 0
    }) || rest.contains(&b'{')
}

/// The part of a key that decides its slot: what stands between the first `{` and the next `}` if
/// that is not empty, else the whole key.
#[inline]
pub fn hash_tag(key: &[u8]) -> &[u8] {
    if !has_brace(key) {
        return key;
    }
    let Some(open) = key.iter().position(|&byte| byte == b'{') else {
        return key;
    };
    let rest = &key[open + 1..];
    match rest.iter().position(|&byte| byte == b'}') {
        None | Some(0) => key,
        Some(close) => &rest[..close],
    }
}

/// The hash slot of a key, below [`SLOTS`].
#[inline]
pub fn key_slot(key: &[u8]) -> u16 {
    crc16(hash_tag(key)) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_value_of_the_algorithm() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
    }

    #[test]
    fn steps_and_single_bytes_agree() {
        let bitwise = |bytes: &[u8]| {
            let mut crc = 0u16;
            for &byte in bytes {
                crc ^= u16::from(byte) << 8;
                for _ in 0..8 {
                    crc = (crc << 1) ^ if crc & 0x8000 != 0 { 0x1021 } else { 0 };
                }
            }
            crc
        };
        let bytes: Vec<u8> = (0..60u8).map(|n| n.wrapping_mul(41) ^ 0xa5).collect();
        for start in 0..8 {
            for end in start..bytes.len() {
                assert_eq!(crc16(&bytes[start..end]), bitwise(&bytes[start..end]));
            }
        }
    }

    #[test]
    fn a_tag_is_found_wherever_it_stands() {
        for before in 0..20 {
            let mut key = vec![b'z'; before];
            assert_eq!(hash_tag(&key), key);
            key.extend_from_slice(b"{tag}");
            key.extend_from_slice(&[0xff; 9]);
            assert_eq!(hash_tag(&key), b"tag");
        }
    }

    #[test]
    fn slots_are_those_cluster_keyslot_shows() {
        assert_eq!(key_slot(b""), 0);
        assert_eq!(key_slot(b"foo"), 12182);
        assert_eq!(key_slot(b"bar"), 5061);
        assert_eq!(key_slot(b"somekey"), 11058);
        assert_eq!(key_slot(b"foo{hash_tag}"), 2515);
        assert_eq!(key_slot(b"bar{hash_tag}"), 2515);
    }

    #[test]
    fn only_the_first_brace_pair_with_content_is_a_tag() {
        assert_eq!(hash_tag(b"foo{}{bar}"), b"foo{}{bar}");
        assert_eq!(hash_tag(b"foo{{bar}}zap"), b"{bar");
        assert_eq!(hash_tag(b"foo{bar}{zap}"), b"bar");
        assert_eq!(hash_tag(b"foo{bar"), b"foo{bar");
        assert_eq!(hash_tag(b"foo}{bar}"), b"bar");
    }
}
