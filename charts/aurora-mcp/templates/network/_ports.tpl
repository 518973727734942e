{{/* The ports of a NetworkPolicy rule. Takes a list of numbers. */}}
{{- define "aurora-mcp.network.ports" -}}
{{- range . }}
- { protocol: TCP, port: {{ int . }} }
{{- end }}
{{- end }}

{{/* Out: names and, if traces are wanted, the collector. */}}
{{- define "aurora-mcp.network.commonEgress" }}
{{- with .Values.networkPolicy.dnsPorts }}
- ports:
    {{- range . }}
    - { protocol: UDP, port: {{ int . }} }
    - { protocol: TCP, port: {{ int . }} }
    {{- end }}
{{- end }}
{{- with .Values.otlp.endpoint }}
- ports:
    - { protocol: TCP, port: {{ regexFind "[0-9]+$" (urlParse .).host | default (hasPrefix "https:" . | ternary "443" "80") }} }
{{- end }}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Out: the API server. It is often no pod, so only its ports can be told. */}}
{{- define "aurora-mcp.network.apiServerEgress" }}
{{- with .Values.networkPolicy.apiServerPorts }}
- ports:
    {{- include "aurora-mcp.network.ports" . | trim | nindent 4 }}
{{- end }}
{{- end }}

{{/* Out: what Aurora runs. Takes (dict "root" $ "ports" (list …)). */}}
{{- define "aurora-mcp.network.dependencyEgress" }}
- ports:
    {{- include "aurora-mcp.network.ports" .ports | trim | nindent 4 }}
  {{- with .root.Values.networkPolicy.dependencies }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
