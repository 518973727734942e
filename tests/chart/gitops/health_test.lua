-- Runs deploy/gitops/health.lua as Argo CD does: the object in `obj`, the answer returned.
local directory = arg[0]:match("^(.*)/[^/]*$") or "."
local health = assert(loadfile(directory .. "/../../../deploy/gitops/health.lua"))

local function ready(status, reason, generation)
  local condition = { type = "Ready", status = status, reason = reason, message = "why", observedGeneration = generation or 2 }
  return { metadata = { generation = 2 }, status = { conditions = { { type = "SecretReady", status = "True" }, condition } } }
end

local cases = {
  { "new", { metadata = { generation = 1 } }, "Progressing" },
  { "without conditions", { metadata = { generation = 1 }, status = {} }, "Progressing" },
  { "ready", ready("True", "Ready"), "Healthy" },
  { "changed since", ready("True", "Ready", 1), "Progressing" },
  { "refused, then changed", ready("False", "NotPermitted", 1), "Progressing" },
  { "suspended", ready("False", "Suspended"), "Suspended" },
  { "Postgres away", ready("False", "DatabaseUnavailable"), "Progressing" },
  { "being deleted", ready("False", "Deleting"), "Progressing" },
  { "not known yet", ready("Unknown", "Pending"), "Progressing" },
  { "not permitted", ready("False", "NotPermitted"), "Degraded" },
  { "expired", ready("False", "Expired"), "Degraded" },
  { "revoked in Aurora", ready("False", "RevokedInAurora"), "Degraded" },
}

local failed = 0
for _, case in ipairs(cases) do
  obj = case[2]
  local answer = health()
  if answer.status ~= case[3] or type(answer.message) ~= "string" then
    failed = failed + 1
    print(("%s: %s, not %s"):format(case[1], tostring(answer.status), case[3]))
  end
end
print(("health.lua: %d cases, %d wrong"):format(#cases, failed))
os.exit(failed == 0)
