{{/* Names and labels. */}}

{{- define "aurora-mcp.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "aurora-mcp.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "aurora-mcp.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "aurora-mcp.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "aurora-mcp.operator" -}}{{ include "aurora-mcp.fullname" . }}-operator{{- end }}
{{- define "aurora-mcp.helmTest" -}}{{ include "aurora-mcp.fullname" . }}-helm-test{{- end }}

{{- define "aurora-mcp.gateway" -}}{{ include "aurora-mcp.fullname" . }}-gateway{{- end }}

{{- define "aurora-mcp.operator.serviceAccount" -}}
{{- default (include "aurora-mcp.operator" .) .Values.operator.serviceAccount.name }}
{{- end }}

{{- define "aurora-mcp.gateway.serviceAccount" -}}
{{- default (include "aurora-mcp.gateway" .) .Values.gateway.serviceAccount.name }}
{{- end }}

{{/* The prefix of Aurora's objects, by the rule of Aurora's own chart. */}}
{{- define "aurora-mcp.auroraFullname" -}}
{{- if contains "aurora-oss" .Values.aurora.releaseName }}
{{- .Values.aurora.releaseName }}
{{- else }}
{{- printf "%s-aurora-oss" .Values.aurora.releaseName }}
{{- end }}
{{- end }}

{{- define "aurora-mcp.service" -}}
{{- default (printf "%s-mcp" (include "aurora-mcp.auroraFullname" .)) .Values.gateway.service.name }}
{{- end }}

{{- define "aurora-mcp.auroraNamespace" -}}
{{- default .Release.Namespace .Values.aurora.namespace }}
{{- end }}

{{- define "aurora-mcp.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}
{{- else }}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end }}
{{- end }}
{{- end }}

{{/* Labels that choose a program's pods. Takes (dict "root" $ "component" "operator"). */}}
{{- define "aurora-mcp.selector" -}}
app.kubernetes.io/name: {{ include "aurora-mcp.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* All labels of an object. Takes the same. */}}
{{- define "aurora-mcp.labels" -}}
{{ include "aurora-mcp.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: aurora
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}
