//! All SQL: token rows, access rules, users, change notifications, migrations.
