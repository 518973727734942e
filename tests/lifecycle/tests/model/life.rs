//! The model: what must be true of one McpToken, from what happened to it alone. It knows the documentation, not the plan.

use aurora_mcp_crds::DeletionPolicy;

use crate::act::{Act, TTL};

/// A row of Aurora's table, with what the operator notes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub state: State,
    /// The hour in which it ends by itself.
    pub ends: Option<i64>,
    pub limited: bool,
    /// Left to itself for good, or nobody's yet.
    pub retained: bool,
    /// It is of the organisation that users move to.
    pub abroad: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Active,
    Stopped,
    Revoked,
}

/// A token that once was in the Secret.
#[derive(Debug, Clone)]
pub struct Token {
    /// None until the operator's new token is seen.
    pub text: Option<String>,
    /// The operator made it, and nobody put it back.
    pub minted: bool,
    pub row: Option<Row>,
}

/// What the Secret holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    Nothing,
    /// Something that is no token.
    Rubbish,
    /// A token that somebody put there; the operator has not seen it.
    ByHand(usize),
    /// The token that counts.
    Token(Current),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Current {
    pub token: usize,
    pub issued: i64,
    /// The token that it took the place of in a rotation.
    pub previous: Option<usize>,
    /// It is known that somebody revoked it in Aurora.
    pub revoked: bool,
}

/// What its owner asks for.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Spec {
    pub limited: bool,
    pub suspended: bool,
    pub secret: u8,
    pub service: u8,
    pub scheduled: bool,
    pub mortal: bool,
    /// Rotations asked for so far.
    pub requests: u32,
}

/// One name, under which McpTokens come and go.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Life {
    /// There is an McpToken.
    pub exists: bool,
    /// It is being deleted.
    pub leaving: Option<DeletionPolicy>,
    /// The operator holds it back from being deleted.
    pub held_back: bool,
    /// The operator made a token for it.
    pub made: bool,
    /// Aurora has its user.
    pub user: bool,
    /// Its user is in the other organisation.
    pub abroad: bool,
    /// Where its user was when the status told it last.
    pub told_abroad: Option<bool>,
    /// The token that it is to take over.
    pub adopts: Option<usize>,
    pub spec: Spec,
    /// The rotation that was carried out last.
    pub answered: u32,
    pub tokens: Vec<Token>,
    pub held: Held,
    backup: Vec<Option<Row>>,
}

impl Life {
    pub fn new() -> Self {
        Self {
            exists: true,
            leaving: None,
            held_back: false,
            made: false,
            user: true,
            abroad: false,
            told_abroad: None,
            adopts: None,
            spec: Spec::default(),
            answered: 0,
            tokens: Vec::new(),
            held: Held::Nothing,
            backup: Vec::new(),
        }
    }

    /// Whether it makes sense now. If so, it has happened; `bearer` is what is put into the Secret by hand.
    pub fn happens(&mut self, act: Act, bearer: &str) -> bool {
        let stays = self.exists && self.leaving.is_none();
        match act {
            Act::User(there) if self.user != there => self.user = there,
            // A token that is to be taken over must be of its user's organisation.
            Act::Move(abroad) if self.user && self.abroad != abroad && self.adopts.is_none() => {
                self.abroad = abroad;
            }
            Act::Make if !self.exists => self.begin_again(),
            Act::Adopt if !self.exists && self.user => {
                self.begin_again();
                let row = Row {
                    state: State::Active,
                    ends: None,
                    limited: false,
                    retained: true,
                    abroad: self.abroad,
                };
                self.adopts = Some(self.tokens.len());
                self.tokens.push(Token { text: Some(bearer.to_owned()), minted: false, row: Some(row) });
            }
            Act::User(_) | Act::Move(_) | Act::Make | Act::Adopt => return false,
            _ if !stays => return false,
            Act::Limit(on) => self.spec.limited = on,
            Act::Suspend(on) => self.spec.suspended = on,
            Act::Rename(to) => self.spec.secret = to,
            Act::Serve(to) => self.spec.service = to,
            Act::Schedule(on) => self.spec.scheduled = on,
            Act::Mortal(on) => self.spec.mortal = on,
            Act::Rotate => self.spec.requests += 1,
            Act::TearOut => (self.exists, self.held) = (false, Held::Nothing),
            Act::Delete(policy) => {
                self.leaving = Some(policy);
                if !self.held_back {
                    self.be_gone();
                }
            }
            Act::LoseSecret | Act::SpoilSecret | Act::EditSecret | Act::PutBack => {
                return self.held != Held::Nothing && self.change_secret(act, bearer);
            }
            Act::RevokeInAurora | Act::DropRow | Act::WidenRow => return self.change_row(act),
        }
        true
    }

    fn begin_again(&mut self) {
        let (tokens, user, abroad) = (std::mem::take(&mut self.tokens), self.user, self.abroad);
        *self = Self { user, abroad, tokens, ..Self::new() };
    }

    fn change_secret(&mut self, act: Act, bearer: &str) -> bool {
        self.held = match act {
            Act::LoseSecret => Held::Nothing,
            Act::SpoilSecret => Held::Rubbish,
            Act::EditSecret => {
                self.tokens.push(Token { text: Some(bearer.to_owned()), minted: false, row: None });
                Held::ByHand(self.tokens.len() - 1)
            }
            _ => {
                let known = |token: &Token| token.text.is_some();
                let Some(index) =
                    self.tokens.iter().position(known).filter(|at| Some(*at) != self.in_secret())
                else {
                    return false;
                };
                self.tokens[index].minted = false;
                Held::ByHand(index)
            }
        };
        true
    }

    fn change_row(&mut self, act: Act) -> bool {
        let Some(token) = self.in_secret() else { return false };
        let Some(row) = &mut self.tokens[token].row else { return false };
        match act {
            Act::RevokeInAurora => row.state = State::Revoked,
            Act::WidenRow => (row.ends, row.limited) = (None, false),
            _ => self.tokens[token].row = None,
        }
        true
    }

    /// The token that stands in the Secret.
    pub fn in_secret(&self) -> Option<usize> {
        match self.held {
            Held::Token(current) => Some(current.token),
            Held::ByHand(token) => Some(token),
            Held::Nothing | Held::Rubbish => None,
        }
    }

    pub fn back_up(&mut self) {
        self.backup = self.tokens.iter().map(|token| token.row.clone()).collect();
    }

    pub fn restore(&mut self) {
        for (index, token) in self.tokens.iter_mut().enumerate() {
            token.row = self.backup.get(index).cloned().flatten();
        }
    }

    pub fn lose(&mut self) {
        for token in &mut self.tokens {
            token.row = None;
        }
    }

    /// Whether a row lets its token in.
    pub fn works(&self, row: &Row, now: i64) -> bool {
        self.user
            && row.abroad == self.abroad
            && row.state == State::Active
            && row.ends.is_none_or(|ends| ends > now)
    }

    /// The reason of `Ready` that is due once the operator has looked.
    pub fn reason(&self, now: i64) -> &'static str {
        if !self.user {
            return "UserNotFound";
        }
        let Held::Token(current) = self.held else { return "UserMoved" };
        if self.has_moved() {
            "UserMoved"
        } else if current.revoked {
            "RevokedInAurora"
        } else if self.spec.suspended {
            "Suspended"
        } else if self.spec.mortal && current.issued + TTL <= now {
            "Expired"
        } else {
            "Ready"
        }
    }
}
