//! The model, continued: what the operator makes of an McpToken when it looks at it.

use aurora_mcp_crds::DeletionPolicy;

use crate::act::{INTERVAL, OVERLAP, TTL};
use crate::life::{Current, Held, Life, Row, State, Token};

impl Life {
    /// The operator looks, while Aurora's database is away.
    pub fn is_seen_without_database(&mut self) {
        if self.leaving.is_some() && !self.made {
            self.be_gone();
        }
        self.held_back = self.exists;
    }

    /// The operator looks, and does what is to be done.
    pub fn is_seen(&mut self, now: i64) {
        if let Some(policy) = self.leaving {
            self.end(policy);
            self.be_gone();
        }
        if !self.exists {
            return self.own_rows().for_each(|row| row.state = State::Revoked);
        }
        self.held_back = true;
        let edited = matches!(self.held, Held::ByHand(_));
        if let Held::ByHand(token) = self.held {
            self.held = Held::Token(Current { token, issued: now, previous: None, revoked: false });
        }
        self.notice_revocation();
        if !self.user || self.has_moved() {
            let active = self.own_rows().filter(|row| row.state == State::Active);
            return active.for_each(|row| row.state = State::Stopped);
        }
        self.told_abroad = Some(self.abroad);
        match self.held {
            Held::Token(current) if self.is_due(&current, now) => {
                // A token that was put there by hand was never registered: nothing lives beside the new one.
                self.mint(now, Some(current.token).filter(|_| !edited && !current.revoked));
            }
            Held::Token(_) => {}
            _ => self.mint(now, None),
        }
        self.settle_rows();
    }

    /// A token is of the organisation that it was made for. Where nothing else tells it, the status does.
    pub fn has_moved(&self) -> bool {
        let row = self.in_secret().and_then(|token| self.tokens[token].row.as_ref());
        let made_for = row.map(|row| row.abroad).or(self.told_abroad);
        made_for.is_some_and(|then| then != self.abroad) && self.spec.requests == self.answered
    }

    /// All but those that were left to themselves; the token in the Secret is never left.
    fn own_rows(&mut self) -> impl Iterator<Item = &mut Row> {
        let held = self.in_secret();
        let rows = self.tokens.iter_mut().enumerate();
        rows.filter_map(move |(index, token)| {
            token.row.as_mut().filter(|row| !row.retained || Some(index) == held)
        })
    }

    pub fn be_gone(&mut self) {
        (self.exists, self.leaving, self.held) = (false, None, Held::Nothing);
    }

    fn end(&mut self, policy: DeletionPolicy) {
        match policy {
            DeletionPolicy::Revoke => self.own_rows().for_each(|row| row.state = State::Revoked),
            DeletionPolicy::Retain => self.own_rows().for_each(|row| row.retained = true),
            DeletionPolicy::Delete => {
                let held = self.in_secret();
                for (index, token) in self.tokens.iter_mut().enumerate() {
                    token.row = token.row.take().filter(|row| row.retained && Some(index) != held);
                }
            }
        }
    }

    fn notice_revocation(&mut self) {
        if let Held::Token(current) = &mut self.held {
            current.revoked |=
                self.tokens[current.token].row.as_ref().is_some_and(|row| row.state == State::Revoked);
        }
    }

    fn is_due(&self, current: &Current, now: i64) -> bool {
        let asked = self.spec.requests != self.answered;
        let scheduled = self.spec.scheduled && !current.revoked && current.issued + INTERVAL <= now;
        !self.spec.suspended && (asked || scheduled)
    }

    fn mint(&mut self, now: i64, previous: Option<usize>) {
        let token = self.adopts.take().unwrap_or_else(|| {
            self.tokens.push(Token { text: None, minted: true, row: None });
            self.tokens.len() - 1
        });
        self.held = Held::Token(Current { token, issued: now, previous, revoked: false });
        self.answered = self.spec.requests;
        self.made = true;
    }

    fn settle_rows(&mut self) {
        let Held::Token(current) = self.held else { return };
        let spec = self.spec.clone();
        let state = if spec.suspended { State::Stopped } else { State::Active };
        let ends = spec.mortal.then_some(current.issued + TTL);
        let overlap_ends = current.issued + if spec.scheduled { OVERLAP } else { 1 };
        let abroad = self.abroad;
        for (index, token) in self.tokens.iter_mut().enumerate() {
            let is_current = index == current.token;
            if is_current && token.row.is_none() && !current.revoked {
                token.row = Some(Row { state, ends, limited: spec.limited, retained: false, abroad });
            }
            let Some(row) = token.row.as_mut() else { continue };
            row.retained &= !is_current;
            if row.retained || row.state == State::Revoked {
                continue;
            }
            let goes_on = Some(index) == current.previous && row.abroad == abroad;
            if is_current && !current.revoked || goes_on {
                let end = if is_current {
                    ends
                } else {
                    Some(row.ends.map_or(overlap_ends, |already| already.min(overlap_ends)))
                };
                (row.state, row.ends, row.limited) = (state, end, spec.limited);
            } else {
                row.state = State::Revoked;
            }
        }
    }
}
