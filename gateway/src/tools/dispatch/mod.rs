//! Many requests behind two tools: `search_tools` finds one of the catalogue, `call_tool` sends it.

mod call;
mod catalogue;
mod request;
mod search;

pub use self::call::CallTool;
pub use self::catalogue::{Catalogue, Entry};
pub use self::search::SearchTools;
