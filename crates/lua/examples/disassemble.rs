//! Lists the bytecode of Lua source read from standard input.

use std::io::{Read, Write};

fn main() -> std::io::Result<()> {
    let mut source = Vec::new();
    std::io::stdin().read_to_end(&mut source)?;
    match lua::compiler::compile(&source, b"=stdin") {
        Ok(proto) => print!("{}", lua::disassemble::disassemble(&proto)),
        Err(error) => {
            let mut output = std::io::stdout();
            output.write_all(&error.message())?;
            output.write_all(b"\n")?;
        }
    }
    Ok(())
}
