//! LOLWUT: a moon that always shows the same face.

use commands::{CommandError, CommandResult};

use crate::config::COMPATIBLE_VERSION;
use crate::road::run::{Call, ServerHandler};

pub(super) const HANDLERS: &[(&str, &str, ServerHandler)] = &[("", "lolwut", lolwut)];

/// The picture's radius in rows.
const RADIUS: i32 = 9;

/// Centres and radii of the craters, in rows from the middle: the same ones at every look.
const CRATERS: &[(f64, f64, f64)] = &[
    (-3.0, -2.5, 2.0),
    (2.5, -4.0, 1.3),
    (3.5, 2.0, 2.4),
    (-4.5, 3.5, 1.5),
    (0.0, 6.0, 1.2),
];

fn lolwut(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() >= 3 && commands::argument::is_word(call.args[1], "version") {
        types::number::parse_i64(call.args[2]).ok_or(CommandError::NotInteger)?;
    }
    // The phase follows the month: what turns is the light, not the moon.
    let days = call.bench.clock.unix_ms() as f64 / 86_400_000.0;
    let phase = (days / 29.530_588).fract();
    let mut text = moon(phase);
    text.push_str("\nThe moon keeps its face to the planet, and Lua to the data.\n");
    text.push_str(&format!("Redis ver. {COMPATIBLE_VERSION}\n"));
    call.reply.verbatim(b"txt", text.as_bytes());
    Ok(())
}

fn moon(phase: f64) -> String {
    let light = (phase * std::f64::consts::TAU).sin_cos();
    let mut text = String::new();
    for row in -RADIUS..=RADIUS {
        let mut line = String::new();
        for column in -2 * RADIUS..=2 * RADIUS {
            let (x, y) = (f64::from(column) / 2.0, f64::from(row));
            line.push(shade(x, y, light));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn shade(x: f64, y: f64, (sine, cosine): (f64, f64)) -> char {
    let radius = f64::from(RADIUS);
    let depth = radius * radius - x * x - y * y;
    if depth < 0.0 {
        return ' ';
    }
    // The sun stands over the far side at new moon.
    let lit = (x * sine - depth.sqrt() * cosine) / radius;
    let crater = CRATERS
        .iter()
        .any(|&(cx, cy, r)| (x - cx).hypot(y - cy) < r);
    match (lit, crater) {
        (lit, _) if lit < 0.0 => '.',
        (_, true) => 'o',
        (lit, _) if lit < 0.35 => ':',
        _ => '#',
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_face_stays() {
        let full = super::moon(0.5);
        assert_eq!(full.lines().count(), 19);
        assert!(full.contains('o') && full.contains('#'));
        assert!(!super::moon(0.0).contains('#'));
    }
}
