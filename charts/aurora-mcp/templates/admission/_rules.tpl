{{/* Who may mint for whom, as CEL. What the object doesn't tell (the id behind an address, an organisation that is not named) is
     left to the operator: these rules refuse only what it would refuse too. */}}

{{/* True in the namespaces that a tenant covers. Takes an entry of operator.tenants. */}}
{{- define "aurora-mcp.admission.covers" -}}
{{- $terms := list }}
{{- with .namespace }}
{{- $terms = append $terms (printf "request.namespace == %s" (toJson .)) }}
{{- end }}
{{- range $key, $value := .namespaceLabels }}
{{- $terms = append $terms (printf "variables.labels[?%s].orValue(\"\") == %s" (toJson $key) (toJson $value)) }}
{{- if not $value }}
{{- $terms = append $terms (printf "%s in variables.labels" (toJson $key)) }}
{{- end }}
{{- end }}
{{- printf "(%s)" (join " && " $terms) }}
{{- end }}

{{/* True for the users that a tenant may mint for, and for those that can't be judged here. Takes the same. */}}
{{- define "aurora-mcp.admission.allows" -}}
{{- $terms := list }}
{{- if has "*" .organisations }}
{{- $terms = list "true" }}
{{- else }}
{{- with .organisations }}
{{- $terms = append $terms (printf "!has(object.spec.orgId) || object.spec.orgId in %s" (toJson .)) }}
{{- end }}
{{- with .users }}
{{- $addresses := list }}
{{- $ids := list }}
{{- range . }}
{{- if contains "@" . }}{{ $addresses = append $addresses (lower .) }}{{ else }}{{ $ids = append $ids . }}{{ end }}
{{- end }}
{{- if $ids }}
{{- $terms = append $terms "has(object.spec.user.email)" }}
{{- else }}
{{- $terms = append $terms (printf "has(object.spec.user.email) && object.spec.user.email.lowerAscii() in %s" (toJson $addresses)) }}
{{- end }}
{{- if $addresses }}
{{- $terms = append $terms "has(object.spec.user.id)" }}
{{- else }}
{{- $terms = append $terms (printf "has(object.spec.user.id) && object.spec.user.id in %s" (toJson $ids)) }}
{{- end }}
{{- end }}
{{- end }}
{{- printf "(%s)" (join " || " $terms) }}
{{- end }}
