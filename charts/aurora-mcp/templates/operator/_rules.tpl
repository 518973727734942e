{{/* What the operator may do with the objects of a namespace that it serves. Secrets go by their owner reference. */}}
{{- define "aurora-mcp.operator.rules" -}}
- apiGroups: [mcp.aurora-oss.dev]
  resources: [mcptokens]
  verbs: [get, list, watch, patch]
- apiGroups: [mcp.aurora-oss.dev]
  resources: [mcptokens/status]
  verbs: [update]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, update]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, update, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
