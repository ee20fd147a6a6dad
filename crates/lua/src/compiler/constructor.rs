//! Table constructors.
//!
//! List items gather in registers and are stored 50 at a time; the number of items and of keyed fields is given to
//! the instruction that makes the table, because the sizes a table starts with decide the order in which it is
//! traversed.

use super::expression::{Expression, Key, Kind};
use super::{Compiler, Result};
use crate::lexer::Token;
use crate::opcode::{FIELDS_PER_FLUSH, Opcode, encode_float_byte};

/// A constructor being compiled.
struct Constructor {
    /// The table's register.
    table: u8,
    /// The last list item, not yet in a register.
    item: Expression,
    items: u32,
    /// Items in registers, waiting to be stored.
    waiting: u8,
    fields: u32,
}

impl Compiler<'_> {
    /// `'{' [field {(',' | ';') field} [',' | ';']] '}'`
    pub fn constructor(&mut self, out: &mut Expression) -> Result<()> {
        let line = self.lexer.line;
        let at = self.emit_abc(Opcode::NewTable, 0, 0, 0)?;
        *out = Expression::new(Kind::Relocatable(at));
        self.put_in_next_register(out)?;
        let mut constructor = Constructor {
            table: self.function.free_register - 1,
            item: Expression::VOID,
            items: 0,
            waiting: 0,
            fields: 0,
        };
        self.expect(Token::OpenBrace)?;
        while self.token() != Token::CloseBrace {
            self.close_item(&mut constructor)?;
            match self.token() {
                Token::Name if self.lexer.look_ahead()? == Token::Assign => {
                    self.keyed_field(&mut constructor)?;
                }
                Token::OpenBracket => self.keyed_field(&mut constructor)?,
                _ => {
                    self.expression(&mut constructor.item)?;
                    constructor.items += 1;
                    constructor.waiting += 1;
                }
            }
            if !self.accept(Token::Comma)? && !self.accept(Token::Semicolon)? {
                break;
            }
        }
        self.expect_closing(Token::CloseBrace, Token::OpenBrace, line)?;
        self.store_last_items(&mut constructor)?;
        self.set_b(at, encode_float_byte(constructor.items));
        self.set_c(at, encode_float_byte(constructor.fields));
        Ok(())
    }

    /// `(name | '[' expression ']') '=' expression`
    fn keyed_field(&mut self, constructor: &mut Constructor) -> Result<()> {
        let free = self.function.free_register;
        let mut key = Expression::VOID;
        if self.token() == Token::Name {
            key.kind = Kind::String(self.lexer.symbol());
            self.advance()?;
        } else {
            self.bracketed_key(&mut key)?;
        }
        constructor.fields += 1;
        self.expect(Token::Assign)?;
        let mut field = Expression::new(Kind::Register(constructor.table));
        self.index(&mut field, &mut key)?;
        let mut value = Expression::VOID;
        self.expression(&mut value)?;
        let key = match field.kind {
            Kind::Indexed { key, .. } => key,
            _ => Key::Register(constructor.table),
        };
        self.store_in_table(constructor.table, key, &mut value)?;
        self.function.free_register = free;
        Ok(())
    }

    /// Puts the last list item into a register, and stores the waiting ones if they are enough.
    fn close_item(&mut self, constructor: &mut Constructor) -> Result<()> {
        if matches!(constructor.item.kind, Kind::Void) {
            return Ok(());
        }
        self.put_in_next_register(&mut constructor.item)?;
        constructor.item = Expression::VOID;
        if u32::from(constructor.waiting) == FIELDS_PER_FLUSH {
            let waiting = Some(constructor.waiting);
            self.emit_set_list(constructor.table, constructor.items, waiting)?;
            constructor.waiting = 0;
        }
        Ok(())
    }

    fn store_last_items(&mut self, constructor: &mut Constructor) -> Result<()> {
        if constructor.waiting == 0 {
            return Ok(());
        }
        if constructor.item.is_open() {
            self.set_results(&constructor.item, None)?;
            self.emit_set_list(constructor.table, constructor.items, None)?;
            // Nobody knows how many items the last one makes: it does not count for the size.
            constructor.items -= 1;
        } else {
            if !matches!(constructor.item.kind, Kind::Void) {
                self.put_in_next_register(&mut constructor.item)?;
            }
            let waiting = Some(constructor.waiting);
            self.emit_set_list(constructor.table, constructor.items, waiting)?;
        }
        Ok(())
    }
}
