//! Checks a history of units of work on lists for strict serializability.
//!
//! Every unit reads whole lists and appends elements that nobody else appends. So a list tells who wrote in which order,
//! and what a unit read tells between which writers it stood. A unit that was over before another began must come
//! before it as well. If all these orders together have a circle, no serial order explains what was seen.

use std::collections::HashMap;
use std::time::Instant;

/// What a unit did to a list.
#[derive(Clone, Debug)]
pub enum Step {
    /// It saw these elements.
    Read(String, Vec<u64>),
    /// It appended this one.
    Append(String, u64),
}

/// A unit of work that took effect.
#[derive(Clone, Debug)]
pub struct Unit {
    pub kind: &'static str,
    pub began: Instant,
    pub ended: Instant,
    pub steps: Vec<Step>,
}

/// Checks a history. `lists` is what is in the lists in the end.
///
/// # Errors
/// What was seen that no serial order explains.
pub fn check(units: &[Unit], lists: &HashMap<String, Vec<u64>>) -> Result<(), String> {
    let writers = writers(units, lists)?;
    let mut graph = Graph::new(units);
    for list in lists.values() {
        for pair in list.windows(2) {
            graph.add(writers[&pair[0]], writers[&pair[1]]);
        }
    }
    for (reader, unit) in units.iter().enumerate() {
        for step in &unit.steps {
            let Step::Read(key, seen) = step else {
                continue;
            };
            let list = lists.get(key).map_or(&[][..], Vec::as_slice);
            if !list.starts_with(seen) {
                return Err(format!("{unit:?} read what {key} never held: {list:?}"));
            }
            if let Some(last) = seen.last() {
                graph.add(writers[last], reader);
            }
            if let Some(next) = list.get(seen.len()) {
                graph.add(reader, writers[next]);
            }
        }
    }
    graph.add_times(units);
    graph.find_circle().map_or(Ok(()), |circle| {
        let units = circle.iter().filter_map(|&node| units.get(node));
        let shown: Vec<String> = units
            .map(|unit| format!("{} {:?}", unit.kind, unit.steps))
            .collect();
        Err(format!("no order explains:\n{}", shown.join("\n")))
    })
}

/// Who appended which element. Every element of a list was appended by a unit, once, and no element is lost.
fn writers(
    units: &[Unit],
    lists: &HashMap<String, Vec<u64>>,
) -> Result<HashMap<u64, usize>, String> {
    let mut writers = HashMap::new();
    let mut appended: HashMap<u64, &str> = HashMap::new();
    for (index, unit) in units.iter().enumerate() {
        for step in &unit.steps {
            if let Step::Append(key, element) = step {
                writers.insert(*element, index);
                appended.insert(*element, key);
            }
        }
    }
    let mut count = 0;
    for (key, list) in lists {
        for element in list {
            count += 1;
            if appended.get(element).is_none_or(|there| there != key) {
                return Err(format!("{element} in {key}: nobody appended it there"));
            }
        }
    }
    if count != appended.len() {
        return Err(format!(
            "{} elements were appended, {count} are there",
            appended.len()
        ));
    }
    Ok(writers)
}

/// Units, and after them points in time.
struct Graph {
    after: Vec<Vec<usize>>,
}

impl Graph {
    fn new(units: &[Unit]) -> Graph {
        Graph {
            after: vec![Vec::new(); 2 * units.len()],
        }
    }

    fn add(&mut self, before: usize, after: usize) {
        if before != after {
            self.after[before].push(after);
        }
    }

    /// Units before points in time at which they were over, points before later points, and before units that began after
    /// them.
    fn add_times(&mut self, units: &[Unit]) {
        let mut by_end: Vec<usize> = (0..units.len()).collect();
        by_end.sort_by_key(|&unit| units[unit].ended);
        for (place, &unit) in by_end.iter().enumerate() {
            self.add(unit, units.len() + place);
            if place > 0 {
                self.add(units.len() + place - 1, units.len() + place);
            }
        }
        for (index, unit) in units.iter().enumerate() {
            let over = by_end.partition_point(|&other| units[other].ended < unit.began);
            if over > 0 {
                self.add(units.len() + over - 1, index);
            }
        }
    }

    /// What cannot be put into an order, narrowed down to one circle.
    fn find_circle(&self) -> Option<Vec<usize>> {
        let mut before = vec![0usize; self.after.len()];
        for &node in self.after.iter().flatten() {
            before[node] += 1;
        }
        let mut free: Vec<usize> = (0..before.len())
            .filter(|&node| before[node] == 0)
            .collect();
        let mut ordered = 0;
        while let Some(node) = free.pop() {
            ordered += 1;
            for &next in &self.after[node] {
                before[next] -= 1;
                if before[next] == 0 {
                    free.push(next);
                }
            }
        }
        if ordered == before.len() {
            return None;
        }
        // Each node that is left has one before it that is left: going backwards ends in a circle.
        let mut earlier = vec![usize::MAX; before.len()];
        for (node, next) in self.after.iter().enumerate() {
            if before[node] > 0 {
                for &next in next {
                    earlier[next] = node;
                }
            }
        }
        let mut node = before.iter().position(|&count| count > 0)?;
        for _ in 0..before.len() {
            node = earlier[node];
        }
        let (start, mut circle) = (node, vec![node]);
        while earlier[node] != start {
            node = earlier[node];
            circle.push(node);
        }
        circle.reverse();
        Some(circle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn unit(start: Instant, began: u64, ended: u64, steps: Vec<Step>) -> Unit {
        Unit {
            kind: "test",
            began: start + Duration::from_millis(began),
            ended: start + Duration::from_millis(ended),
            steps,
        }
    }

    fn read(key: &str, seen: &[u64]) -> Step {
        Step::Read(key.to_owned(), seen.to_vec())
    }

    fn append(key: &str, element: u64) -> Step {
        Step::Append(key.to_owned(), element)
    }

    fn lists(lists: &[(&str, &[u64])]) -> HashMap<String, Vec<u64>> {
        let lists = lists.iter();
        lists
            .map(|(key, list)| ((*key).to_owned(), list.to_vec()))
            .collect()
    }

    #[test]
    fn what_has_an_order_is_fine() {
        let start = Instant::now();
        let units = [
            unit(start, 0, 10, vec![read("a", &[2]), append("b", 1)]),
            unit(start, 0, 10, vec![append("a", 2), read("b", &[])]),
        ];
        assert_eq!(check(&units, &lists(&[("a", &[2]), ("b", &[1])])), Ok(()));
    }

    #[test]
    fn write_skew_is_found() {
        let start = Instant::now();
        let units = [
            unit(start, 0, 10, vec![read("a", &[]), append("b", 1)]),
            unit(start, 0, 10, vec![read("b", &[]), append("a", 2)]),
        ];
        assert!(check(&units, &lists(&[("a", &[2]), ("b", &[1])])).is_err());
    }

    #[test]
    fn half_a_unit_is_found() {
        let start = Instant::now();
        let units = [
            unit(start, 0, 10, vec![append("a", 1), append("b", 2)]),
            unit(start, 0, 10, vec![read("a", &[1]), read("b", &[])]),
        ];
        assert!(check(&units, &lists(&[("a", &[1]), ("b", &[2])])).is_err());
    }

    #[test]
    fn what_was_over_comes_first() {
        let start = Instant::now();
        let units = [
            unit(start, 0, 10, vec![append("a", 1)]),
            unit(start, 20, 30, vec![read("a", &[])]),
        ];
        assert!(check(&units, &lists(&[("a", &[1])])).is_err());
    }

    #[test]
    fn lost_and_undone_elements_are_found() {
        let start = Instant::now();
        let units = [unit(start, 0, 10, vec![append("a", 1)])];
        assert!(check(&units, &lists(&[("a", &[])])).is_err());
        assert!(check(&units, &lists(&[("a", &[1, 2])])).is_err());
    }
}
