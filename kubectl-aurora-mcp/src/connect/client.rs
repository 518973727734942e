//! The clients: where each has its file, and what it wants to read there.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::connect::Entry;
use crate::error::Error;

/// The name of the server in every client's file.
const SERVER: &str = "aurora";

/// A client of MCP.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// `~/.cursor/mcp.json`
    Cursor,
    /// Claude Code, for all projects: `~/.claude.json`
    Claude,
    /// `~/.codeium/windsurf/mcp_config.json`
    Windsurf,
    /// `~/.codex/config.toml`
    Codex,
    /// VS Code, for all workspaces: mcp.json of the user
    Vscode,
    /// Cline in VS Code: `cline_mcp_settings.json`
    Cline,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Toml,
}

impl Client {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cursor => "Cursor",
            Self::Claude => "Claude Code",
            Self::Windsurf => "Windsurf",
            Self::Codex => "Codex",
            Self::Vscode => "VS Code",
            Self::Cline => "Cline",
        }
    }

    /// Its file below the home directory.
    pub(crate) fn file(self, home: Option<&Path>) -> Result<PathBuf, Error> {
        let home = home.ok_or_else(|| Error::Usage("HOME isn't set; give the file with --file".into()))?;
        let code =
            if cfg!(target_os = "macos") { "Library/Application Support/Code" } else { ".config/Code" };
        Ok(match self {
            Self::Cursor => home.join(".cursor/mcp.json"),
            Self::Claude => home.join(".claude.json"),
            Self::Windsurf => home.join(".codeium/windsurf/mcp_config.json"),
            Self::Codex => home.join(".codex/config.toml"),
            Self::Vscode => home.join(code).join("User/mcp.json"),
            Self::Cline => home
                .join(code)
                .join("User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"),
        })
    }

    pub(super) fn form(self) -> Form {
        if self == Self::Codex { Form::Toml } else { Form::Json }
    }

    /// What its file must hold, from the root.
    pub(super) fn wanted(self, entry: &Entry<'_>) -> Value {
        let url = entry.url;
        let headers = json!({"Authorization": entry.authorization.expose_secret()});
        let server = |server: Value| json!({"mcpServers": {SERVER: server}});
        match self {
            Self::Cursor => server(json!({"url": url, "headers": headers})),
            Self::Claude => server(json!({"type": "http", "url": url, "headers": headers})),
            Self::Windsurf => server(json!({"serverUrl": url, "headers": headers})),
            Self::Cline => server(json!({"type": "streamableHttp", "url": url, "headers": headers})),
            Self::Vscode => json!({"servers": {SERVER: {"type": "http", "url": url, "headers": headers}}}),
            Self::Codex => json!({"mcp_servers": {SERVER: {"url": url, "http_headers": headers}}}),
        }
    }
}
