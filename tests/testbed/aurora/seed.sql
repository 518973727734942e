-- Two organisations and the people that the captured answers of the Aurora API know.
INSERT INTO organizations (id, name, slug) VALUES
    ('a1fa0000-0000-4000-8000-00000000000a', 'Alpha', 'alpha'),
    ('be7a0000-0000-4000-8000-00000000000b', 'Beta', 'beta');
INSERT INTO users (id, email, password_hash, name, org_id, role) VALUES
    ('0a11ce00-0000-4000-8000-000000000001', 'alice@alpha.example', '!', 'Alice', 'a1fa0000-0000-4000-8000-00000000000a', 'admin'),
    ('0eddee00-0000-4000-8000-000000000002', 'eddie@alpha.example', '!', 'Eddie', 'a1fa0000-0000-4000-8000-00000000000a', 'editor'),
    ('0fe5a000-0000-4000-8000-000000000003', 'vera@alpha.example', '!', 'Vera', 'a1fa0000-0000-4000-8000-00000000000a', 'viewer'),
    ('0b0b0000-0000-4000-8000-000000000004', 'bob@beta.example', '!', 'Bob', 'be7a0000-0000-4000-8000-00000000000b', 'admin'),
    ('00000000-0000-4000-8000-000000000005', 'nora@nowhere.example', '!', 'Nora', NULL, 'viewer');
