{{/* What the operator may do with the objects of a namespace that it serves. */}}
{{- define "aurora-mcp.operator.rules" -}}
- apiGroups: [mcp.aurora-oss.dev]
  resources: [mcptokens]
  verbs: [get, list, watch, patch, update]
- apiGroups: [mcp.aurora-oss.dev]
  resources: [mcptokens/status]
  verbs: [get, patch, update]
- apiGroups: [mcp.aurora-oss.dev]
  resources: [mcptokens/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [secrets, services]
  verbs: [get, list, watch, create, patch, update, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
