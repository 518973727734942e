-- Health of an McpToken for Argo CD: the condition Ready, if it is about the McpToken as it is now.
-- In argocd-cm: resource.customizations.health.mcp.aurora-oss.dev_McpToken
local passing = { -- goes on by itself
  DatabaseUnavailable = true,
  Deleting = true,
  Pending = true,
}

for _, condition in ipairs((obj.status or {}).conditions or {}) do
  if condition.type == "Ready" and (condition.observedGeneration or 0) >= (obj.metadata.generation or 0) then
    local status = "Degraded"
    if condition.status == "True" then
      status = "Healthy"
    elseif condition.reason == "Suspended" then
      status = "Suspended"
    elseif condition.status == "Unknown" or passing[condition.reason] then
      status = "Progressing"
    end
    return { status = status, message = (condition.reason or "") .. ": " .. (condition.message or "") }
  end
end

return { status = "Progressing", message = "the operator has not seen this yet" }
