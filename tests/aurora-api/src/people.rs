//! The seeded people, their organisations and what their roles may do.

/// Organisation of Alice, Eddie and Vera; the captured samples are mostly hers.
pub const ALPHA: &str = "a1fa0000-0000-4000-8000-00000000000a";
/// Bob's organisation.
pub const BETA: &str = "be7a0000-0000-4000-8000-00000000000b";

/// Roles nest: each may do what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Viewer,
    Editor,
    Admin,
}

/// A row of the test bed's `users`.
#[derive(Debug, PartialEq, Eq)]
pub struct Person {
    pub id: &'static str,
    pub org: Option<&'static str>,
    pub role: Role,
}

const PEOPLE: &[Person] = &[
    Person { id: "0a11ce00-0000-4000-8000-000000000001", org: Some(ALPHA), role: Role::Admin },
    Person { id: "0eddee00-0000-4000-8000-000000000002", org: Some(ALPHA), role: Role::Editor },
    Person { id: "0fe5a000-0000-4000-8000-000000000003", org: Some(ALPHA), role: Role::Viewer },
    Person { id: "0b0b0000-0000-4000-8000-000000000004", org: Some(BETA), role: Role::Admin },
    Person { id: "00000000-0000-4000-8000-000000000005", org: None, role: Role::Viewer },
];

pub fn find(id: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.id == id)
}

/// What a role adds to the one below it: (role, action, resources).
const GRANTS: &[(Role, &str, &[&str])] = &[
    (
        Role::Viewer,
        "read",
        &[
            "incidents",
            "postmortems",
            "artifacts",
            "dashboards",
            "connectors",
            "chat",
            "knowledge_base",
            "ssh_keys",
            "vms",
            "llm_usage",
            "graph",
            "user_preferences",
            "rca_emails",
            "actions",
        ],
    ),
    (Role::Viewer, "write", &["chat", "user_preferences"]),
    (
        Role::Editor,
        "write",
        &[
            "connectors",
            "incidents",
            "postmortems",
            "artifacts",
            "knowledge_base",
            "ssh_keys",
            "vms",
            "rca_emails",
            "notification_settings",
            "graph",
            "actions",
        ],
    ),
    (Role::Admin, "manage", &["users", "org"]),
    (Role::Admin, "read", &["llm_config"]),
    (Role::Admin, "write", &["llm_config"]),
    (Role::Admin, "access", &["admin"]),
];

impl Role {
    /// Whether the role has a permission such as `incidents:write`.
    pub fn may(self, permission: &str) -> bool {
        let Some((resource, action)) = permission.split_once(':') else { return false };
        GRANTS.iter().any(|(role, granted, on)| *role <= self && *granted == action && on.contains(&resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_nest() {
        let table = [
            ("incidents:read", [true, true, true]),
            ("chat:write", [true, true, true]),
            ("incidents:write", [false, true, true]),
            ("connectors:write", [false, true, true]),
            ("users:manage", [false, false, true]),
            ("admin:access", [false, false, true]),
            ("nonsense", [false, false, false]),
        ];
        for (permission, expected) in table {
            let roles = [Role::Viewer, Role::Editor, Role::Admin];
            assert_eq!(roles.map(|role| role.may(permission)), expected, "{permission}");
        }
    }
}
