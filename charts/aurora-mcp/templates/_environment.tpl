{{/* Environment variables taken from Aurora's ConfigMap and Secrets, key by key, under Aurora's own names. */}}

{{/* Takes (dict "kind" "configMap" "name" … "keys" (list …) "optional" bool). */}}
{{- define "aurora-mcp.keys" -}}
{{- $source := . }}
{{- range .keys }}
- name: {{ . }}
  valueFrom:
    {{ $source.kind }}KeyRef:
      name: {{ $source.name }}
      key: {{ . }}
      {{- if $source.optional }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}

{{- define "aurora-mcp.configMap" -}}
{{- default (printf "%s-config" (include "aurora-mcp.auroraFullname" .)) .Values.aurora.configMap }}
{{- end }}

{{/* Takes (dict "root" $ "own" "the Secret with the program's own login, or empty"). */}}
{{- define "aurora-mcp.databaseEnvironment" -}}
{{- $config := include "aurora-mcp.configMap" .root }}
{{- $auroras := default (printf "%s-secrets-db" (include "aurora-mcp.auroraFullname" .root)) .root.Values.aurora.databaseSecret }}
{{- $secret := default $auroras .own }}
{{- include "aurora-mcp.keys" (dict "kind" "configMap" "name" $config "keys" (list "POSTGRES_HOST" "POSTGRES_DB")) }}
{{- include "aurora-mcp.keys" (dict "kind" "configMap" "name" $config "optional" true "keys" (list "POSTGRES_PORT" "POSTGRES_SSLMODE" "POSTGRES_SSLROOTCERT")) }}
{{- include "aurora-mcp.keys" (dict "kind" "secret" "name" $secret "keys" (list "POSTGRES_USER" "POSTGRES_PASSWORD")) }}
{{- end }}

{{- define "aurora-mcp.dependencyEnvironment" -}}
{{- $config := include "aurora-mcp.configMap" . }}
{{- $secret := default (printf "%s-secrets-app" (include "aurora-mcp.auroraFullname" .)) .Values.aurora.appSecret }}
{{- $optional := list "REDIS_URL" "REDIS_SSL_CA_CERTS" "REDIS_SSL_CERT_REQS" "WEAVIATE_HOST" "WEAVIATE_PORT" "WEAVIATE_GRPC_PORT" "WEAVIATE_SECURE" "BACKEND_URL" "CHATBOT_INTERNAL_URL" }}
{{- include "aurora-mcp.keys" (dict "kind" "configMap" "name" $config "optional" true "keys" $optional) }}
{{- include "aurora-mcp.keys" (dict "kind" "secret" "name" $secret "keys" (list "INTERNAL_API_SECRET")) }}
{{- end }}

{{- define "aurora-mcp.telemetryEnvironment" }}
- name: LOG_FORMAT
  value: {{ .Values.log.format }}
- name: RUST_LOG
  value: {{ .Values.log.filter | quote }}
{{- with .Values.otlp.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . }}
{{- end }}
{{- end }}
