//! The compiler on programs that follow the grammar, which compile, and on such programs with damage. Words in any order are tried in
//! `fuzz_smoke.rs`.

#[path = "../../../fuzz/checks/lua_source.rs"]
mod source;

use proptest::prelude::*;

/// An expression that follows the grammar (varargs only where `...` is allowed, that is everywhere here).
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("nil".to_string()),
        Just("true".to_string()),
        Just("false".to_string()),
        Just("'s'".to_string()),
        Just("...".to_string()),
        (-3i32..300).prop_map(|n| n.to_string()),
        (0usize..6).prop_map(|n| ["a", "b", "c", "d", "x", "y"][n].to_string()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let operator = proptest::sample::select(vec![
            "+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            (
                proptest::sample::select(vec!["not", "-", "#"]),
                inner.clone()
            )
                .prop_map(|(operator, a)| format!("{operator} {a}")),
            inner.clone().prop_map(|a| format!("({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            inner.clone().prop_map(|a| format!("({a}).k")),
            proptest::collection::vec(inner.clone(), 0..3)
                .prop_map(|list| format!("f({})", list.join(", "))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}):m({b})")),
            proptest::collection::vec((inner.clone(), inner.clone(), 0..3u8), 0..4).prop_map(
                |fields| {
                    let fields: Vec<String> = fields
                        .into_iter()
                        .map(|(a, b, kind)| match kind {
                            0 => a,
                            1 => format!("k = {b}"),
                            _ => format!("[{a}] = {b}"),
                        })
                        .collect();
                    format!("{{{}}}", fields.join(", "))
                }
            ),
            inner.prop_map(|a| format!("function(a, ...) return {a}, c end")),
        ]
    })
}

/// A block that follows the grammar.
fn block() -> impl Strategy<Value = String> {
    let variable =
        || proptest::sample::select(vec!["a", "b", "c", "x", "a.k", "b[c]", "c[1]", "x[a].k"]);
    let name = || proptest::sample::select(vec!["a", "b", "c", "d"]);
    let list = || proptest::collection::vec(expression(), 1..4).prop_map(|list| list.join(", "));
    let leaf = prop_oneof![
        (proptest::collection::vec(variable(), 1..4), list())
            .prop_map(|(names, values)| format!("{} = {values}", names.join(", "))),
        (proptest::collection::vec(name(), 1..4), list())
            .prop_map(|(names, values)| format!("local {} = {values}", names.join(", "))),
        name().prop_map(|name| format!("local {name}")),
        list().prop_map(|values| format!("f({values})")),
        list().prop_map(|values| format!("do return {values} end")),
        (name(), expression())
            .prop_map(|(name, value)| format!("while {value} do if {name} then break end end")),
    ];
    let statements = |statement: BoxedStrategy<String>| {
        proptest::collection::vec(statement, 0..5).prop_map(|list| list.join("\n"))
    };
    statements(leaf.boxed()).prop_recursive(4, 40, 5, move |inner| {
        let statement = prop_oneof![
            (expression(), inner.clone(), inner.clone()).prop_map(|(e, a, b)| {
                format!("if {e} then {a} elseif b then {b} else {a} end")
            }),
            (expression(), inner.clone()).prop_map(|(e, a)| format!("while {e} do {a} end")),
            (expression(), inner.clone())
                .prop_map(|(e, a)| format!("while {e} do {a} if b or c then break end end")),
            (expression(), inner.clone())
                .prop_map(|(e, a)| format!("repeat {a} local b = a until {e}")),
            (expression(), expression(), inner.clone())
                .prop_map(|(e, l, a)| format!("for a = {e}, {l} do {a} end")),
            (expression(), inner.clone())
                .prop_map(|(e, a)| format!("for b, c in {e} do {a} do break end end")),
            inner
                .clone()
                .prop_map(|a| format!("local function a(b, ...) {a} end")),
            inner
                .clone()
                .prop_map(|a| format!("function x.y:z(c, ...) {a} end")),
            inner.clone().prop_map(|a| format!("do {a} end")),
            inner.clone(),
        ];
        proptest::collection::vec(statement, 1..4)
            .prop_map(|list| list.join("\n"))
            .boxed()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn grammatical_programs_compile(source in block()) {
        prop_assert!(source::check(source.as_bytes()));
    }

    #[test]
    fn damaged_programs_do_no_harm(source in block(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut source = source.into_bytes();
        if !source.is_empty() {
            let at = at.index(source.len());
            source[at] = byte;
        }
        source::check(&source);
        let half = source.len() / 2;
        source::check(&source[..half]);
        source::check(&source[half..]);
    }
}
