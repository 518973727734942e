{{/* The gateway's pods as k=v,k=v, for the operator. */}}
{{- define "aurora-mcp.gatewaySelector" -}}
{{- $pairs := list }}
{{- range $key, $value := include "aurora-mcp.selector" (dict "root" $ "component" "gateway") | fromYaml }}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) }}
{{- end }}
{{- join "," $pairs }}
{{- end }}

{{/* Host names under which the gateway may be asked: its Service's, the public one, and the configured ones. */}}
{{- define "aurora-mcp.allowedHosts" -}}
{{- $service := include "aurora-mcp.service" . }}
{{- $namespace := .Release.Namespace }}
{{- $hosts := list $service (printf "%s.%s" $service $namespace) (printf "%s.%s.svc" $service $namespace) (printf "%s.%s.svc.cluster.local" $service $namespace) "*.svc" "*.svc.cluster.local" }}
{{- with .Values.gateway.url }}
{{- $hosts = append $hosts (regexReplaceAll ":[0-9]+$" (urlParse .).host "") }}
{{- end }}
{{- if and .Values.gateway.ingress.enabled .Values.gateway.ingress.host }}
{{- $hosts = append $hosts .Values.gateway.ingress.host }}
{{- end }}
{{- if .Values.gateway.httpRoute.enabled }}
{{- $hosts = concat $hosts .Values.gateway.httpRoute.hostnames }}
{{- end }}
{{- concat $hosts .Values.gateway.allowedHosts | uniq | join "," }}
{{- end }}

{{/* The connect page calls the gateway from the address at which it is opened. */}}
{{- define "aurora-mcp.allowedOrigins" -}}
{{- $origins := list }}
{{- with .Values.gateway.url }}
{{- $url := urlParse . }}
{{- $origins = append $origins (printf "%s://%s" $url.scheme $url.host) }}
{{- end }}
{{- with .Values.gateway.ingress }}
{{- if and .enabled .host }}
{{- $origins = append $origins (printf "https://%s" .host) }}
{{- end }}
{{- end }}
{{- if .Values.gateway.httpRoute.enabled }}
{{- range .Values.gateway.httpRoute.hostnames }}
{{- $origins = append $origins (printf "https://%s" .) }}
{{- end }}
{{- end }}
{{- concat $origins .Values.gateway.allowedOrigins | uniq | join "," }}
{{- end }}

{{/* What is said of a proxy, or nothing. */}}
{{- define "aurora-mcp.proxyEnvironment" -}}
{{- with .Values.gateway.proxy }}
{{- if and .emailHeader (not .trusted) }}
{{- fail "gateway.proxy.emailHeader needs gateway.proxy.trusted: the addresses of the proxy that sets the header." }}
{{- end }}
{{- with .trusted }}
- name: MCP_TRUSTED_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{- with .emailHeader }}
- name: MCP_PROXY_EMAIL_HEADER
  value: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the gateway speaks. */}}
{{- define "aurora-mcp.scheme" -}}
{{ .Values.gateway.tls.secret | empty | ternary "http" "https" }}
{{- end }}
