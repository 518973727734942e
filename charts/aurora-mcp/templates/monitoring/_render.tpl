{{/* "true" if objects of the Prometheus Operator are to be made. Takes (dict "root" $ "kind" "ServiceMonitor"). */}}
{{- define "aurora-mcp.monitoring" -}}
{{- $mode := .root.Values.monitoring.render }}
{{- if or (eq $mode "Always") (and (eq $mode "Auto") (.root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind))) }}true{{ end }}
{{- end }}
